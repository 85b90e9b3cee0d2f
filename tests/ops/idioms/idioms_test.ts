/** The runtime is asked: what it really runs for every written form, before and after fusing. */
import { assert, assertLess } from "@std/assert";
import { fuse } from "../../../src/fusion/mod.ts";
import { feedsFor, modelBytes, relativeL2, run } from "../../onnx_model.ts";
import { asRun } from "./as_run.ts";
import { FORMS, modelOf } from "./forms.ts";

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
