import { assert, assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import {
  modelBytes,
  random,
  randomIn,
  tensor,
  type TestAttribute,
  type TestModel,
  type TestNode,
  type TestTensor,
} from "../onnx_model.ts";

const ints = (...values: number[]) => tensor([values.length], values, 7);
const wide = random([3, 1, 4], 1), row = random([4], 2), positive = randomIn(0.5, 2, [3, 1, 4], 3);

/** Operator, its constant inputs, its attributes, opset. Each result broadcasts against [3, 2, 4] or is reduced to one. */
const CASES: [op: string, inputs: TestTensor[], attributes?: Record<string, TestAttribute>, opset?: number][] = [
  ["Add", [wide, row]],
  ["Sub", [row, wide]],
  ["Mul", [wide, row]],
  ["Div", [wide, positive]],
  ["Pow", [positive, tensor([], [2.5])]],
  ["Pow", [tensor([4], [1, -1, 1, -1]), tensor([4], [Infinity, Infinity, NaN, -Infinity])]],
  ["Max", [wide, row]],
  ["Min", [wide, row]],
  ["Neg", [wide]],
  ["Abs", [wide]],
  ["Exp", [wide]],
  ["Log", [positive]],
  ["Sqrt", [positive]],
  ["Reciprocal", [positive]],
  ["ReduceSum", [random([3, 5, 4], 4), ints(1)]],
  ["ReduceSum", [random([3, 5, 4], 4)], { keepdims: 0 }],
  ["ReduceMean", [random([3, 5, 4], 4)], { axes: [-2] }],
  ["ReduceMean", [random([3, 5, 4], 4), ints(1)], {}, 18],
  ["ReduceL1", [random([3, 5, 4], 4)], { axes: [1] }],
  ["ReduceL2", [random([3, 5, 4], 4)], { axes: [1] }],
  ["ReduceSumSquare", [random([3, 5, 4], 4)], { axes: [1] }],
  ["Expand", [row, ints(3, 1, 4)]],
  ["Expand", [wide, ints(2, 1)]],
  ["Concat", [random([1, 2, 4], 5), random([2, 2, 4], 6)], { axis: 0 }],
  ["Concat", [random([3, 2, 1], 5), random([3, 2, 3], 6)], { axis: -1 }],
  ["Gather", [random([5, 2, 4], 7), ints(4, 0, -2)], { axis: 0 }],
  ["Gather", [random([3, 2, 6], 7), ints(5, 1, 1, 0)], { axis: 2 }],
  ["Slice", [random([5, 2, 9], 8), ints(1, 1), ints(4, -1), ints(0, 2), ints(1, 2)]],
  ["Slice", [random([3, 2, 6], 8), ints(-4), ints(2 ** 40), ints(-1)]],
  ["Slice", [random([3, 2, 6], 8), ints(2), ints(6), ints(2), ints(2 ** 55)]],
  ["Slice", [random([3, 2, 6], 8), ints(-2), ints(-(2 ** 40)), ints(2), ints(-(2 ** 62))]],
  ["Range", [tensor([], [1]), tensor([], [3]), tensor([], [0.5])]],
  ["Identity", [wide]],
  ["Transpose", [random([4, 2, 3], 9)]],
  ["Transpose", [random([2, 4, 3], 9)], { perm: [2, 0, 1] }],
  ["Reshape", [random([24], 9), ints(3, -1, 4)]],
  ["Squeeze", [random([1, 3, 2, 4], 9), ints(0)]],
  ["Unsqueeze", [random([2, 4], 9), ints(0)]],
  ["CastLike", [tensor([4], [1, 2, 3, 4], 6), row]],
  ["Cast", [tensor([4], [1, -2, 3, 4], 6)], { to: 1 }],
];

for (const [op, inputs, attributes, opset = 17] of CASES) {
  const shapes = inputs.map(({ dims }) => `[${dims}]`).join(", ");
  Deno.test(`${op} of constants ${shapes} ${JSON.stringify(attributes ?? {})} is what ONNX Runtime computes`, async () => {
    const names = inputs.map((_, i) => `c${i}`);
    const model: TestModel = {
      opset,
      inputs: { x: ["n", 3, 2, 4] },
      outputs: { y: null },
      initializers: Object.fromEntries(inputs.map((input, i) => [names[i], input])),
      nodes: [
        { op, inputs: names, outputs: ["c"], attributes },
        { op: "Greater", inputs: ["x", "c"], outputs: ["above"] },
        { op: "Where", inputs: ["above", "x", "c"], outputs: ["y"] },
      ],
    };
    await assertFuses(model, { Greater: 1, Where: 1 }, { tolerance: 1e-6 });
  });
}

Deno.test("the shape of a value is a constant only where every dimension is known", async () => {
  const model = (batch: number | string): TestModel => ({
    inputs: { x: [batch, 3, 4], one: [1, 3, 4] },
    outputs: { y: null },
    nodes: [
      { op: "Shape", inputs: ["x"], outputs: ["s"] },
      { op: "Relu", inputs: ["one"], outputs: ["r"] },
      { op: "Expand", inputs: ["r", "s"], outputs: ["y"] },
    ],
  });
  await assertFuses(model(2), { Expand: 1, Relu: 1 });
  await assertFuses(model("n"), { Expand: 1, Relu: 1, Shape: 1 });
});

Deno.test("what depends on an overridable initializer or an input is no constant", async () => {
  const { modelBytes } = await import("../onnx_model.ts");
  const { report } = await fuse(modelBytes({
    inputs: { x: [3, 4], w: [4] },
    outputs: { y: null },
    initializers: { w: row },
    nodes: [
      { op: "Exp", inputs: ["w"], outputs: ["e"] },
      { op: "Pow", inputs: ["x", "e"], outputs: ["y"] },
    ],
  }));
  assertEquals(report.applied, []);
});

Deno.test("an end of int64 that is added to 0, or multiplied by 1, stays one; others of it are not worked out", async () => {
  const least = -(2 ** 63),
    to = (op: string, other: number): TestModel => ({
      inputs: { x: ["n", 5] },
      outputs: { y: null },
      initializers: { start: ints(-1), end: ints(least), other: ints(other), axis: ints(1) },
      nodes: [
        { op, inputs: ["end", "other"], outputs: ["all"] },
        { op: "Slice", inputs: ["x", "start", "all", "axis", "start"], outputs: ["y"] },
      ],
    });
  for (const [op, other] of [["Add", 0], ["Sub", 0], ["Mul", 1]] as const) {
    await assertFuses(to(op, other), { Slice: 1 });
  }
  const { modelBytes } = await import("../onnx_model.ts");
  for (const [op, other] of [["Add", 5], ["Sub", -5], ["Mul", 2]] as const) {
    const { report } = await fuse(modelBytes(to(op, other)));
    assertEquals(report.after.ops, { [op]: 1, Slice: 1 });
  }
});

Deno.test("a Slice that goes back to the greatest int32 or int64 is left: the runtime takes all, ONNX says nothing is taken", async () => {
  for (const end of [2 ** 31 - 1, 2 ** 63]) {
    const model: TestModel = {
      inputs: { x: [1] },
      outputs: { y: null },
      initializers: { w: random([5], 1), start: ints(-1), axis: ints(0) },
      nodes: [
        { op: "Constant", inputs: [], outputs: ["end"], attributes: { value_int: end } },
        { op: "Unsqueeze", inputs: ["end", "axis"], outputs: ["ends"] },
        { op: "Slice", inputs: ["w", "start", "ends", "axis", "start"], outputs: ["back"] },
        { op: "Add", inputs: ["x", "back"], outputs: ["y"] },
      ],
    };
    await assertFuses(model, { Slice: 1, Add: 1 });
  }
});

Deno.test("a position embedding that is resized, and queries that are normalised, are constants", async () => {
  const resized: TestModel = {
    opset: 18,
    inputs: { x: ["n", 4, 3, 3] },
    outputs: { y: null },
    initializers: { p: random([1, 4, 5, 5], 1), sizes: ints(1, 4, 3, 3) },
    nodes: [
      { op: "Resize", inputs: ["p", "", "", "sizes"], outputs: ["r"], attributes: { mode: "cubic" } },
      { op: "Add", inputs: ["x", "r"], outputs: ["y"] },
    ],
  };
  await assertFuses(resized, { Add: 1 }, { tolerance: 1e-6 });
  const normalised: TestModel = {
    inputs: { x: ["n", 3, 6] },
    outputs: { y: null },
    initializers: { q: random([3, 6], 1), g: random([6], 2), b: random([6], 3) },
    nodes: [
      { op: "LayerNormalization", inputs: ["q", "g", "b"], outputs: ["l"] },
      { op: "Add", inputs: ["x", "l"], outputs: ["y"] },
    ],
  };
  await assertFuses(normalised, { Add: 1 }, { tolerance: 1e-6 });
});

/** x [n, 4, 6, 6] → a Conv whose weight [4, 4, 3, 3] these nodes make of w [4, 4, 5, 5], and further constants. */
function weightOf(nodes: TestNode[], more: Record<string, TestTensor> = {}, opset = 17): TestModel {
  return {
    opset,
    inputs: { x: ["n", 4, 6, 6] },
    outputs: { y: null },
    initializers: { w: random([4, 4, 5, 5], 1), ...more },
    nodes: [...nodes, { op: "Conv", inputs: ["x", "v"], outputs: ["y"] }],
  };
}

const filter = randomIn(0, 1, [4, 2, 3, 3], 2), gain = random([4], 3), offset = random([4], 4);

const WEIGHTS: Record<string, TestModel> = {
  "filtered in groups, with a bias": weightOf(
    [{ op: "Conv", inputs: ["w", "filter", "offset"], outputs: ["v"], attributes: { group: 2 } }],
    { filter, offset },
  ),
  "filtered with padding and strides": weightOf(
    [{ op: "Conv", inputs: ["w", "f"], outputs: ["v"], attributes: { pads: [1, 1, 1, 1], strides: [2, 2] } }],
    { f: random([4, 4, 3, 3], 2) },
  ),
  "filtered with padding that is chosen": weightOf(
    [{ op: "Conv", inputs: ["w", "f"], outputs: ["v"], attributes: { auto_pad: "SAME_UPPER", strides: [2, 2] } }],
    { f: random([4, 4, 2, 3], 2) },
  ),
  "filtered with dilations": weightOf(
    [{ op: "Conv", inputs: ["w", "f"], outputs: ["v"], attributes: { dilations: [2, 1] } }],
    { f: random([4, 4, 2, 3], 2) },
  ),
  "pooled to means": weightOf([
    { op: "AveragePool", inputs: ["w"], outputs: ["v"], attributes: { kernel_shape: [3, 3] } },
  ]),
  "pooled to the largest, with padding": weightOf([
    {
      op: "MaxPool",
      inputs: ["w"],
      outputs: ["v"],
      attributes: { kernel_shape: [3, 2], pads: [1, 1, 1, 0], strides: [2, 2] },
    },
  ]),
  "whose channels are scaled by their mean": weightOf([
    { op: "GlobalAveragePool", inputs: ["w"], outputs: ["mean"] },
    { op: "GlobalMaxPool", inputs: ["w"], outputs: ["most"] },
    { op: "Mul", inputs: ["w", "mean"], outputs: ["m"] },
    { op: "Mul", inputs: ["m", "most"], outputs: ["v"] },
  ]),
  "normalised channel by channel": weightOf(
    [{ op: "InstanceNormalization", inputs: ["w", "gain", "offset"], outputs: ["v"] }],
    { gain, offset },
  ),
  "normalised in groups, with parameters for each group": weightOf(
    [{ op: "GroupNormalization", inputs: ["w", "g", "o"], outputs: ["v"], attributes: { num_groups: 2 } }],
    { g: random([2], 3), o: random([2], 4) },
    18,
  ),
  "normalised in groups, with parameters for each channel": weightOf(
    [{ op: "GroupNormalization", inputs: ["w", "gain", "offset"], outputs: ["v"], attributes: { num_groups: 2 } }],
    { gain, offset },
    21,
  ),
  "of unit length along an axis": weightOf([
    { op: "LpNormalization", inputs: ["w"], outputs: ["v"], attributes: { axis: 1, p: 2 } },
  ]),
  "normalised to a mean of 0 and a variance of 1": weightOf([
    { op: "MeanVarianceNormalization", inputs: ["w"], outputs: ["v"], attributes: { axes: [1, 2, 3] } },
  ]),
  "standardised as a batch, which before operator set 14 two or more outputs say": weightOf(
    [{
      op: "BatchNormalization",
      inputs: ["w", "gain", "offset", "mean", "spread"],
      outputs: ["v", "m", "s", "sm", "ss"],
    }],
    { gain, offset, mean: random([4], 6), spread: randomIn(0.5, 2, [4], 5) },
    13,
  ),
  "whose largest channels are taken": weightOf(
    [
      { op: "TopK", inputs: ["scores", "k"], outputs: ["best", "places"] },
      { op: "Gather", inputs: ["w", "places"], outputs: ["v"] },
    ],
    { scores: tensor([6], [0.5, 2, 0.5, -1, 3, 0.5]), k: ints(4), w: random([6, 4, 3, 3], 1) },
  ),
  "whose smallest entries of each row are taken": weightOf(
    [{
      op: "TopK",
      inputs: ["w", "k"],
      outputs: ["v", "places"],
      attributes: { axis: -2, largest: 0 },
    }],
    { k: ints(3) },
  ),
};

for (const [what, model] of Object.entries(WEIGHTS)) {
  Deno.test(`a weight ${what} is a constant`, async () => {
    await assertFuses(model, { Conv: 1 });
  });
}

const UNEVALUATED: Record<string, TestModel> = {
  AveragePool: weightOf([
    { op: "AveragePool", inputs: ["w"], outputs: ["v"], attributes: { kernel_shape: [3, 3], pads: [1, 1, 0, 0] } },
  ]),
  MaxPool: weightOf([
    {
      op: "MaxPool",
      inputs: ["w"],
      outputs: ["v"],
      attributes: { kernel_shape: [2, 2], pads: [1, 1, 1, 1], dilations: [3, 3] },
    },
  ]),
  LpNormalization: weightOf([{ op: "LpNormalization", inputs: ["w"], outputs: ["v"], attributes: { p: 1 } }]),
  TopK: weightOf(
    [{ op: "TopK", inputs: ["w", "k"], outputs: ["v", "places"], attributes: { sorted: 0 } }],
    { k: ints(3) },
  ),
  Conv: weightOf(
    [{ op: "Conv", inputs: ["w", "f"], outputs: ["v"] }],
    { f: random([4, 3, 3, 3], 2) }, // of other channels, which the runtime refuses
  ),
};

for (const [op, model] of Object.entries(UNEVALUATED)) {
  Deno.test(`a weight that a ${op} makes in a form that is not worked out has that reason`, async () => {
    const { skipped } = await assertKeeps(
      model,
      new RegExp(`and ${op} is not worked out with these types, sizes or attributes$`),
    );
    assert(skipped.some(({ code }) => code === "not-constant"));
  });
}

Deno.test("whole numbers that become text, and text of digits that becomes numbers, are constants", async () => {
  const scaledBy = (nodes: TestNode[], k: TestTensor): TestModel => ({
    inputs: { x: ["n", 3] },
    outputs: { y: null },
    initializers: { k },
    nodes: [...nodes, { op: "Mul", inputs: ["x", "b"], outputs: ["y"] }],
  });
  const cast = (from: string, into: string, to: number): TestNode => ({
    op: "Cast",
    inputs: [from],
    outputs: [into],
    attributes: { to },
  });
  const text = (...texts: string[]): TestTensor => ({ dims: [3], values: [], type: 8, text: texts });
  for (const type of [7, 6, 3, 9]) {
    await assertFuses(scaledBy([cast("k", "a", 8), cast("a", "b", 1)], tensor([3], [1, 0, 1], type)), { Mul: 1 });
  }
  await assertFuses(scaledBy([cast("k", "b", 1)], text("2", "-0.125", "+7")), { Mul: 1 });
  await assertFuses(scaledBy([cast("k", "a", 7), cast("a", "b", 1)], text("3.75", "-2", "5")), { Mul: 1 });
});

Deno.test("text that is more than digits, fractions as text, and text as truth are left to the runtime", async () => {
  const left = async (k: TestTensor, ...types: number[]) => {
    const nodes = types.map((to, at): TestNode => ({
      op: "Cast",
      inputs: [at === 0 ? "k" : `c${at - 1}`],
      outputs: [at === types.length - 1 ? "y" : `c${at}`],
      attributes: { to },
    }));
    const { report } = await fuse(
      modelBytes({ inputs: {}, outputs: { y: null }, types: { y: 0 }, initializers: { k }, nodes }),
    );
    return report.after.ops;
  };
  const text = (word: string): TestTensor => ({ dims: [1], values: [], type: 8, text: [word] });
  for (const word of ["1e3", "0x10", "nan", " 3", "", "9007199254740993"]) {
    assertEquals(await left(text(word), 1), { Cast: 1 }, word);
  }
  assertEquals(await left(text("1"), 9), { Cast: 1 });
  assertEquals(await left(text("1"), 10), { Cast: 1 });
  assertEquals(await left(text("300"), 2), { Cast: 1 });
  assertEquals(await left(tensor([1], [0.5]), 8), { Cast: 1 });
});
