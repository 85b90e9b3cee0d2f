/** The attention that ONNX Runtime finds by its quotient stays one operator. */
import { assertEquals } from "@std/assert";
import { fuse } from "../../../src/fusion/mod.ts";
import { assertKeeps } from "../../fusion_check.ts";
import { modelBytes, random, type TestModel } from "../../onnx_model.ts";
import { asRun } from "./as_run.ts";
import { Draft } from "./forms.ts";

/** BERT's attention behind a LayerNormalization, with a mask of tokens, as older exporters write it. */
function bertAttention(opset: number): TestModel {
  const d = new Draft(), width = 16, heads = 4, shape = d.constant({ dims: [4], values: [0, 0, heads, 4], type: 7 });
  const layer = (x: string, seed: number) => {
    return d.op("Add", [d.op("MatMul", [x, d.constant(random([width, width], seed))]), d.constant(random([width], 1))]);
  };
  const split = (x: string, perm: number[]) => d.op("Transpose", [d.op("Reshape", [x, shape])], { perm });
  const normed = () => {
    const mean = d.op("Sub", ["x", d.op("ReduceMean", ["x"], { axes: [-1] })]);
    const variance = d.op("ReduceMean", [d.op("Pow", [mean, d.number(2)])], { axes: [-1] });
    const unit = d.op("Div", [mean, d.op("Sqrt", [d.op("Add", [variance, d.number(1e-5)])])]);
    return d.op("Add", [d.op("Mul", [unit, d.constant(random([width], 5))]), d.constant(random([width], 6))]);
  };
  const x = normed(), q = split(layer(x, 2), [0, 2, 1, 3]), k = split(layer(x, 3), [0, 2, 3, 1]);
  const v = split(layer(x, 4), [0, 2, 1, 3]);
  const hidden = d.op("Unsqueeze", [d.op("Unsqueeze", ["mask"], { axes: [1] })], { axes: [2] });
  const mask = d.op("Mul", [
    d.op("Sub", [d.number(1), d.op("Cast", [hidden], { to: 1 })]),
    d.number(-1000),
  ]);
  const scores = d.op("Div", [d.op("MatMul", [q, k]), d.number(2)]);
  const weights = d.op("Softmax", [d.op("Add", [scores, mask])], { axis: 3 });
  const joined = d.op("Transpose", [d.op("MatMul", [weights, v])], { perm: [0, 2, 1, 3] });
  const flat = d.op("Reshape", [joined, d.constant({ dims: [3], values: [0, 0, width], type: 7 })]);
  const y = d.op("Add", [layer(flat, 7), x]);
  return {
    opset,
    nodes: d.nodes,
    initializers: d.initializers,
    inputs: { x: ["batch", "length", width], mask: ["batch", "length"] },
    types: { mask: 7 },
    outputs: { [y]: null },
  };
}

Deno.test("fuse() keeps the quotient of the attention scores by which the runtime finds a whole Attention", async () => {
  const model = bertAttention(11);
  await assertKeeps(model, /it is part of an attention that ONNX Runtime runs as one operator/);
  const before = await asRun(modelBytes(model), "all");
  const after = await asRun(await (await fuse(modelBytes(model))).model.bytes(), "all");
  const attentions = [before, after].map((ops) => Object.keys(ops).filter((op) => op.endsWith("Attention")).length);
  assertEquals(attentions, [1, 1]);
});

Deno.test("fuse() for no runtime in particular takes the quotient into the queries", async () => {
  const { report } = await fuse(modelBytes(bertAttention(11)), { runtime: "none" });
  assertEquals(report.after.ops["Div"], 1); // that of the LayerNormalization
});
