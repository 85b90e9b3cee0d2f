/** What holds of every rule for ONNX Runtime's CPU kernels. */
import { assertEquals } from "@std/assert";
import { asRunOperators } from "../../src/bench/mod.ts";
import { fuse, type FuseOptions } from "../../src/fusion/mod.ts";
import { modelBytes, type TestModel } from "../onnx_model.ts";

/** Options that ask for these rules. */
export const CPU: FuseOptions = { runtime: "onnxruntime-cpu" };

/** Asserts that the other runtimes' models are not given what a rule does. */
export async function assertForCpuAlone(model: TestModel, rule: string, left: Record<string, number>): Promise<void> {
  for (const runtime of ["onnxruntime", "none"] as const) {
    const { report } = await fuse(modelBytes(model), { runtime });
    assertEquals(report.after.ops, left, runtime);
    assertEquals(report.applied.filter((rewrite) => rewrite.rule === rule), []);
  }
}

/** The operators that ONNX Runtime runs of a fused model at its highest level, without their domains. */
export async function asRun(model: TestModel, options: FuseOptions = CPU): Promise<Record<string, number>> {
  const folder = await Deno.makeTempDir(), path = `${folder}/fused.onnx`;
  try {
    await (await fuse(modelBytes(model), options)).model.save(path);
    const counts = Object.entries(await asRunOperators(path, "all"));
    return Object.fromEntries(counts.map(([name, count]) => [name.replace("com.microsoft.", ""), count]));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
