/**
 * One pair of `compare`: read, fused where there is no second model, measured.
 *
 * @module
 */
import type { CompareOptions, Comparison } from "../bench/mod.ts";
import { fuse, type FusionReport, type Model } from "../fusion/mod.ts";
import { compareWithProgress } from "./compare_with_progress.ts";
import type { AskedPair } from "./compare_pairs.ts";
import { openModel, type SourceChoice } from "./source_options.ts";
import { onDemand } from "./on_demand.ts";

/** What came of a pair. */
export interface MeasuredPair {
  /** The first model. */
  before: Model;
  /** The second, or the first fused. */
  after: Model;
  /** What was fused, where there was one model. */
  fusion?: FusionReport;
  /** What was measured. */
  comparison: Comparison;
}

/** Measures a pair. Throws what is wrong with a model or an option. */
export async function measurePair(
  asked: AskedPair,
  chosen: SourceChoice & { inputs?: string; sampleRate?: number; byRule?: boolean },
  options: CompareOptions,
): Promise<MeasuredPair> {
  const before = await openModel(asked.before, chosen);
  const fused = asked.after === undefined ? await fuse(before) : undefined;
  const after = fused?.model ?? await openModel(asked.after!, chosen);
  const settings: CompareOptions = { ...options, ...asked.options };
  if (chosen.inputs !== undefined) {
    const { readInputFiles } = await onDemand("cli/input_folder");
    Object.assign(settings, await readInputFiles(chosen.inputs, before, settings, chosen.sampleRate));
  } else if (!fused) {
    const { knownShapes } = await onDemand("cli/known_shapes");
    settings.shapes = { ...knownShapes(before, after, settings), ...settings.shapes };
  }
  const comparison = await compareWithProgress(before, after, settings);
  if (fused && chosen.byRule) {
    const { byRule } = await onDemand("cli/by_rule");
    const shapes = Object.fromEntries(comparison.inputs.map(({ name, dims }) => [name, dims]));
    comparison.rules = await byRule(before, after, fused.report, { ...settings, shape: undefined, shapes });
  }
  return { before, after, fusion: fused?.report, comparison };
}
