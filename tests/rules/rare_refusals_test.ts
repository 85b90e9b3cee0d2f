/** Preconditions that models seldom break, some of them only faulty ones: each stays as it is, and the report says why. */
import { assertKeeps } from "../fusion_check.ts";
import { random, randomIn, tensor, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";

const bn: TestNode = { op: "BatchNormalization", inputs: ["c", "g", "h", "m", "v"], outputs: ["y"], name: "bn" };
const normal = { g: randomIn(0.5, 2, [4], 2), h: random([4], 3), m: random([4], 4), v: randomIn(0.5, 2, [4], 5) };

const conv: TestNode = { op: "Conv", inputs: ["x", "w"], outputs: ["c"], name: "conv" };
const scaled: TestNode = { op: "Mul", inputs: ["x", "s"], outputs: ["a"], name: "scale" };

/** A model of these nodes on images. */
const on = (
  nodes: TestNode[],
  initializers: Record<string, TestTensor>,
  more: Partial<TestModel> = {},
): TestModel => ({ inputs: { x: [2, 3, 6, 6] }, outputs: { y: null }, initializers, nodes, ...more });

const w = random([4, 3, 3, 3], 1), s = random([3, 1, 1], 6);

const CASES: Record<string, [model: TestModel, reason: RegExp, runtime?: "onnxruntime-cpu"]> = {
  "a BatchNormalization whose mean has another size": [
    on([conv, bn], { w, ...normal, m: random([3], 4) }),
    /its scale has 4 entries, but its mean does not fit/,
  ],
  "a BatchNormalization of a vector": [
    on([{ ...bn, inputs: ["x", "g", "h", "m", "v"] }], normal, { inputs: { x: [4] } }),
    /its input has rank 1, but 4 channels/,
  ],
  "a weight that is no kernel of a Conv": [
    on([conv, bn], { w: random([4, 3], 1), ...normal }),
    /no kernel for group 1/,
  ],
  "a weight that is no kernel of a ConvTranspose": [
    on([{ ...conv, op: "ConvTranspose" }, bn], { w: random([3, 4], 1), ...normal }),
    /no kernel for group 1/,
  ],
  "a Scaler that makes another type": [
    on(
      [
        {
          op: "Scaler",
          domain: "ai.onnx.ml",
          inputs: ["x"],
          outputs: ["a"],
          attributes: { offset: { floats: [1] }, scale: { floats: [2] } },
        },
        { op: "MatMul", inputs: ["a", "w"], outputs: ["y"] },
      ],
      { w: random([3, 4], 1) },
      { inputs: { x: [2, 3] }, types: { x: 7 }, opsets: { "ai.onnx.ml": 1 } },
    ),
    /it makes float32 of int64/,
  ],
  "a Resize that chooses its sizes": [
    on(
      [
        { ...conv, inputs: ["x", "w"] },
        {
          op: "Resize",
          inputs: ["c", "", "", "sizes"],
          outputs: ["r"],
          name: "resize",
          attributes: { keep_aspect_ratio_policy: "not_larger" },
        },
        { ...bn, inputs: ["r", "g", "h", "m", "v"] },
      ],
      { w, ...normal, sizes: tensor([4], [2, 4, 8, 9], 7) },
      { opset: 18 },
    ),
    /resize chooses its sizes by keep_aspect_ratio_policy/,
  ],
  "a reduction over computed axes": [
    on(
      [scaled, { op: "ReduceMax", inputs: ["a", "axes"], outputs: ["r"], name: "most" }, {
        ...conv,
        inputs: ["r", "w"],
        outputs: ["y"],
      }],
      { s, w: random([4, 3, 1, 1], 1) },
      { opset: 18, inputs: { x: [2, 3, 6, 6], axes: [1] }, types: { axes: 7 } },
    ),
    /which axes most reduces is not known/,
  ],
  "C of a Gemm that fits no columns": [
    on(
      [{ op: "Gemm", inputs: ["x", "w", "b"], outputs: ["g"], name: "gemm" }, {
        op: "Mul",
        inputs: ["g", "s"],
        outputs: ["y"],
      }],
      { w: random([3, 4], 1), b: random([2, 3], 2), s: random([4], 3) },
      { inputs: { x: [2, 3] } },
    ),
    /C of gemm has the shape \[2,3\], which does not fit 4 columns/,
  ],
  "a value beside a product of more columns": [
    on(
      [{ op: "MatMul", inputs: ["x", "w"], outputs: ["m"], name: "product" }, {
        op: "Add",
        inputs: ["m", "x"],
        outputs: ["y"],
      }],
      { w: random([1, 5], 1) },
      { inputs: { x: [2, 1] } },
    ),
    /product makes 5 columns of 1, so 'x' itself is no matrix product like it/,
  ],
  "an LSTM whose W has two axes": [
    on(
      [{ ...scaled }, {
        op: "LSTM",
        inputs: ["a", "w", "r"],
        outputs: ["y"],
        name: "lstm",
        attributes: { hidden_size: 4 },
      }],
      { s: random([3], 6), w: random([16, 3], 1), r: random([1, 16, 4], 2) },
      { inputs: { x: [5, 2, 3] } },
    ),
    /W of lstm has the shape \[16,3\], expected three axes/,
  ],
  "an Attention whose weight has three axes": [
    on(
      [scaled, {
        op: "Attention",
        domain: "com.microsoft",
        inputs: ["a", "w", "b"],
        outputs: ["y"],
        name: "attention",
        attributes: { num_heads: 1 },
      }],
      { s: random([3], 6), w: random([1, 3, 9], 1), b: random([9], 2) },
      { inputs: { x: [2, 4, 3] }, opsets: { "com.microsoft": 1 } },
    ),
    /the input weight of attention has the shape \[1,3,9\], expected a matrix/,
  ],
  "a LinearRegressor of doubles": [
    on(
      [
        {
          op: "LinearRegressor",
          domain: "ai.onnx.ml",
          inputs: ["x"],
          outputs: ["r"],
          name: "regressor",
          attributes: { coefficients: { floats: [1, 2, 3] } },
        },
        { op: "Mul", inputs: ["r", "s"], outputs: ["y"] },
      ],
      { s: random([], 3) },
      { inputs: { x: [2, 3] }, types: { x: 11 }, opsets: { "ai.onnx.ml": 1 } },
    ),
    /regressor makes float32 of float64/,
  ],
  "a Pad before a Conv of an unknown kernel": [
    on(
      [{ op: "Pad", inputs: ["x", "pads"], outputs: ["p"], name: "pad" }, {
        ...conv,
        inputs: ["p", "w"],
        outputs: ["y"],
      }],
      { pads: tensor([8], [0, 0, 1, 1, 0, 0, 1, 1], 7) },
      { inputs: { x: [2, 3, 6, 6], w: [4, 3, "k", "k"] } },
    ),
    /the kernel of conv is not known/,
  ],
  "a Pad with too few pads": [
    on(
      [{ op: "Pad", inputs: ["x", "pads"], outputs: ["p"], name: "pad" }, {
        ...conv,
        inputs: ["p", "w"],
        outputs: ["y"],
      }],
      { w, pads: tensor([6], [0, 0, 1, 0, 0, 1], 7) },
    ),
    /its pads do not fit its axes/,
  ],
  "a Pad whose result is data and weight of one Conv": [
    on(
      [{ op: "Pad", inputs: ["x", "pads"], outputs: ["p"], name: "pad" }, {
        ...conv,
        inputs: ["p", "p"],
        outputs: ["y"],
      }],
      { pads: tensor([8], [0, 0, 1, 1, 0, 0, 1, 1], 7) },
    ),
    /conv, in which 'p' is used, has no pads for it/,
  ],
  "slopes behind a Conv before opset 9": [
    on([conv, { op: "PRelu", inputs: ["c", "p"], outputs: ["y"], name: "prelu" }], { w, p: random([4, 1, 1], 2) }, {
      opset: 8,
    }),
    /not known to be applied to an image/,
    "onnxruntime-cpu",
  ],
  "a map whose result a subgraph takes": [
    on(
      [scaled, { ...conv, inputs: ["a", "w"], outputs: ["y"] }, {
        op: "If",
        inputs: ["q"],
        outputs: ["z"],
        name: "if",
        attributes: {
          then_branch: {
            graph: { nodes: [{ op: "Abs", inputs: ["a"], outputs: ["t"], name: "inner" }], outputs: { t: null } },
          },
          else_branch: { graph: { nodes: [{ op: "Neg", inputs: ["x"], outputs: ["e"] }], outputs: { e: null } } },
        },
      }],
      { s, w },
      { inputs: { x: [2, 3, 6, 6], q: [] }, types: { q: 9 }, outputs: { y: null, z: null } },
    ),
    /'a' is used by inner in a subgraph, where the map cannot be absorbed/,
  ],
};

for (const [what, [model, reason, runtime]] of Object.entries(CASES)) {
  Deno.test(`left as it is: ${what}`, async () => {
    await assertKeeps(model, reason, { options: runtime ? { runtime } : {} });
  });
}
