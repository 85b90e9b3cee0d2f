/**
 * layerfuse: fuse the consecutive linear layers of ONNX models, and measure, before and after, what that changed.
 *
 * {@linkcode build} or {@linkcode open} a model, {@linkcode fuse} it, {@linkcode compare} the two. In a notebook every result
 * displays itself.
 *
 * @example Fuse a model and look at what happened
 * ```ts
 * import { fuse } from "@layerfuse/layerfuse";
 *
 * const { model, report } = await fuse(new URL("tests/fixtures/fashion_resnet.onnx", import.meta.url));
 * console.log(report.before.ops.BatchNormalization, "→", report.after.ops.BatchNormalization ?? 0); // 9 → 0
 * console.log(model.stats.nodes);
 * ```
 *
 * @module
 */
import { compare as comparePlain, type CompareOptions, type Comparison, verdictOf } from "./src/bench/mod.ts";
import type { ModelSource as ComparedSource } from "./src/bench/mod.ts";
import {
  explain as explainPlain,
  fuse as fusePlain,
  type FuseOptions,
  type FuseResult,
  type FusionReport,
  Model,
  type ModelSource,
} from "./src/fusion/mod.ts";
import { comparisonDisplay, modelDisplay, reportDisplay } from "./src/plot/mod.ts";

export * from "./src/fusion/mod.ts";
export { type Architecture, architectures, build, type BuildOptions, defaultInputShape } from "./src/models/mod.ts";
export {
  type CompareOptions,
  type Comparison,
  denoBench,
  type Level,
  measureError,
  type Provider,
  registerComparison,
  type Verdict,
} from "./src/bench/mod.ts";
export { errorHistogram, opCounts, renderReport, savePlot } from "./src/plot/mod.ts";

const DISPLAY = Symbol.for("Jupyter.display");

/** Gives a value a display in notebooks that is not part of its data. */
function displayed<T extends object>(value: T, display: (value: T) => Record<string, string>): T {
  return Object.defineProperty(value, DISPLAY, { value: () => display(value), configurable: true });
}

Object.defineProperty(Model.prototype, DISPLAY, {
  value(this: Model) {
    return modelDisplay(this);
  },
  configurable: true,
});

/** Options of {@linkcode fuse}: `measure` may also be true, or options of {@linkcode compare} to measure with. */
export interface MeasuredFuseOptions extends Omit<FuseOptions, "measure"> {
  /** Keep optional rules only where {@linkcode compare}, at level `all`, does not call them slower on this machine. */
  measure?: FuseOptions["measure"] | boolean | CompareOptions;
}

/** {@linkcode fusePlain | fuse} of the fusion module, which can measure; its report displays itself in a notebook. */
export async function fuse(source: ModelSource | Model, options: MeasuredFuseOptions = {}): Promise<FuseResult> {
  const { measure, ...rest } = options;
  const { model, report } = await fusePlain(source, {
    ...rest,
    measure: typeof measure === "object" || measure === true
      ? (before, after) => verdictOf(before, after, measure === true ? {} : measure)
      : measure || undefined,
  });
  return { model, report: displayed(report, reportDisplay) };
}

/** {@linkcode explainPlain | explain} of the fusion module; the report displays itself in a notebook. */
export async function explain(source: ModelSource | Model, options?: FuseOptions): Promise<FusionReport> {
  return displayed(await explainPlain(source, options), reportDisplay);
}

/** {@linkcode comparePlain | compare} of the bench module; the comparison displays itself in a notebook. */
export async function compare(
  before: ComparedSource,
  after: ComparedSource,
  options?: CompareOptions,
): Promise<Comparison> {
  return displayed(await comparePlain(before, after, options), comparisonDisplay);
}
