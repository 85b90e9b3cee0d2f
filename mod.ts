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
  denoBench as denoBenchPlain,
  type DenoBenchOptions,
  type DenoBenchResult,
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
  layersOf as layersOfPlain,
  type LayerWork,
  type ListedRule,
  listRules as listRulesPlain,
  Model,
  type ModelSource,
  open as openPlain,
  type OpenOptions,
} from "./src/fusion/mod.ts";
import { FUSE_OPTIONS } from "./src/fusion/fuse.ts";
import { OPEN_OPTIONS } from "./src/fusion/open.ts";
import { checked, optionsOf } from "./src/host/options.ts";
import {
  type Architecture,
  architectures as architectureNames,
  build as buildPlain,
  type BuildOptions,
} from "./src/models/mod.ts";
import { errorDisplay, progressLine } from "./src/plot/mod.ts";
import { displayed } from "./src/plot/displayed.ts";
import { shownComparison, shownFusion, shownList, shownModel, shownReport } from "./src/plot/shown_results.ts";

export * from "./src/fusion/mod.ts";
export {
  type Architecture,
  type BuildOptions,
  defaultInputShape,
  type TorchvisionArchitecture,
} from "./src/models/mod.ts";
export {
  type CompareOptions,
  type Comparison,
  type DenoBenchOptions,
  type DenoBenchResult,
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

/** The names of all architectures that {@linkcode build} knows. */
export const architectures: readonly Architecture[] = shownList([...architectureNames], "architecture");

/** {@linkcode openPlain | open} of the fusion module; the model, and what it tells of itself, display themselves in a notebook. */
export async function open(source: ModelSource, options: OpenOptions = {}): Promise<Model> {
  return shownModel(await openPlain(source, options));
}

/** Every rule by name, with one line that says what it does. In a notebook it is a table. */
export function listRules(): ListedRule[] {
  return shownList(listRulesPlain());
}

/** {@linkcode layersOfPlain | layersOf} of the fusion module; in a notebook the layers are a table. */
export function layersOf(...args: Parameters<typeof layersOfPlain>): LayerWork[] {
  return shownList(layersOfPlain(...args));
}

/** {@linkcode denoBenchPlain | denoBench} of the bench module; in a notebook the results are a table. */
export async function denoBench(
  files: string | URL | readonly (string | URL)[],
  options: DenoBenchOptions = {},
): Promise<DenoBenchResult[]> {
  return shownList(await denoBenchPlain(files, options));
}

/** {@linkcode buildPlain | build} of the models module; in a notebook a line under the cell says how far it is. */
export async function build(architecture: Architecture, options: BuildOptions = {}): Promise<Model> {
  const line = progressLine();
  return shownModel(
    await buildPlain(
      architecture,
      withDefaults(options, { onProgress: (fraction, phase) => line(fraction, `${architecture}: ${phase}`) }),
    ),
  );
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
  const { measure, ...rest } = checked("fuse", options, FUSE_OPTIONS);
  const before = source instanceof Model ? source : await open(source, optionsOf(options, OPEN_OPTIONS));
  const { model, report } = await fusePlain(before, {
    ...rest,
    measure: typeof measure === "object" || measure === true
      ? (without, withRule) => verdictOf(without, withRule, measure === true ? {} : measure)
      : measure || undefined,
  });
  const graphs = { before, after: shownModel(model) };
  return shownFusion({ model, report: shownReport(report, graphs) }, graphs);
}

/** {@linkcode explainPlain | explain} of the fusion module; the report displays itself in a notebook. */
export async function explain(source: ModelSource | Model, options?: FuseOptions): Promise<FusionReport> {
  return shownReport(await explainPlain(source, options));
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
  return shownComparison(await comparePlain(before, after, withDefaults(options, { onProgress: progressLine() })));
}

/** {@linkcode measureErrorPlain | measureError} of the bench module; the summary displays itself in a notebook. */
export function measureError(before: NamedTensors, after: NamedTensors): ErrorSummary {
  return displayed(measureErrorPlain(before, after), errorDisplay);
}

/** The options over some of ours; what is no object is left to the one who checks it. */
function withDefaults<T extends object>(options: T, defaults: Partial<T>): T {
  return typeof options === "object" && !Array.isArray(options) ? { ...defaults, ...options } : options;
}
