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
import {
  compare as comparePlain,
  type CompareOptions,
  type Comparison,
  type ErrorSummary,
  measureError as measureErrorPlain,
  type ModelSource as ComparedSource,
  type NamedTensors,
  verdictOf,
} from "./src/bench/mod.ts";
import {
  explain as explainPlain,
  fuse as fusePlain,
  type FuseOptions,
  type FuseResult,
  type FusionReport,
  Model,
  type ModelSource,
  open,
} from "./src/fusion/mod.ts";
import { type Architecture, build as buildPlain, type BuildOptions } from "./src/models/mod.ts";
import {
  comparisonDisplay,
  errorDisplay,
  modelDisplay,
  progressLine,
  reportDisplay,
  withData,
  withFlush,
} from "./src/plot/mod.ts";

export * from "./src/fusion/mod.ts";
export {
  type Architecture,
  architectures,
  type BuildOptions,
  defaultInputShape,
  type TorchvisionArchitecture,
} from "./src/models/mod.ts";
export {
  type CompareOptions,
  type Comparison,
  denoBench,
  type Level,
  type Provider,
  registerComparison,
  type Verdict,
} from "./src/bench/mod.ts";
export {
  distribution,
  errorHistogram,
  fusionPicture,
  graphPicture,
  layerCosts,
  levelBars,
  opCounts,
  opTimes,
  ratioRounds,
  renderReport,
  savePlot,
  ulpHistogram,
} from "./src/plot/mod.ts";

const DISPLAY = Symbol.for("Jupyter.display");

/** Gives a value a display in notebooks that is not part of its data. */
function displayed<T extends object>(value: T, display: (value: T) => Record<string, string>): T {
  return Object.defineProperty(value, DISPLAY, {
    value: () => withFlush(withData(display(value), value)),
    configurable: true,
  });
}

Object.defineProperty(Model.prototype, DISPLAY, {
  value(this: Model) {
    return withFlush(modelDisplay(this));
  },
  configurable: true,
});

/** {@linkcode buildPlain | build} of the models module; in a notebook a line under the cell says how far it is. */
export async function build(architecture: Architecture, options: BuildOptions = {}): Promise<Model> {
  const line = progressLine();
  return await buildPlain(architecture, {
    onProgress: (fraction, phase) => line(fraction, `${architecture}: ${phase}`),
    ...options,
  });
}

/** Options of {@linkcode fuse}: `measure` may also be true, or options of {@linkcode compare} to measure with. */
export interface MeasuredFuseOptions extends Omit<FuseOptions, "measure"> {
  /** Keep optional rules only where {@linkcode compare}, at level `all`, does not call them slower on this machine. */
  measure?: FuseOptions["measure"] | boolean | CompareOptions;
}

/**
 * {@linkcode fusePlain | fuse} of the fusion module, which can measure; its report displays itself in a notebook, with a
 * picture of each kind of rewrite.
 */
export async function fuse(source: ModelSource | Model, options: MeasuredFuseOptions = {}): Promise<FuseResult> {
  const { measure, ...rest } = options;
  const before = await opened(source);
  const { model, report } = await fusePlain(before, {
    ...rest,
    measure: typeof measure === "object" || measure === true
      ? (without, withRule) => verdictOf(without, withRule, measure === true ? {} : measure)
      : measure || undefined,
  });
  return { model, report: displayed(report, (report) => reportDisplay(report, { before, after: model })) };
}

/** {@linkcode explainPlain | explain} of the fusion module; the report displays itself in a notebook. */
export async function explain(source: ModelSource | Model, options?: FuseOptions): Promise<FusionReport> {
  return displayed(await explainPlain(source, options), (report) => reportDisplay(report));
}

/**
 * {@linkcode comparePlain | compare} of the bench module; the comparison and its error display themselves in a notebook,
 * where a line under the cell says how far it is.
 */
export async function compare(
  before: ComparedSource,
  after: ComparedSource,
  options: CompareOptions = {},
): Promise<Comparison> {
  const comparison = await comparePlain(before, after, { onProgress: progressLine(), ...options });
  displayed(comparison.error, errorDisplay);
  return displayed(comparison, comparisonDisplay);
}

/** {@linkcode measureErrorPlain | measureError} of the bench module; the summary displays itself in a notebook. */
export function measureError(before: NamedTensors, after: NamedTensors): ErrorSummary {
  return displayed(measureErrorPlain(before, after), errorDisplay);
}

async function opened(source: ModelSource | Model): Promise<Model> {
  return source instanceof Model ? source : await open(source);
}
