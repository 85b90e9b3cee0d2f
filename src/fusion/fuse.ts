import { Model } from "./model.ts";
import { openByRanges } from "./remote_model.ts";
import { type ModelSource, open, OPEN_OPTIONS, type OpenOptions, webAddressOf } from "./open.ts";
import { rewriteErrorsOf } from "../io/errors.ts";
import { rewriteGraphs } from "../rewrite/driver.ts";
import type { FusionReport } from "../rewrite/report.ts";
import type { Runtime } from "../rewrite/runtime.ts";
import type { Rule } from "../rewrite/rule.ts";
import { type Measure, measureRules } from "./measure.ts";
import { chooseRules, isChosen, type RuleChoice } from "./choose_rules.ts";
import { INLINE_CALLS, inlineWhereItHelps, TAKE_BRANCHES } from "./inline.ts";
import { meaningsOf } from "./meanings.ts";
import { checked, type OptionNames, optionsOf } from "../host/options.ts";

/** Options of {@linkcode fuse}: which rules to apply, and how far they may go. */
export interface FuseOptions extends RuleChoice, OpenOptions {
  /** Whether to do rewrites that may be more work, where the model does not say the shapes that would tell. */
  aggressive?: boolean;
  /**
   * What it is for. `onnxruntime` (the default) keeps whole what ONNX Runtime runs as one operator (a written-out GELU, say);
   * `onnxruntime-cpu` also does what pays only for its CPU kernels; `none` counts nodes alone.
   */
  runtime?: Runtime;
  /** Whether the file may grow by more than 1 %: stored int8 or float16 weights written out, shared weights copied. */
  allowGrowth?: boolean;
  /**
   * Times two models, the second with rewrites that the first is without. Every rule that does more than clean up is measured
   * as a whole and, where that is `slower`, application by application; what is slower is left out, and the report says so.
   */
  measure?: Measure;
}

/** Every option of {@linkcode fuse}. */
export const FUSE_OPTIONS: OptionNames<FuseOptions> = {
  rules: true,
  skip: true,
  aggressive: true,
  runtime: true,
  allowGrowth: true,
  measure: true,
  ...OPEN_OPTIONS,
};

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
 * Throws a {@linkcode RuleNameError} for a rule that does not exist, what {@linkcode open} throws for a source that is no
 * ONNX model, and a {@linkcode RewriteError} where a rewrite fails for a fault of its own.
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
  const { measure, signal, runtime = "onnxruntime" } = checked("fuse", options, FUSE_OPTIONS);
  const rules = chooseRules(options, { runtime, isMeasured: measure !== undefined });
  const model = source instanceof Model
    ? options.freezeInputs ? source.withFrozenInputs() : source
    : await open(source, optionsOf(options, OPEN_OPTIONS));
  signal?.throwIfAborted();
  return measure ? await keepMeasured(model, rules, { ...options, measure }) : apply(model, rules, options);
}

/** Options, and whether weights are out of reach: then it is not known whether a new one would overflow its type. */
interface ApplyOptions extends FuseOptions {
  cannotReadWeights?: boolean;
}

function apply(model: Model, rules: readonly Rule[], options: ApplyOptions, vetoes?: ReadonlySet<string>): FuseResult {
  const rewrite = (one: Model) => rewritten(one, `${model.name}.fused`, rules, options, vetoes);
  const own = rewrite(model);
  return isChosen(INLINE_CALLS, options) ? inlineWhereItHelps(own, rules, options.allowGrowth === true, rewrite) : own;
}

function rewritten(
  given: Model,
  name: string,
  rules: readonly Rule[],
  { aggressive, runtime, allowGrowth, cannotReadWeights, ...choice }: ApplyOptions,
  vetoes?: ReadonlySet<string>,
): FuseResult {
  const before = given.stats, { wrongClaims } = given;
  const { model, taken } = isChosen(TAKE_BRANCHES, choice) ? given.withBranchesTaken() : { model: given, taken: [] };
  const imported = model.graphs();
  const { applied: rewrites, skipped } = rewriteErrorsOf(
    given.source,
    () =>
      rewriteGraphs([imported.graph, ...imported.functions], {
        rules,
        aggressive,
        runtime,
        allowGrowth,
        cannotReadWeights,
        fileBytes: before.bytes,
        vetoes,
      }),
  );
  const branches = taken.map(({ node, result }) => ({ rule: TAKE_BRANCHES.name, nodes: [node], result }));
  const applied = [...branches, ...rewrites];
  const fused = applied.length > 0 ? model.with(imported, name) : model;
  const report: FusionReport = { applied, skipped, codes: meaningsOf(skipped), before, after: fused.stats };
  if (given.notes.length > 0) report.notes = [...given.notes];
  if (wrongClaims.length > 0) report.wrongClaims = [...wrongClaims];
  return { model: fused, report };
}

/** The model without the rewrites that are measured to make it slower. */
async function keepMeasured(
  model: Model,
  rules: readonly Rule[],
  options: FuseOptions & Required<Pick<FuseOptions, "measure">>,
): Promise<FuseResult> {
  const attempt = (vetoes: ReadonlySet<string>) => {
    options.signal?.throwIfAborted();
    const { model: fused, report: { applied } } = apply(model, rules, options, vetoes);
    return { model: fused, applied };
  };
  const names = rules.filter(({ phase }) => phase !== "clean").map(({ name }) => name);
  const { vetoes, verdicts } = await measureRules(names, attempt, options.measure);
  const { model: fused, report } = apply(model, rules, options, vetoes);
  return { model: fused, report: { ...report, measured: verdicts } };
}

/**
 * What {@linkcode fuse} would do to a model, and why it would leave the rest. Nothing is written. Of a web address whose server
 * gives ranges only the skeleton and small weights are loaded.
 */
export async function explain(source: ModelSource | Model, options: FuseOptions = {}): Promise<FusionReport> {
  checked("explain", options, FUSE_OPTIONS);
  const url = webAddressOf(source), { measure, sha256, signal, runtime = "onnxruntime" } = options;
  const remote = url && !measure && !sha256 && await openByRanges(url, options);
  if (!remote) return (await fuse(source, options)).report;
  const rules = chooseRules(options, { runtime, isMeasured: false }), bytes = remote.source;
  const model = options.freezeInputs ? remote.model.withFrozenInputs() : remote.model;
  const { report } = await bytes.loading(() => {
    signal?.throwIfAborted();
    return apply(model, rules, { ...options, cannotReadWeights: true });
  });
  return { ...report, loaded: { bytes: bytes.loadedBytes, of: bytes.size } };
}
