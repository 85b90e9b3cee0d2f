import type { Command } from "commander";
import { basename } from "node:path";
import type { Baseline, GatedPair, GateLimits } from "../../bench/mod.ts";
import { RULE } from "../../bench/decision_rule.ts";
import { addBaselineOptions, type BaselineChoice, forPair, readBaseline, useBaseline } from "../baselines.ts";
import type { CommandFile } from "../command.ts";
import type { AskedPair } from "../compare_pairs.ts";
import type { MeasuredPair } from "../compare_pair.ts";
import { Interruption } from "../interruption.ts";
import { addMeasureOptions, type MeasureChoice, measureOptions } from "../measure_options.ts";
import { addJson, checkJson, type JsonOption, show } from "../output.ts";
import { addSourceOptions, type SourceChoice } from "../source_options.ts";
import { UsageError } from "../usage_error.ts";
import { given, number, once } from "../values.ts";
import { checkFolder, writeWhole } from "../write_whole.ts";
import { onDemand } from "../on_demand.ts";

interface Options extends MeasureChoice, SourceChoice, BaselineChoice {
  byRule?: boolean;
  layers?: boolean;
  json?: JsonOption;
  report?: string;
  markdown?: string;
  benchmark?: string;
  junit?: string;
  gate?: string;
  failIfSlower?: string;
  maxError?: number;
}

/** `layerfuse compare BEFORE [AFTER] [-- BEFORE [AFTER]]…`. */
export const command: CommandFile = {
  define(command) {
    command
      .description("Time two models against each other and compare their outputs. Without AFTER it fuses BEFORE first.")
      .usage("[options] <BEFORE> [AFTER] [-- BEFORE [AFTER]]...")
      .argument("[BEFORE]", "an ONNX model: a path, a URL, or - for standard input")
      .argument("[AFTER]", "another that computes the same")
      .argument("[MORE...]", "further pairs, each after --");
    addMeasureOptions(command)
      .option("--layers", "also say where in the graph the two begin to differ, value by value")
      .option("--by-rule", "also time the fused model without each rule (only without AFTER)");
    addJson(addSourceOptions(command))
      .option(
        "--report <FILE.html>",
        "write a report to look at; of several pairs the table, and a page for each beside it",
      )
      .option("--markdown <FILE.md>", "write a table for a pull request, the gate's outcome in it")
      .option("--benchmark <FILE.json>", "write github-action-benchmark's custom format (smaller is better)")
      .option("--junit <FILE.xml>", "write the gate's outcome as JUnit tests")
      .option(
        "--fail-if-slower <2%>",
        "exit 1 where slower by more than this is the verdict, or nothing can be told",
        once("--fail-if-slower", (given) => given),
      )
      .option(
        "--max-error <1e-4>",
        "exit 1 where the relative L2 error of an output is larger",
        once("--max-error", number("--max-error", 0, 1)),
      )
      .option(
        "--gate <FILE.json>",
        "the pairs and limits of this file, in place of models",
        once("--gate", (given) => given),
      );
    addBaselineOptions(command).addHelpText("after", `\nVerdicts: ${RULE}`);
  },
  async run(command) {
    const chosen = command.opts<Options>();
    const options = { ...measureOptions(chosen), ...chosen.layers ? { layers: true } : {} };
    const { askedPairs } = await onDemand("cli/compare_pairs");
    const asked = await askedPairs(
      command.args,
      (command.parent as Command & { rawArgs: string[] }).rawArgs,
      chosen.gate,
    );
    if (chosen.byRule && asked.some(({ after }) => after !== undefined)) {
      throw new UsageError("--by-rule: there are no rules between two given models.");
    }
    const limits = await gateLimits(chosen);
    if (chosen.gate !== undefined && chosen.baseline === undefined) checkLimited(asked, limits);
    await checkJson(chosen.json);
    const { fileNames } = await onDemand("cli/file_names");
    const names = fileNames(asked.map(({ name }) => name));
    const choices = asked.map((_, i) => asked.length === 1 ? chosen : forPair(chosen, names[i]));
    const baselines: (Baseline | undefined)[] = [];
    for (const choice of choices) baselines.push(await readBaseline(choice));
    for (const path of [chosen.report, chosen.markdown, chosen.benchmark, chosen.junit]) await checkFolder(path);

    const { gateExitCode, judgePair, toGithubActionBenchmark } = await onDemand("bench/mod");
    const { measurePair } = await onDemand("cli/compare_pair");
    const measured: (MeasuredPair | undefined)[] = [], pairs: GatedPair[] = [];
    for (const pair of asked) {
      const own = { name: pair.name, limits: { ...limits, ...pair.limits } };
      try {
        const result = await measurePair(pair, chosen, options);
        measured.push(result);
        pairs.push(judgePair({ ...own, comparison: result.comparison }));
        if (result.comparison.interrupted) break;
      } catch (error) {
        if (error instanceof Interruption) throw error;
        measured.push(undefined);
        pairs.push(judgePair({ ...own, error: (error as Error).message.replaceAll(/\s*\n\s*/g, " ") }));
        if (asked.length > 1) continue;
        await writeOutcome(chosen, pairs); // CI shows this one, too
        throw error;
      }
    }

    await print(chosen.json, measured, pairs);
    if (chosen.report !== undefined && asked.length === 1) await writeReport(chosen.report, measured[0]!);
    if (chosen.report !== undefined && asked.length > 1) await writeReports(chosen.report, names, measured, pairs);
    if (chosen.markdown !== undefined) await writeWhole(chosen.markdown, await markdownOf(pairs));
    if (chosen.benchmark !== undefined) {
      const entries = measured.flatMap((each) => each ? toGithubActionBenchmark(each.comparison) : []);
      await writeWhole(chosen.benchmark, JSON.stringify(entries, null, 2));
    }
    await writeOutcome(chosen, pairs);
    let isWorse = false;
    for (const [i, { name, comparison }] of pairs.entries()) {
      if (!comparison) continue;
      const against = await useBaseline(choices[i], baselines[i], comparison);
      if (against.text) console.error(asked.length > 1 ? `${name}: ${against.text}` : against.text);
      isWorse ||= against.isWorse;
    }
    await sayGate(pairs, asked.length);
    if (isWorse) return Math.max(1, gateExitCode(pairs));
    return pairs.length < asked.length ? Math.max(1, gateExitCode(pairs)) : gateExitCode(pairs);
  },
};

/** Prints every comparison, and of several the table; or JSON: of one pair its own object, of several one that holds them. */
async function print(json: JsonOption, measured: readonly (MeasuredPair | undefined)[], pairs: readonly GatedPair[]) {
  const { comparisonText, textTable } = await onDemand("plot/mod");
  const { GATE_COLUMNS, gateExitCode, gateRows, gateSentence, outcomeOf } = await onDemand("bench/mod");
  const objects = pairs.map(({ comparison, result }, i) => ({
    ...comparison,
    ...measured[i]?.fusion ? { fusion: measured[i].fusion } : {},
    ...result ? { gate: result } : {},
  }));
  if (pairs.length === 1) return await show(json, objects[0], () => comparisonText(pairs[0].comparison!));
  const all = {
    pairs: pairs.map((pair, i) => ({
      name: pair.name,
      outcome: outcomeOf(pair),
      limits: pair.limits,
      ...pair.error === undefined ? { comparison: objects[i] } : { error: pair.error },
    })),
    sentence: gateSentence(pairs),
    exitCode: gateExitCode(pairs),
  };
  const text = () =>
    [
      ...pairs.map(({ name, comparison, error }) => comparison ? comparisonText(comparison) : `${name}: ${error}`),
      textTable([...GATE_COLUMNS], gateRows(pairs)).join("\n"),
    ].join("\n\n");
  await show(json, all, text);
}

async function writeReport(path: string, { before, after, fusion, comparison }: MeasuredPair): Promise<void> {
  const { layersOf } = await onDemand("fusion/mod");
  const { renderReport } = await onDemand("plot/mod");
  const layers = { before: layersOf(before, comparison.inputs), after: layersOf(after, comparison.inputs) };
  const graphs = { before, after };
  await writeWhole(path, renderReport({ comparison, fusion, graphs, layers, rules: comparison.rules }));
}

/** What CI systems read: JUnit where that was asked for, and annotations where GitHub Actions runs this. */
async function writeOutcome({ junit }: Options, pairs: readonly GatedPair[]): Promise<void> {
  const { toJUnit } = await onDemand("bench/mod");
  const { tellGithub } = await onDemand("cli/github");
  if (junit !== undefined) await writeWhole(junit, toJUnit(pairs));
  await tellGithub(pairs);
}

/** A page for each pair that was measured, beside one with the table of all, which leads to them. */
async function writeReports(
  path: string,
  names: readonly string[],
  measured: readonly (MeasuredPair | undefined)[],
  pairs: readonly GatedPair[],
): Promise<void> {
  const { renderPairs } = await onDemand("plot/mod");
  const { GATE_COLUMNS, gateRows, gateSentence } = await onDemand("bench/mod");
  const page = (name: string) => path.replace(/(\.html?)?$/i, (ending) => `.${name}${ending || ".html"}`);
  for (const [i, each] of measured.entries()) if (each) await writeReport(page(names[i]), each);
  const links = measured.map((each, i) => each && encodeURI(basename(page(names[i]))));
  await writeWhole(
    path,
    renderPairs({ columns: GATE_COLUMNS, rows: gateRows(pairs), links, sentence: gateSentence(pairs) }),
  );
}

/** The table of all pairs where there are several, then each pair with what the gate said of it. */
async function markdownOf(pairs: readonly GatedPair[]): Promise<string> {
  const { gateMarkdown, toMarkdown } = await onDemand("bench/mod");
  return [
    ...pairs.length > 1 ? [gateMarkdown(pairs)] : [],
    ...pairs.flatMap(({ comparison, result }) => comparison ? [toMarkdown(comparison, result)] : []),
  ].join("\n");
}

/** Reads the limits of the gate. Throws a {@link UsageError} where one is no share. */
async function gateLimits({ failIfSlower, maxError }: Options): Promise<GateLimits> {
  if (failIfSlower === undefined && maxError === undefined) return {};
  const { parseShare } = await onDemand("bench/mod");
  try {
    return given({ failIfSlower: failIfSlower === undefined ? undefined : parseShare(failIfSlower), maxError });
  } catch (error) {
    throw new UsageError(`--fail-if-slower ${(error as Error).message}`);
  }
}

/** Throws a {@link UsageError} where a gate has no limit for a pair: it would pass whatever comes. */
function checkLimited(asked: readonly AskedPair[], limits: GateLimits): void {
  const none = asked.find((pair) => Object.keys({ ...limits, ...pair.limits }).length === 0);
  if (none) throw new UsageError(`--gate: no limit for ${none.name}. Give failIfSlower or maxError.`);
}

/** Says what the gate found of each pair, and of several of all. */
async function sayGate(pairs: readonly GatedPair[], asked: number): Promise<void> {
  const { gateExitCode, gateSentence } = await onDemand("bench/mod");
  const { colour } = await onDemand("cli/colour");
  for (const { name, error, result } of pairs) {
    const about = asked > 1 ? `${name}: ` : "";
    if (error !== undefined) console.error(colour("red", `${about}${error}`));
    for (const warning of result?.warnings ?? []) console.error(colour("yellow", about + warning));
    if (result) console.error(colour(result.passed ? "green" : "red", about + result.sentence));
  }
  if (asked > 1) console.error(colour(gateExitCode(pairs) === 0 ? "green" : "red", gateSentence(pairs)));
}
