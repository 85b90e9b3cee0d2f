/**
 * `--baseline` and `--save-baseline`: files of one folder, which a CI cache can keep.
 *
 * @module
 */
import { mkdir } from "node:fs/promises";
import type { Command } from "commander";
import type { Baseline, Comparison } from "../bench/mod.ts";
import { UsageError } from "./usage_error.ts";
import { writeWhole } from "./write_whole.ts";
import { onDemand } from "./on_demand.ts";
import { readText } from "./read_text.ts";

/** What {@link addBaselineOptions} parses. */
export interface BaselineChoice {
  /** The baseline to compare with. */
  baseline?: string;
  /** The baseline to write. */
  saveBaseline?: string;
  /** Where baselines are. */
  baselines: string;
}

/** Adds the options of baselines. */
export function addBaselineOptions(command: Command): Command {
  return command
    .option("--save-baseline <NAME>", "keep this run as a baseline; runs of the same pair add up")
    .option("--baseline <NAME>", "compare with a baseline kept before; exit 1 where a level became surely worse")
    .option("--baselines <FOLDER>", "where baselines are kept (for a CI cache)", ".layerfuse/baselines");
}

/** Reads the baseline asked for, before anything is measured. Throws a {@link UsageError} where there is none of that name. */
export async function readBaseline(
  { baseline, saveBaseline, baselines }: BaselineChoice,
): Promise<Baseline | undefined> {
  for (const name of [baseline, saveBaseline]) if (name !== undefined) fileOf(baselines, name);
  if (baseline === undefined) return undefined;
  const found = await load(fileOf(baselines, baseline));
  if (found) return found;
  throw new UsageError(
    `--baseline ${baseline}: there is none in ${baselines}. Keep one with --save-baseline ${baseline}.`,
  );
}

/**
 * Compares a run with a baseline and keeps it where that was asked for. Resolves to what is to be said, and whether a level became
 * worse. Throws a {@link UsageError} where the baseline is of another machine.
 */
export async function useBaseline(
  choice: BaselineChoice,
  baseline: Baseline | undefined,
  run: Comparison,
): Promise<{ text: string; isWorse: boolean }> {
  const { addToBaseline, diffComparisons, otherMachine } = await onDemand("bench/mod");
  const { diffText } = await onDemand("cli/diff_text");
  const said: string[] = [];
  if (choice.saveBaseline !== undefined && !run.interrupted) {
    const file = fileOf(choice.baselines, choice.saveBaseline);
    const kept = addToBaseline(choice.saveBaseline, await load(file), run);
    await mkdir(choice.baselines, { recursive: true });
    await writeWhole(file, JSON.stringify(kept));
    said.push(
      `Baseline ${choice.saveBaseline}: ${kept.runs.length} run${kept.runs.length === 1 ? "" : "s"} in ${file}`,
    );
  } else if (choice.saveBaseline !== undefined) {
    said.push(`Baseline ${choice.saveBaseline} is not changed: the measurement was interrupted.`);
  }
  if (!baseline) return { text: said.join("\n"), isWorse: false };
  const elsewhere = otherMachine(baseline, run);
  if (elsewhere) {
    throw new UsageError(`--baseline ${baseline.name}: measured elsewhere, so nothing can be compared (${elsewhere}).`);
  }
  const diff = diffComparisons(baseline.runs, run);
  if (diff.levels.length === 0) {
    throw new UsageError(`--baseline ${baseline.name}: no level of it was measured now, so nothing was compared.`);
  }
  said.push(`Against baseline ${baseline.name} (${baseline.runs.length} run${baseline.runs.length === 1 ? "" : "s"}):`);
  said.push(diffText(diff), ...diff.warnings.map((warning) => `Warning: ${warning}`));
  return { text: said.join("\n"), isWorse: diff.levels.some(({ verdict }) => verdict === "worse") };
}

/** The choice for one of several pairs: its baselines are called after the name given and after the pair. */
export function forPair<T extends BaselineChoice>(choice: T, pair: string): T {
  const named = (name: string | undefined) => name === undefined ? undefined : `${name}.${pair}`;
  return { ...choice, baseline: named(choice.baseline), saveBaseline: named(choice.saveBaseline) };
}

/** The file of a baseline. Throws a {@link UsageError} for a name that is no file name. */
function fileOf(folder: string, name: string): string {
  if (/^[\w-][\w.-]*$/.test(name)) return `${folder}/${name}.json`;
  throw new UsageError(`baseline ${JSON.stringify(name)}: expected a name of letters, digits, "-", "_" and "."`);
}

async function load(file: string): Promise<Baseline | undefined> {
  const { parseBaseline } = await onDemand("bench/mod");
  let text: string;
  try {
    text = await readText(file, "a baseline");
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw error;
  }
  return parseBaseline(text, file);
}
