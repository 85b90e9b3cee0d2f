import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { random, type TestAttribute, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";

const ints = (...values: number[]): TestTensor => ({ dims: [values.length], values, type: 7 });
const W = { w: random([4, 3, 3, 3], 1) };

/** x (2, 3, 7, 7) → Pad → `node` on p. */
function padThen(
  node: Partial<TestNode>,
  pads: TestTensor = ints(0, 0, 1, 2, 0, 0, 0, 1),
  more: Partial<TestModel> & { extra?: string[]; mode?: string } = {},
): TestModel {
  const { extra = [], mode, ...model } = more;
  return {
    inputs: { x: [2, 3, 7, 7] },
    outputs: { y: null },
    nodes: [
      { op: "Pad", inputs: ["x", "pads", ...extra], outputs: ["p"], name: "pad", attributes: mode ? { mode } : {} },
      { op: "Conv", inputs: ["p", "w"], outputs: ["y"], name: "user", ...node },
    ],
    ...model,
    initializers: { ...node.op && node.op !== "Conv" ? {} : W, pads, ...model.initializers },
  };
}

const pool = (attributes: Record<string, TestAttribute>): Partial<TestNode> => ({
  op: "AveragePool",
  inputs: ["p"],
  attributes: { kernel_shape: [3, 3], ...attributes },
});

/** x (2, 7, 7, 3), channels last → Pad → Transpose → a node on t. */
function padLast(
  op: string,
  initializers: Record<string, TestTensor>,
  attributes: Record<string, TestAttribute> = {},
  pads = ints(0, 1, 2, 0, 0, 0, 1, 0),
): TestModel {
  return {
    inputs: { x: [2, 7, 7, 3] },
    outputs: { y: null },
    initializers: { ...initializers, pads },
    nodes: [
      { op: "Pad", inputs: ["x", "pads"], outputs: ["p"], name: "pad" },
      { op: "Transpose", inputs: ["p"], outputs: ["t"], name: "turn", attributes: { perm: [0, 3, 1, 2] } },
      { op, inputs: ["t", ...Object.keys(initializers)], outputs: ["y"], name: "user", attributes },
    ],
  };
}

const FOLDS: Record<string, { model: TestModel; left: Record<string, number> }> = {
  "a Conv": { model: padThen({}), left: { Conv: 1 } },
  "a Conv with pads, stride and dilation of its own": {
    model: padThen({ attributes: { pads: [1, 0, 2, 1], strides: [2, 1], dilations: [1, 2] } }),
    left: { Conv: 1 },
  },
  "a Conv with auto_pad SAME_UPPER, of a known size": {
    model: padThen({ attributes: { auto_pad: "SAME_UPPER", strides: [2, 2] } }),
    left: { Conv: 1 },
  },
  "a Conv with auto_pad SAME_LOWER at stride 1, of any size": {
    model: padThen({ attributes: { auto_pad: "SAME_LOWER" } }, undefined, {
      inputs: { x: ["n", 3, "h", "w"] },
      initializers: { w: random([4, 3, 2, 2], 1) },
    }),
    left: { Conv: 1 },
  },
  "a Conv with auto_pad VALID": { model: padThen({ attributes: { auto_pad: "VALID" } }), left: { Conv: 1 } },
  "a Conv behind a Transpose, the channels last until then": {
    model: padLast("Conv", W),
    left: { Conv: 1, Transpose: 1 },
  },
  "an AveragePool behind a Transpose": {
    model: padLast("AveragePool", {}, { kernel_shape: [3, 3] }),
    left: { AveragePool: 1, Transpose: 1 },
  },
  "a 1-D Conv": {
    model: padThen({}, ints(0, 0, 1, 0, 0, 2), { inputs: { x: [2, 3, 7] }, initializers: { w: random([4, 3, 3], 1) } }),
    left: { Conv: 1 },
  },
  "a Conv, zero given as value": {
    model: padThen({}, undefined, { extra: ["zero"], initializers: { zero: { dims: [], values: [0] } } }),
    left: { Conv: 1 },
  },
  "a Conv, axes given (opset 18), negative ones too": {
    model: padThen({}, ints(1, 2, 0, 1), {
      opset: 18,
      extra: ["", "axes"],
      initializers: { axes: ints(-1, 2) },
    }),
    left: { Conv: 1 },
  },
  "a Conv, pads an attribute (opset 10)": {
    model: {
      ...padThen({}, undefined, { opset: 10 }),
      nodes: [
        { op: "Pad", inputs: ["x"], outputs: ["p"], attributes: { pads: [0, 0, 1, 2, 0, 0, 0, 1] } },
        { op: "Conv", inputs: ["p", "w"], outputs: ["y"] },
      ],
      initializers: W,
    },
    left: { Conv: 1 },
  },
  "two Convs": {
    model: {
      ...padThen({}),
      outputs: { y: null, z: null },
      nodes: [
        ...padThen({}).nodes,
        { op: "Conv", inputs: ["p", "w"], outputs: ["z"], attributes: { pads: [1, 1, 1, 1] } },
      ],
    },
    left: { Conv: 2 },
  },
  "an AveragePool": { model: padThen(pool({})), left: { AveragePool: 1 } },
  "an AveragePool that counts its own padding": {
    model: padThen(pool({ pads: [1, 0, 1, 0], count_include_pad: 1, strides: [2, 2] })),
    left: { AveragePool: 1 },
  },
  "an AveragePool with ceil_mode whose windows end with the input": {
    model: padThen(pool({ ceil_mode: 1, strides: [1, 1] })),
    left: { AveragePool: 1 },
  },
  "a dilated AveragePool (opset 19)": {
    model: padThen(pool({ dilations: [2, 2] }), undefined, { opset: 19 }),
    left: { AveragePool: 1 },
  },
  "nothing, where it pads nothing": {
    model: padThen(
      { op: "MaxPool", inputs: ["p"], attributes: { kernel_shape: [2, 2] } },
      ints(0, 0, 0, 0, 0, 0, 0, 0),
      {
        mode: "reflect",
      },
    ),
    left: { MaxPool: 1 },
  },
};

for (const [name, { model, left }] of Object.entries(FOLDS)) {
  Deno.test(`fold-pad folds a Pad into ${name}`, async () => void await assertFuses(model, left));
}

const REFUSALS: Record<string, { model: TestModel; reason: RegExp }> = {
  "of mode reflect": { model: padThen({}, undefined, { mode: "reflect" }), reason: /its mode is 'reflect'/ },
  "of a value that is not zero": {
    model: padThen({}, undefined, { extra: ["v"], initializers: { v: { dims: [], values: [1] } } }),
    reason: /it pads with 1/,
  },
  "of a value that is not constant": {
    model: padThen({}, undefined, { extra: ["v"], inputs: { x: [2, 3, 7, 7], v: [] } }),
    reason: /its value is not constant: 'v' is an input/,
  },
  "with pads that are not constant": {
    model: {
      ...padThen({}),
      nodes: [
        { op: "ReduceMin", inputs: ["x"], outputs: ["least"], attributes: { keepdims: 0 } },
        { op: "IsNaN", inputs: ["least"], outputs: ["none"] },
        { op: "Where", inputs: ["none", "pads", "pads"], outputs: ["chosen"] },
        { ...padThen({}).nodes[0], inputs: ["x", "chosen"] },
        padThen({}).nodes[1],
      ],
    },
    reason: /its pads are not constant: 'chosen' is computed by Where/,
  },
  "that crops": { model: padThen({}, ints(0, 0, -1, 1, 0, 0, 1, 1)), reason: /negative in part: it crops/ },
  "of the channels": {
    model: padThen({}, ints(0, 1, 1, 1, 0, 0, 1, 1), { initializers: { w: random([4, 4, 3, 3], 1) } }),
    reason: /pads the batch or the channels/,
  },
  "before a MaxPool": {
    model: padThen({ op: "MaxPool", inputs: ["p"], attributes: { kernel_shape: [3, 3] } }),
    reason: /user is a MaxPool: it would pad with −∞ where pad pads with zeros/,
  },
  "before something without pads": { model: padThen({ op: "Relu", inputs: ["p"] }), reason: /goes into Relu \(user\)/ },
  "before an AveragePool that does not count its own padding": {
    model: padThen(pool({ pads: [1, 1, 1, 1] })),
    reason: /does not count the cells it pads itself/,
  },
  "before an AveragePool with partial windows": {
    model: padThen(pool({ ceil_mode: 1, strides: [2, 2] }), ints(0, 0, 1, 1, 0, 0, 2, 2)),
    reason: /ceil_mode = 1/,
  },
  "as large as the pool's kernel": {
    model: padThen(pool({}), ints(0, 0, 3, 3, 0, 0, 1, 1)),
    reason: /pads as large as its kernel/,
  },
  "before a Conv with auto_pad of an unknown size": {
    model: padThen({ attributes: { auto_pad: "SAME_UPPER", strides: [2, 2] } }, undefined, {
      inputs: { x: [2, 3, "h", "w"] },
    }),
    reason: /pads by auto_pad, how much is not known/,
  },
  "that is a graph output": {
    model: padThen({}, undefined, { outputs: { y: null, p: null } }),
    reason: /'p', which would disappear, is a graph output/,
  },
};

for (const [name, { model, reason }] of Object.entries(REFUSALS)) {
  Deno.test(`fold-pad keeps a Pad ${name}`, async () => {
    await assertKeeps(model, reason, { node: "pad" });
    const left: Record<string, number> = {};
    for (const { op } of model.nodes) left[op] = (left[op] ?? 0) + 1;
    await assertFuses(model, Object.fromEntries(Object.entries(left).toSorted()));
  });
}

Deno.test("fold-pad keeps a Pad of what a Transpose makes the channels", async () => {
  const model = padLast("Conv", { w: random([4, 4, 3, 3], 1) }, {}, ints(0, 0, 0, 1, 0, 0, 0, 0));
  await assertKeeps(model, /pads the batch or the channels of user/, { node: "turn" });
});

Deno.test("fold-pad keeps a Pad whose result is needed before a Transpose, too", async () => {
  await assertKeeps({ ...padLast("Conv", W), outputs: { y: null, p: null } }, /'p', which would disappear/, {
    node: "turn",
  });
});

/** x (2, 3, 9) → a layer → Slice along the length. */
function trimmed(
  layer: Partial<TestNode> = {},
  { starts = [0], ends = [-4], axes = [2], steps = [1], length = "length" as number | string, weight = [4, 3, 3] } = {},
): TestModel {
  return {
    inputs: { x: [2, 3, length] },
    outputs: { y: null },
    initializers: {
      w: random(weight, 1),
      b: random([4], 2),
      starts: ints(...starts),
      ends: ints(...ends),
      axes: ints(...axes),
      steps: ints(...steps),
    },
    nodes: [
      { op: "Conv", inputs: ["x", "w", "b"], outputs: ["c"], attributes: { pads: [4, 4], dilations: [2] }, ...layer },
      { op: "Slice", inputs: ["c", "starts", "ends", "axes", "steps"], outputs: ["y"] },
    ],
  };
}

const CROPPED: Partial<TestNode> = { op: "ConvTranspose", attributes: { strides: [2], pads: [1, 0] } };

Deno.test("fuse() pads a Conv less whose result is cut at its ends, as causal ones are written", async () => {
  await assertFuses(trimmed(), { Conv: 1 });
  await assertFuses(trimmed({}, { starts: [1], ends: [-3], axes: [-1] }), { Conv: 1 });
  await assertFuses(trimmed({}, { starts: [4], ends: [2 ** 31 - 1] }), { Conv: 1 });
  await assertFuses(trimmed({}, { starts: [-12], ends: [11], length: 9 }), { Conv: 1 });
  await assertFuses(trimmed({ attributes: { pads: [2, 2], strides: [2] } }, { ends: [-1], length: 8 }), { Conv: 1 });
});

Deno.test("fuse() crops a ConvTranspose whose result is cut at its ends", async () => {
  const weight = [3, 4, 6];
  await assertFuses(trimmed(CROPPED, { weight }), { ConvTranspose: 1 });
  const attributes = { strides: [3], output_padding: [1] };
  await assertFuses(trimmed({ ...CROPPED, attributes }, { weight, starts: [2], ends: [-3] }), { ConvTranspose: 1 });
});

Deno.test("fuse() keeps a Slice that takes more than the padding, or that might leave nothing", async () => {
  const kept = { Conv: 1, Slice: 1 };
  await assertFuses(trimmed({}, { ends: [-5] }), kept);
  await assertFuses(trimmed({}, { starts: [2], ends: [-3] }), kept);
  await assertFuses(trimmed({ attributes: { pads: [2, 2], strides: [2] } }, { ends: [-2], length: 9 }), kept);
  await assertFuses(trimmed({ ...CROPPED, attributes: {} }, { weight: [3, 4, 3], ends: [-3], length: 9 }), {
    ConvTranspose: 1,
    Slice: 1,
  });
});

Deno.test("fuse() keeps a Slice with steps, of channels, of open ends, or of what others take", async () => {
  const kept = { Conv: 1, Slice: 1 };
  await assertFuses(trimmed({}, { steps: [2] }), kept);
  await assertFuses(trimmed({}, { axes: [1], ends: [-1] }), kept);
  await assertFuses(trimmed({}, { ends: [7] }), kept);
  const shared = trimmed();
  shared.outputs.c = null;
  await assertFuses(shared, kept);
  const chosen = { auto_pad: "SAME_UPPER", strides: [2] };
  await assertFuses(trimmed({ attributes: chosen }, { ends: [-1] }), kept);
});
