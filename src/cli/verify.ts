import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measureError, type NamedTensors, openSession } from "../bench/mod.ts";
import { type FeedOptions, feedSets, firstRun } from "../bench/feeds.ts";
import type { Model } from "../fusion/mod.ts";

/** Largest relative L2 error that counts as the same function, by the coarsest element type among the outputs. */
const TOLERANCE: Record<string, number> = { float16: 1e-2, float64: 1e-9 };
const FLOAT32_TOLERANCE = 1e-5;
/** How many times the difference that the runtime's own optimizations make is still rounding. */
const FLOOR_FACTOR = 4;

/** Whether two models agree, and a sentence that says how far. */
export interface Verification {
  /** Whether their outputs are the same up to rounding. */
  readonly isSame: boolean;
  /** One line for a person. */
  readonly sentence: string;
}

/**
 * Runs two models on the same seeded input, ONNX Runtime's own optimizations off. They agree within a fixed tolerance or,
 * where a model's output is mostly rounding (a sigmoid near 0, say), within what those optimizations do to the first model.
 * Throws the signal's reason where that is aborted.
 */
export async function verify(
  before: Model,
  after: Model,
  { signal, ...options }: FeedOptions & { signal?: AbortSignal } = {},
): Promise<Verification> {
  const folder = await mkdtemp(join(tmpdir(), "layerfuse_"));
  try {
    let feeds: NamedTensors | undefined;
    const outputs = async (model: Model, level: "disabled" | "all") => {
      const path = `${folder}/model.onnx`;
      await model.save(path, { signal });
      await using session = await openSession(path, { level });
      feeds ??= feedSets(session.inputs, options)[0].feeds;
      return await firstRun(session, feeds, model.name, true);
    };
    const original = await outputs(before, "disabled");
    const { relativeL2 } = measureError(original, await outputs(after, "disabled"));
    const type = Object.values(original).map(({ type }) => type).find((type) => type in TOLERANCE) ?? "float32";
    const tolerance = TOLERANCE[type] ?? FLOAT32_TOLERANCE;
    const said = `verify: relative L2 error ${relativeL2.toExponential(2)}`;
    if (relativeL2 <= tolerance) return { isSame: true, sentence: `${said}, within ${tolerance}` };
    const floor = measureError(original, await outputs(before, "all")).relativeL2;
    const isSame = relativeL2 <= FLOOR_FACTOR * floor;
    const beside = `ONNX Runtime's own optimizations make ${floor.toExponential(2)} of the same output`;
    return {
      isSame,
      sentence: isSame
        ? `${said}, no more than rounding: ${beside}`
        : `${said}, more than ${tolerance} (${beside}): nothing was written`,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}
