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
import { INFINITE_ERROR } from "../bench/error.ts";
import { findFitting, withLimits } from "../bench/fitting_inputs.ts";
import type { Fitting } from "../bench/fitting_shapes.ts";
import { longerShapes } from "../bench/input_shapes.ts";
import { type FeedOptions, type FeedSet, feedSets, firstRun } from "../bench/feeds.ts";
import { showAs } from "../bench/shown_names.ts";
import type { Model } from "../fusion/mod.ts";
import { TemporaryDirectory } from "../host/temporary_directory.ts";
import { float32Run, inFloat32, narrowTypeOf } from "./float32_run.ts";

/** Largest relative L2 error of an output that counts as the same function, by the coarsest element type of the model. */
const TOLERANCE: Record<string, number> = { bfloat16: 8e-2, float16: 1e-2, float64: 1e-9 };
const FLOAT32_TOLERANCE = 1e-5;

/** Whether two models agree, and a sentence that says how far. */
export interface Verification {
  /** Whether their outputs are the same up to rounding. */
  readonly isSame: boolean;
  /** One line for a person. */
  readonly sentence: string;
}

/**
 * Runs two models on the same seeded input, ONNX Runtime's own optimizations off, and where dimensions are dynamic a second time
 * with another length of each. They agree where every output does: within a fixed tolerance or, where an output is mostly
 * rounding (a sigmoid near 0, say), within a few times what those optimizations do to the same output of the first model, and in
 * no case beyond ten times the tolerance; whole numbers, booleans and strings must be equal. Where a model computes in float16,
 * both are compared with a float32 run of the first model's graph, and the second may be a few times as far from it as the first.
 * A model that the runtime dies of is an error.
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
  const narrow = narrowTypeOf(before);
  const type = narrow ?? Object.values(original).map(({ type }) => type).find((type) => type in TOLERANCE) ?? "float32";
  const tolerance = TOLERANCE[type] ?? FLOAT32_TOLERANCE;
  const wide = narrow && await float32Run(before, sets![0].feeds, folder.path, options, signal);
  const { reference, note } = wide ? takenReference(wide, original, tolerance) : {
    reference: undefined,
    note: narrow ? ` to the ${narrow} original (its graph does not run in float32)` : "",
  };
  const error = summariseErrors({
    sets: sets!,
    before: [reference ?? original],
    after: [reference ? inFloat32(fused) : fused],
    runtime: reference ? [[reference], [inFloat32(original)]] : [[original], [optimized]],
  });
  if (Object.keys(self).length > 0) error.self = self;
  const by = reference ? "the original makes" : undefined;
  const { passed, failures, warnings } = judgeError(error, tolerance, { isAbsolute: true, by });
  const said = `verify: relative L2 error ${error.relativeL2.toExponential(2)}${note}`;
  if (!passed) {
    return { isSame: false, inputs, shapes, sentence: `${said}: ${failures.join("; ")}: nothing was written` };
  }
  const within = error.worst!.every(({ relativeL2 }) => relativeL2 <= tolerance) ? `, within ${tolerance}` : "";
  return { isSame: true, inputs, shapes, sentence: [`${said}${within}`, ...warnings].join(". ") };
}

/**
 * What the fused model is held against: a float32 run of the graph, with the original's own whole numbers, which float32 may round
 * to others; or the original itself, where that is further from the float32 run than it may be.
 */
function takenReference(
  wide: NamedTensors,
  original: NamedTensors,
  tolerance: number,
): { reference?: NamedTensors; note: string } {
  const reference = Object.fromEntries(
    Object.entries(original).map(([name, own]) => [name, own.type.includes("float") ? wide[name] : own]),
  );
  const { relativeL2 } = measureError(reference, inFloat32(original)),
    distance = relativeL2 < INFINITE_ERROR ? relativeL2.toExponential(2) : "infinitely far";
  return relativeL2 <= tolerance
    ? { reference, note: ` to a float32 run of the original's graph (the original: ${distance})` }
    : { note: ` to the original, which is itself ${distance} from a float32 run of its graph` };
}
