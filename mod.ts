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
  SKIP_CODES as codes,
} from "./src/fusion/mod.ts";
import { FUSE_OPTIONS } from "./src/fusion/fuse.ts";
import { OPEN_OPTIONS } from "./src/fusion/open.ts";
import { interruptSignal } from "./src/host/interrupts.ts";
import { checked, optionsOf } from "./src/host/options.ts";
import {
  type Architecture,
  architectures as architectureNames,
  build as buildPlain,
  type BuildOptions,
} from "./src/models/mod.ts";
import { errorDisplay, progressLine } from "./src/plot/mod.ts";
import { displayed } from "./src/plot/displayed.ts";
import {
  shownComparison,
  shownFusion,
  shownList,
  shownModel,
  shownRecord,
  shownReport,
} from "./src/plot/shown_results.ts";

export * from "./src/fusion/mod.ts";
export { stopOnInterrupt } from "./src/host/interrupts.ts";
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

/** What each code of a reason means. In a notebook it is a table. */
export const SKIP_CODES: typeof codes = shownRecord({ ...codes });

/** The names of all architectures that {@linkcode build} knows. */
export const architectures: readonly Architecture[] = shownList([...architectureNames], "architecture");

/**
 * Opens an ONNX model. Its weights stay where they are until something asks for them, so that a model may be larger than the memory.
 * In a notebook the model displays itself, as does what it tells of itself (`model.stats`, `model.inputs`, …).
 *
 * @param source A path, a URL (`file:`, `http:` or `https:`; downloads are kept in a cache), the model's bytes, or a stream of them.
 * @param options Where downloads are kept and what they must be, what data files may be, whether initializers that are inputs are constants.
 * @returns A handle that is never changed: {@linkcode fuse} gives a new one.
 * @throws {ModelFormatError} If it is no ONNX model, truncated or contradicts itself; the message names file and node.
 * @throws {FileError} If the file cannot be read; `Deno.errors.NotFound` if there is none.
 * @throws {DownloadError} If the URL gives no model, or another one than `sha256` asks for.
 * @throws {OptionError} If there is no such option.
 *
 * @example Look at a model
 * ```ts
 * import { open } from "@layerfuse/layerfuse";
 *
 * const model = await open(new URL("tests/fixtures/fashion_resnet.onnx", import.meta.url));
 * console.log(model.inputs[0].shape, model.stats.ops); // [ "batch", 1, 28, 28 ] { Conv: 9, … }
 * ```
 */
export async function open(source: ModelSource, options: OpenOptions = {}): Promise<Model> {
  return shownModel(await openPlain(source, withDefaults(options, { signal: interruptSignal() })));
}

/** Every rule by name, with one line that says what it does. In a notebook it is a table. */
export function listRules(): ListedRule[] {
  return shownList(listRulesPlain());
}

/**
 * What each node of a model's main graph has to do: multiply–accumulates and bytes. Nodes of which the shapes do not follow from the
 * inputs' are left out. In a notebook the layers are a table.
 *
 * @param inputs Shapes by input name, or the inputs of a comparison; others keep the shape the model declares.
 */
export function layersOf(
  model: Model,
  inputs: Readonly<Record<string, readonly number[]>> | readonly { name: string; dims: readonly number[] }[] = {},
): LayerWork[] {
  return shownList(layersOfPlain(model, inputs));
}

/**
 * Runs `deno bench --json` on files in a process of its own; in a notebook the results are a table. `deno bench` times one bench after
 * the other, so small differences between them are the machine's: {@linkcode compare} is the one to believe.
 *
 * @throws {Error} If it gives no results: a file is missing or does not type-check, or its JSON has another schema version.
 */
export async function denoBench(
  files: string | URL | readonly (string | URL)[],
  options: DenoBenchOptions = {},
): Promise<DenoBenchResult[]> {
  return shownList(await denoBenchPlain(files, options));
}

/**
 * Builds a network of a known architecture, unfused, as PyTorch's exporter would write it, with seeded weights or trained ones.
 * The same seed gives the same bytes. In a notebook a line under the cell says how far it is.
 *
 * @param architecture Its name; {@linkcode architectures} lists them, {@linkcode defaultInputShape} tells what it takes.
 * @param options Seed, operator set, trained weights.
 * @returns A model with the input `input` and the output `output`, float32 (minilm_l6 takes ids of tokens, int64); batch, height
 * and width are open where no layer writes a size into the graph.
 * @throws {RangeError} If the architecture is unknown, the seed is no integer, or the operator set is not in 13…23.
 * @throws {Error} If `weights` is no state dict, or that of another network: every missing, unexpected and misshapen name is listed.
 * @throws {OptionError} If there is no such option.
 *
 * @example A network to try things on
 * ```ts
 * import { build } from "@layerfuse/layerfuse";
 *
 * const model = await build("lora_transformer", { seed: 1 });
 * console.log(model.stats.nodes);
 * ```
 */
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
 * Fuses the consecutive linear layers of an ONNX model. The result computes the same function to the rounding of its element types.
 * Weights are computed while the result is saved, one tensor at a time. In a notebook the result and its report display themselves,
 * with a picture of each kind of rewrite.
 *
 * @param source A model, or what {@linkcode open} takes; it is not changed.
 * @param options Which rules ({@linkcode listRules}), for which runtime, whether the file may grow, whether to measure; and those of
 * {@linkcode open}.
 * @returns The fused model, and the report: every rewrite, every near miss with its reason, sizes before and after.
 * @throws {RuleNameError} If there is no such rule, or it is for another runtime.
 * @throws {RewriteError} If a rewrite fails for a fault of its own.
 * @throws {OptionError} If there is no such option. And what {@linkcode open} throws.
 *
 * @example Fuse a file, and keep the result
 * ```ts
 * import { fuse } from "@layerfuse/layerfuse";
 *
 * const { model, report } = await fuse(new URL("tests/fixtures/fashion_resnet.onnx", import.meta.url));
 * for (const { rule, nodes } of report.applied.slice(0, 3)) console.log(rule, nodes.join(" + "));
 * const folder = await Deno.makeTempDir();
 * await model.save(`${folder}/fused.onnx`);
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @example Only what this machine does not run slower
 * ```ts ignore
 * import { fuse } from "@layerfuse/layerfuse";
 *
 * const { model, report } = await fuse("mine.onnx", { measure: { seconds: 5, threads: 4 } });
 * console.log(report.measured); // { "compose-layers": "faster", … }
 * ```
 */
export async function fuse(source: ModelSource | Model, options: MeasuredFuseOptions = {}): Promise<FuseResult> {
  const given = checked("fuse", withDefaults(options, { signal: interruptSignal() }), FUSE_OPTIONS);
  const { measure, ...rest } = given, { signal } = given;
  const before = source instanceof Model ? source : await open(source, optionsOf(given, OPEN_OPTIONS));
  const { model, report } = await fusePlain(before, {
    ...rest,
    measure: typeof measure === "object" || measure === true
      ? (without, withRule) => verdictOf(without, withRule, { signal, ...measure === true ? {} : measure })
      : measure || undefined,
  });
  const graphs = { before, after: shownModel(model) };
  return shownFusion({ model, report: shownReport(report, graphs) }, graphs);
}

/**
 * Says what {@linkcode fuse} would do to a model, and why it would leave the rest. Nothing is written. Of a web address whose server
 * gives ranges only the skeleton and small weights are loaded. In a notebook the report displays itself.
 *
 * @param source A model, or what {@linkcode open} takes.
 * @param options Those of {@linkcode fuse}.
 * @returns The report that {@linkcode fuse} would give.
 * @throws {Error} As {@linkcode fuse} does.
 *
 * @example Why is it not fused?
 * ```ts
 * import { explain } from "@layerfuse/layerfuse";
 *
 * const { skipped } = await explain(new URL("tests/fixtures/fashion_densenet.onnx", import.meta.url));
 * for (const { node, reason, remedy } of skipped.slice(0, 3)) console.log(node, reason, remedy ?? "");
 * ```
 */
export async function explain(source: ModelSource | Model, options: FuseOptions = {}): Promise<FusionReport> {
  return shownReport(await explainPlain(source, withDefaults(options, { signal: interruptSignal() })));
}

/**
 * Compares two models that should compute the same: how fast, how different, and how sure. Both models' sessions of ONNX Runtime take
 * turns in randomised rounds on the same inputs and threads, and are opened anew again and again; the intervals are over openings. In
 * a notebook the comparison, its levels and its error display themselves, and a line under the cell says how far it is.
 *
 * Inputs that are not given are made up: shapes from what the model declares, other usual ones where those do not run.
 *
 * @param before The first model: a path, a URL, its bytes, or a {@linkcode Model}; ratios are its time over the second's.
 * @param after The second.
 * @param options Optimization levels, provider, threads, seconds, inputs.
 * @returns Times, the paired speed-up with its interval and verdict at each level, the error of every output, the machine.
 * @throws {Error} If a model cannot be loaded or run, ONNX Runtime dies of it, or outputs have other shapes.
 * @throws {OptionError} If there is no such option.
 * @throws {DOMException} If it is aborted before the error was measured; later, the result so far is returned.
 *
 * @example Before and after fusion
 * ```ts
 * import { compare, fuse, open } from "@layerfuse/layerfuse";
 *
 * const before = await open(new URL("tests/fixtures/fashion_resnet.onnx", import.meta.url));
 * const { model: after } = await fuse(before);
 * const { levels: [level], error } = await compare(before, after, { seconds: 0.5, levels: ["all"] });
 * console.log(level.speedup.estimate, level.verdict, error.relativeL2);
 * ```
 */
export async function compare(
  before: ComparedSource,
  after: ComparedSource,
  options: CompareOptions = {},
): Promise<Comparison> {
  return shownComparison(
    await comparePlain(before, after, withDefaults(options, { onProgress: progressLine(), signal: interruptSignal() })),
  );
}

/**
 * How far two sets of outputs are apart: every output by itself, and all together. In a notebook the summary displays itself.
 *
 * @throws {Error} If an output is missing on one side, or types or shapes differ.
 */
export function measureError(before: NamedTensors, after: NamedTensors): ErrorSummary {
  return displayed(measureErrorPlain(before, after), errorDisplay);
}

/** The options over some of ours; what is no object is left to the one who checks it. */
function withDefaults<T extends object>(options: T, defaults: Partial<T>): T {
  return typeof options === "object" && !Array.isArray(options) ? { ...defaults, ...options } : options;
}
