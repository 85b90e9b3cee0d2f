import { Model, type ModelSource, open } from "../graph/model.ts";
import { rewriteGraphs } from "../rewrite/driver.ts";
import type { FusionReport } from "../rewrite/report.ts";
import { costOf } from "../rules/cost.ts";
import { chooseRules, type RuleChoice } from "./choose_rules.ts";

/** Options of {@linkcode fuse}: which rules to apply. */
export type FuseOptions = RuleChoice;

/** A fused model and what was done to it. */
export interface FuseResult {
  /** The model after fusion; the one given is unchanged. */
  model: Model;
  /** What was fused, and why the rest was not. */
  report: FusionReport;
}

/**
 * Fuses the consecutive linear layers of an ONNX model. The result computes the same function to the rounding of its
 * element types. No weights are held in memory: they are computed while the result is saved.
 *
 * Throws a {@linkcode ModelFormatError} for a source that is no ONNX model and a {@linkcode RuleNameError} for a rule that
 * does not exist.
 *
 * @example Fuse a file
 * ```ts ignore
 * import { fuse } from "@layerfuse/layerfuse/fusion";
 *
 * const { model, report } = await fuse("resnet101.onnx");
 * console.log(`${report.applied.length} rewrites, ${report.after.nodes} nodes left`);
 * await model.save("resnet101.fused.onnx");
 * ```
 */
export async function fuse(source: ModelSource | Model, options: FuseOptions = {}): Promise<FuseResult> {
  const model = source instanceof Model ? source : await open(source);
  const before = model.stats, imported = model.graphs();
  const { applied, skipped } = rewriteGraphs([imported.graph, ...imported.functions], {
    rules: chooseRules(options),
    costOf,
  });
  const fused = applied.length > 0 ? model.with(imported, `${model.name}.fused`) : model;
  return { model: fused, report: { applied, skipped, before, after: fused.stats } };
}

/** What {@linkcode fuse} would do to a model, and why it would leave the rest. Nothing is written. */
export async function explain(source: ModelSource | Model, options: FuseOptions = {}): Promise<FusionReport> {
  return (await fuse(source, options)).report;
}
