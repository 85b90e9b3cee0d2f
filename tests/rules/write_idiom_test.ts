/** What a written-out idiom becomes, and what stays because it is part of one. */
import { assert, assertEquals } from "@std/assert";
import { fuse, type FuseOptions } from "../../src/fusion/mod.ts";
import { modelBytes } from "../onnx_model.ts";
import { type Form, FORMS, modelOf } from "../ops/idioms/forms.ts";

async function fused(name: string, opset: number, options: FuseOptions = {}) {
  const form = FORMS.find((form) => form.name === name) as Form;
  const { report } = await fuse(modelBytes(modelOf(form, opset)), options);
  return { ops: report.after.ops, reasons: report.skipped.map(({ reason }) => reason), report };
}

Deno.test("fuse() writes a GELU, a LayerNormalization and an RMS normalization as one node from the opset that has them", async () => {
  assertEquals((await fused("GELU by Erf, x·(1 + erf(x/√2))·½", 20)).ops, { MatMul: 2, Gelu: 1 });
  assertEquals((await fused("GELU by Tanh, Pow", 20)).ops, { MatMul: 2, Gelu: 1 });
  assertEquals((await fused("layer norm", 17)).ops, { MatMul: 2, LayerNormalization: 1 });
  assertEquals((await fused("RMS norm", 17)).ops.RMSNormalization, undefined);
});

Deno.test("fuse() never changes the opset: below it the recognised form stays as it is", async () => {
  const { ops, report } = await fused("layer norm", 13);
  assertEquals(ops.LayerNormalization, undefined);
  assertEquals(report.applied, []);
});

Deno.test("fuse() says of every affine map that is part of an idiom which one it is, and nothing else", async () => {
  for (
    const [form, what] of [
      ["GELU by Erf, x·(1 + erf(x/√2))·½", "a GELU"],
      ["GELU by Tanh, Pow", "a GELU (tanh)"],
      ["GELU by Sigmoid", "a SiLU or a GELU (sigmoid)"],
      ["bias and GELU by Erf", "a GELU with a bias"],
      ["RMS norm", "an RMS normalization"],
      ["sum and layer norm", "a sum and its LayerNormalization"],
    ]
  ) {
    const { reasons } = await fused(form, 13);
    assertEquals([...new Set(reasons)], [`it is part of ${what} that ONNX Runtime runs as one operator`], form);
  }
  const { reasons } = await fused("layer norm", 13);
  assert(reasons.includes("it is part of a LayerNormalization that ONNX Runtime runs as one operator"), `${reasons}`);
});

Deno.test("fuse() for no runtime in particular says of no idiom that it is one", async () => {
  const { reasons } = await fused("layer norm", 13, { runtime: "none" });
  assert(reasons.length > 0 && !reasons.some((reason) => reason.includes("ONNX Runtime")), `${reasons}`);
});

Deno.test("fuse() for no runtime in particular folds the edge of an idiom into the next layer", async () => {
  const { ops } = await fused("GELU by Erf, x·(1 + erf(x/√2))·½", 13, { runtime: "none" });
  assertEquals(ops, { MatMul: 2, Div: 1, Erf: 1, Add: 1, Mul: 1 });
});

Deno.test("fuse() leaves a LayerNormalization over other axes than the last one written out", async () => {
  const form = FORMS.find(({ name }) => name === "layer norm")!, model = modelOf(form, 17);
  for (const node of model.nodes) if (node.op === "ReduceMean") node.attributes = { axes: [1] };
  assertEquals((await fuse(modelBytes(model))).report.after.ops.LayerNormalization, undefined);
});

Deno.test("fuse() leaves a GELU whose constant is not √2 as it is, to the last digits", async () => {
  const form = FORMS.find(({ name }) => name === "GELU by Erf, x·(1 + erf(x/√2))·½")!;
  for (const [root, left] of [[Math.fround(Math.SQRT2), 1], [1.4143, undefined]] as const) {
    const model = modelOf(form, 20);
    for (const { dims, values } of Object.values(model.initializers!)) {
      if (dims.length === 0 && Math.abs(values[0] - Math.SQRT2) < 1e-6) (values as number[])[0] = root;
    }
    assertEquals((await fuse(modelBytes(model))).report.after.ops.Gelu, left, `${root}`);
  }
});
