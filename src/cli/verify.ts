import { join } from "node:path";
import {
  type ErrorSummary,
  type InputDescription,
  judgeError,
  measureError,
  type NamedTensors,
  openSession,
  summariseErrors,
  tryModel,
} from "../bench/mod.ts";
import { findFitting, type Fitting, withLimits } from "../bench/fitting_inputs.ts";
import { longerShapes } from "../bench/input_shapes.ts";
import { type FeedOptions, type FeedSet, feedSets, firstRun } from "../bench/feeds.ts";
import { showAs } from "../bench/shown_names.ts";
import type { Model } from "../fusion/mod.ts";
import { TemporaryDirectory } from "../host/temporary_directory.ts";

/** Largest relative L2 error of an output that counts as the same function, by the coarsest element type among the outputs. */
const TOLERANCE: Record<string, number> = { float16: 1e-2, float64: 1e-9 };
const FLOAT32_TOLERANCE = 1e-5;
/** Beyond this no difference is excused by what the runtime's own optimizations make. */
const CAP = 1e-3;

/** Whether two models agree, and a sentence that says how far. */
export interface Verification {
  /** Whether their outputs are the same up to rounding. */
  readonly isSame: boolean;
  /** One line for a person. */
  readonly sentence: string;
}

/**
 * Runs two models on the same seeded input, ONNX Runtime's own optimizations off, and where dimensions are dynamic a second time
 * with another length of each. They agree where every output does: within a fixed
 * tolerance or, where an output is mostly rounding (a sigmoid near 0, say), within what those optimizations do to the same output
 * of the first model; whole numbers, booleans and strings must be equal. A model that the runtime dies of is an error.
 * Throws the signal's reason where that is aborted.
 */
export async function verify(before: Model, after: Model, options: VerifyOptions = {}): Promise<Verification> {
  const first = await verifyAt(before, after, options).catch((error) => {
    throw error instanceof OriginalError ? error.cause : error;
  });
  const isFixed = options.inputs || Object.values(options.values ?? {}).some(Array.isArray);
  if (!first.isSame || isFixed) return { isSame: first.isSame, sentence: first.sentence };
  let failed = "";
  for (const shapes of longerShapes(first.inputs, { ...options, ...first.shapes })) {
    const sizes = Object.entries(shapes).map(([name, dims]) => `${name} ${dims.join("×") || "a scalar"}`).join(", ");
    try {
      const { isSame, sentence } = await verifyAt(before, after, {
        ...options,
        shape: undefined,
        shapes,
        isExact: true,
      });
      return isSame
        ? { isSame, sentence: `${first.sentence}. With ${sizes} ${sentence.replace("verify: ", "")}` }
        : { isSame, sentence: `${sentence} (with ${sizes})` };
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof OriginalError)) throw error;
      failed ||= `. The original does not run with ${sizes}`;
    }
  }
  return { isSame: true, sentence: `${first.sentence}${failed}` };
}

/** What {@linkcode verify} is told. */
type VerifyOptions = FeedOptions & { signal?: AbortSignal };
/** Shapes that were found to run, in place of the likely ones. */
type Found = Pick<FeedOptions, "shape" | "shapes"> | undefined;

/** That the model before fusion does not run. */
class OriginalError extends Error {}

async function verifyAt(
  before: Model,
  after: Model,
  { signal, isExact, ...options }: VerifyOptions & { isExact?: boolean },
): Promise<Verification & { inputs: readonly InputDescription[]; shapes: Found }> {
  using folder = new TemporaryDirectory();
  let sets: FeedSet[] | undefined,
    fitting: Fitting | undefined,
    shapes: Found,
    inputs: readonly InputDescription[] = [];
  const self: NonNullable<ErrorSummary["self"]> = {};
  const outputs = async (model: Model, ...levels: ("disabled" | "all")[]) => {
    const path = join(folder.path, "model.onnx");
    await model.save(path, { signal });
    showAs(path, model.source);
    const feeds = { ...options, ...shapes };
    const trial = await tryModel(
      { path, name: model.name, levels, provider: "cpu", threads: 1, feeds, isExact },
      signal,
    );
    signal?.throwIfAborted();
    const fit = (found: Fitting) => {
      fitting = found;
      shapes = found.shapes && { shape: undefined, shapes: found.shapes };
    };
    if (trial && !fitting) fit(trial);
    const results: NamedTensors[] = [];
    for (const level of levels) {
      await using session = await openSession(path, { level });
      inputs = session.inputs;
      if (!fitting) fit(isExact ? { tried: 0 } : await findFitting(session, path, options));
      sets ??= feedSets(withLimits(session.inputs, path), { ...options, ...shapes }).slice(0, 1);
      results.push(await firstRun(session, sets[0].feeds, model.name, fitting!.tried));
      if (level === "all") continue;
      const again = measureError(results[0], await session.run(sets[0].feeds));
      if (again.l2 > 0) self[model === before ? "before" : "after"] = again;
    }
    return results;
  };
  const [original, optimized] = await outputs(before, "disabled", "all").catch((error) => {
    signal?.throwIfAborted();
    throw new OriginalError((error as Error).message, { cause: error });
  });
  const [fused] = await outputs(after, "disabled");
  const error = summariseErrors({
    sets: sets!,
    before: [original],
    after: [fused],
    runtime: [[original], [optimized]],
  });
  if (Object.keys(self).length > 0) error.self = self;
  const type = Object.values(original).map(({ type }) => type).find((type) => type in TOLERANCE) ?? "float32";
  const tolerance = TOLERANCE[type] ?? FLOAT32_TOLERANCE;
  const { passed, failures, warnings } = judgeError(error, tolerance, Math.max(CAP, 10 * tolerance));
  const said = `verify: relative L2 error ${error.relativeL2.toExponential(2)}`;
  if (!passed) {
    return { isSame: false, inputs, shapes, sentence: `${said}: ${failures.join("; ")}: nothing was written` };
  }
  const within = error.worst!.every(({ relativeL2 }) => relativeL2 <= tolerance) ? `, within ${tolerance}` : "";
  return { isSame: true, inputs, shapes, sentence: [`${said}${within}`, ...warnings].join(". ") };
}
