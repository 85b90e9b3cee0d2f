/** The runtime is asked: what it really runs for every written form, before and after fusing. */
import { assert, assertLess } from "@std/assert";
import * as ort from "onnxruntime-node";
import { fuse, open } from "../../../src/fusion/mod.ts";
import { feedsFor, modelBytes, relativeL2, run } from "../../onnx_model.ts";
import { FORMS, modelOf } from "./forms.ts";

/** Operators that the runtime runs at a level, by name. */
async function asRun(bytes: Uint8Array, level: "extended" | "all"): Promise<Record<string, number>> {
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

const count = (ops: Record<string, number>) => Object.values(ops).reduce((sum, n) => sum + n, 0);

for (const form of FORMS) {
  for (const opset of form.opsets ?? [13]) {
    Deno.test(`fuse() leaves the runtime no more to run: ${form.name}, opset ${opset}`, async () => {
      const model = modelOf(form, opset), bytes = modelBytes(model);
      const fused = await (await fuse(bytes)).model.bytes();
      const feeds = feedsFor(model);
      assertLess(relativeL2(await run(bytes, feeds), await run(fused, feeds)), 2e-6);
      for (const level of ["extended", "all"] as const) {
        const before = await asRun(bytes, level), after = await asRun(fused, level);
        assert(count(after) <= count(before), `${level}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`);
        if (!form.runtime) continue;
        const has = (ops: Record<string, number>) => Object.keys(ops).some((op) => op.endsWith(form.runtime!));
        assert(has(after), `${level}: no ${form.runtime} in ${JSON.stringify(after)}`);
      }
    });
  }
}
