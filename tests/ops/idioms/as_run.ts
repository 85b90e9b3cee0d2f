import * as ort from "onnxruntime-node";
import { open } from "../../../src/fusion/mod.ts";

/** Operators that the runtime runs at a level, by name. */
export async function asRun(bytes: Uint8Array, level: "extended" | "all"): Promise<Record<string, number>> {
  const folder = await Deno.makeTempDir(), path = `${folder}/model.onnx`, out = `${folder}/run.onnx`;
  try {
    await Deno.writeFile(path, bytes);
    const options = { graphOptimizationLevel: level, optimizedModelFilePath: out, logSeverityLevel: 4 as const };
    await (await ort.InferenceSession.create(path, options)).release();
    return (await open(out)).ops;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
