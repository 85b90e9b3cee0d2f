import type { FusionReport } from "../../fusion/mod.ts";
import { RULE } from "../../bench/decision_rule.ts";
import { addBaselineOptions, type BaselineChoice, readBaseline, useBaseline } from "../baselines.ts";
import type { CommandFile } from "../command.ts";
import { addMeasureOptions, type MeasureChoice, measureOptions } from "../measure_options.ts";
import { addJson, checkJson, type JsonOption, show } from "../output.ts";
import { addSourceOptions, openModel, type SourceChoice } from "../source_options.ts";
import { UsageError } from "../usage_error.ts";
import { given, number } from "../values.ts";
import { checkFolder, writeWhole } from "../write_whole.ts";

interface Options extends MeasureChoice, SourceChoice, BaselineChoice {
  inputs?: string;
  byRule?: boolean;
  json?: JsonOption;
  report?: string;
  markdown?: string;
  benchmark?: string;
  failIfSlower?: string;
  maxError?: number;
}

/** `layerfuse compare BEFORE [AFTER]`. */
export const command: CommandFile = {
  define(command) {
    command
      .description("Time two models against each other and compare their outputs. Without AFTER it fuses BEFORE first.")
      .argument("<BEFORE>", "an ONNX model: a path, a URL, or - for standard input")
      .argument("[AFTER]", "another that computes the same");
    addMeasureOptions(command)
      .option("--inputs <FOLDER>", "feed these .npy, .pb, .png or .jpg files in place of random numbers")
      .option("--by-rule", "also time the fused model without each rule (only without AFTER)");
    addJson(addSourceOptions(command))
      .option("--report <FILE.html>", "write a report to look at")
      .option("--markdown <FILE.md>", "write a table for a pull request")
      .option("--benchmark <FILE.json>", "write github-action-benchmark's custom format (smaller is better)")
      .option("--fail-if-slower <2%>", "exit 1 where slower by more than this is the verdict, or nothing can be told")
      .option("--max-error <1e-4>", "exit 1 where the relative L2 error is larger", number("--max-error"));
    addBaselineOptions(command).addHelpText("after", `\nVerdicts: ${RULE}`);
  },
  async run(command) {
    const [first, second] = command.args, isFused = second === undefined, chosen = command.opts<Options>();
    const options = measureOptions(chosen);
    if (chosen.byRule && !isFused) throw new UsageError("--by-rule: there are no rules between two given models.");
    const limits = await gateLimits(chosen);
    await checkJson(chosen.json);
    const baseline = await readBaseline(chosen);
    for (const path of [chosen.report, chosen.markdown, chosen.benchmark]) await checkFolder(path);

    const { gate, toGithubActionBenchmark, toMarkdown } = await import("../../bench/mod.ts");
    const { fuse, layersOf } = await import("../../fusion/mod.ts");
    const { comparisonText, renderReport } = await import("../../plot/mod.ts");
    const { compareAloud } = await import("../compare_aloud.ts");
    const before = await openModel(first, chosen);
    const fused = isFused ? await fuse(before) : undefined;
    const fusion: FusionReport | undefined = fused?.report, after = fused?.model ?? await openModel(second, chosen);
    if (chosen.inputs !== undefined) {
      const { readInputFiles } = await import("../input_folder.ts");
      options.inputs = await readInputFiles(chosen.inputs, before, options);
    } else if (!isFused) {
      const { knownShapes } = await import("../known_shapes.ts");
      options.shapes = { ...knownShapes(before, after, options), ...options.shapes };
    }
    const comparison = await compareAloud(before, after, options);
    if (fusion && chosen.byRule) {
      const { byRule } = await import("../by_rule.ts");
      comparison.rules = await byRule(before, after, fusion, options);
    }
    const verdict = limits && gate(comparison, limits);

    const result = { ...comparison, ...fusion ? { fusion } : {}, ...verdict ? { gate: verdict } : {} };
    await show(chosen.json, result, () => comparisonText(comparison));
    if (chosen.report !== undefined) {
      const layers = { before: layersOf(before, comparison.inputs), after: layersOf(after, comparison.inputs) };
      const graphs = { before, after };
      await writeWhole(chosen.report, renderReport({ comparison, fusion, graphs, layers, rules: comparison.rules }));
    }
    if (chosen.markdown !== undefined) await writeWhole(chosen.markdown, toMarkdown(comparison));
    if (chosen.benchmark !== undefined) {
      await writeWhole(chosen.benchmark, JSON.stringify(toGithubActionBenchmark(comparison), null, 2));
    }
    const { text, isWorse } = await useBaseline(chosen, baseline, comparison);
    if (text) console.error(text);
    const code = verdict ? await judged(verdict) : 0;
    return isWorse ? 1 : code;
  },
};

/** Reads the limits of the gate; undefined where there are none. Throws a {@link UsageError} where one is no number. */
async function gateLimits({ failIfSlower, maxError }: Options) {
  if (failIfSlower === undefined && maxError === undefined) return undefined;
  const { parseShare } = await import("../../bench/mod.ts");
  try {
    return given({ failIfSlower: failIfSlower === undefined ? undefined : parseShare(failIfSlower), maxError });
  } catch (error) {
    throw new UsageError(`--fail-if-slower ${(error as Error).message}`);
  }
}

/** Says what the gate found; gives the exit code. */
async function judged({ passed, sentence, warnings }: { passed: boolean; sentence: string; warnings: string[] }) {
  const { colour } = await import("../colour.ts");
  for (const warning of warnings) console.error(colour("yellow", warning));
  console.error(colour(passed ? "green" : "red", sentence));
  return passed ? 0 : 1;
}
