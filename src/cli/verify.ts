import { measureError, openSession, randomInputs } from "../bench/mod.ts";
import type { NamedTensors, Session } from "../bench/mod.ts";
import type { Model } from "../fusion/mod.ts";

/** Largest relative L2 error that counts as the same function, by the coarsest element type among the outputs. */
const TOLERANCE: Record<string, number> = { float16: 1e-2, float64: 1e-9 };
const FLOAT32_TOLERANCE = 1e-5;

/** Runs two models on the same seeded input, ONNX Runtime's own optimizations off, and says whether they agree. */
export async function verify(before: Model, after: Model): Promise<{ isSame: boolean; sentence: string }> {
  const folder = await Deno.makeTempDir({ prefix: "layerfuse_" });
  try {
    let feeds: NamedTensors | undefined;
    const outputs: NamedTensors[] = [];
    for (const [index, model] of [before, after].entries()) {
      const path = `${folder}/${index}.onnx`;
      await model.save(path);
      await using session: Session = await openSession(path, { level: "disabled" });
      feeds ??= randomInputs(session.inputs, {});
      outputs.push(await session.run(feeds));
    }
    const { relativeL2 } = measureError(outputs[0], outputs[1]);
    const type = Object.values(outputs[0]).map(({ type }) => type).find((type) => type in TOLERANCE) ?? "float32";
    const tolerance = TOLERANCE[type] ?? FLOAT32_TOLERANCE, isSame = relativeL2 <= tolerance;
    return {
      isSame,
      sentence: `verify: relative L2 error ${relativeL2.toExponential(2)}, ` +
        (isSame ? `within ${tolerance}` : `more than ${tolerance}: nothing was written`),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
