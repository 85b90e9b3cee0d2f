/** What is not worked out although it is constant: what a float64 does not hold, and what would be too much. */
import { assertEquals, assertLess, assertRejects } from "@std/assert";
import { fuse, ModelFormatError, open } from "../../src/fusion/mod.ts";
import { constantOf } from "../../src/ops/constant.ts";
import { messageType } from "../../src/proto/schema.ts";
import { valuesOf } from "../../src/tensor/tensor.ts";
import { modelBytes, random, tensor, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";

/** The values of y, made of constants alone; undefined where they are not worked out. */
async function evaluated(nodes: TestNode[], initializers: Record<string, TestTensor>): Promise<number[] | undefined> {
  const model: TestModel = { inputs: {}, outputs: { y: null }, types: { y: 0 }, initializers, nodes };
  const constant = constantOf((await open(modelBytes(model))).graphs().graph.find("y"));
  return constant && [...valuesOf(constant)];
}

const node = (op: string, ...inputs: string[]): TestNode => ({ op, inputs, outputs: ["y"] });
const int32 = (...values: number[]) => tensor([values.length], values, 6);
const int64 = (...values: number[]) => tensor([values.length], values, 7);

Deno.test("whole numbers that their type, or a float64, does not hold are left to the runtime", async () => {
  assertEquals(await evaluated([node("Add", "a", "b")], { a: int32(2 ** 31 - 2), b: int32(1) }), [2 ** 31 - 1]);
  assertEquals(await evaluated([node("Add", "a", "b")], { a: int32(2 ** 31 - 1), b: int32(1) }), undefined);
  assertEquals(await evaluated([node("Mul", "a", "b")], { a: int64(2 ** 40), b: int64(2 ** 12) }), [2 ** 52]);
  assertEquals(await evaluated([node("Mul", "a", "b")], { a: int64(2 ** 40), b: int64(2 ** 14) }), undefined);
  assertEquals(await evaluated([node("Add", "a", "b")], { a: int64(2 ** 60), b: int64(1) }), undefined);
});

Deno.test("a whole number is not divided by zero", async () => {
  assertEquals(await evaluated([node("Div", "a", "b")], { a: int64(7, -7), b: int64(2, 2) }), [3, -3]);
  assertEquals(await evaluated([node("Div", "a", "b")], { a: int64(7, 7), b: int64(2, 0) }), undefined);
  assertEquals(await evaluated([node("Mod", "a", "b")], { a: int64(7), b: int64(0) }), undefined);
});

Deno.test("indices outside, and shapes that do not fit, are left to the runtime", async () => {
  const x = random([2, 3], 1);
  assertEquals(await evaluated([node("Gather", "x", "i")], { x, i: int64(2) }), undefined);
  assertEquals(await evaluated([node("Reshape", "x", "i")], { x, i: int64(4, -1) }), undefined);
  assertEquals(await evaluated([node("MatMul", "x", "x")], { x }), undefined);
  assertEquals(await evaluated([node("Add", "x", "k")], { x, k: random([2], 2) }), undefined);
});

Deno.test("a constant that grows without an end is not made", async () => {
  const nodes = Array.from({ length: 27 }, (_, i): TestNode => ({
    op: "Concat",
    inputs: [`c${i}`, `c${i}`],
    outputs: [i === 26 ? "y" : `c${i + 1}`],
    attributes: { axis: 0 },
  }));
  const start = performance.now();
  assertEquals(await evaluated(nodes, { c0: random([4], 1) }), undefined);
  assertLess(performance.now() - start, 2000);
});

Deno.test("a shape that no data stands behind does not let constants grow", async () => {
  const text = { dims: [2 ** 40], values: [], type: 8, text: [] }, short = { ...tensor([2 ** 40], [], 7), values: [] };
  const made = node("ConstantOfShape", "s");
  assertEquals((await evaluated([made], { s: int64(2 ** 20) }))?.length, 2 ** 20);
  assertEquals(await evaluated([made], { s: int64(2 ** 24) }), undefined);
  assertEquals(await evaluated([made], { s: int64(2 ** 24), text }), undefined);
  await assertRejects(() => evaluated([made], { s: int64(2 ** 24), short }), ModelFormatError, "the model has 0");
});

Deno.test("large constants are worked out until they have as many elements together as a model may have", async () => {
  const sums = (count: number): TestNode[] => [
    { op: "ConstantOfShape", inputs: ["s"], outputs: ["c0"], attributes: { value: { tensor: tensor([1], [2]) } } },
    ...Array.from(
      { length: count },
      (_, i): TestNode => ({ op: "Add", inputs: [`c${i}`, "c0"], outputs: [`c${i + 1}`] }),
    ),
  ];
  const { graph } = (await open(modelBytes({
    inputs: {},
    outputs: { c300: null },
    initializers: { s: int64(2 ** 22) },
    nodes: sums(300),
  }))).graphs();
  const made = graph.nodes.filter(({ output }) => constantOf(output) !== undefined).length;
  assertEquals(made, 4); // 2^24 elements
});

Deno.test("a sum of more constants than a function takes arguments is left to the runtime", async () => {
  const sum = (count: number): TestNode => ({ op: "Sum", inputs: new Array(count).fill("k"), outputs: ["y"] });
  const many = (count: number) => evaluated([sum(count)], { k: tensor([2], [1, 2]) });
  assertEquals(await many(4000), [4000, 8000]);
  assertEquals(await many(300_000), undefined);
});

Deno.test("products of constants end where one, or all of a model, would take too long", async () => {
  const squares = (count: number, isChain: boolean) =>
    Array.from({ length: count }, (_, i): TestNode => ({
      op: "MatMul",
      inputs: [isChain ? `c${i}` : "c0", isChain ? `c${i}` : "c0"],
      outputs: [`c${i + 1}`],
    }));
  const c0 = random([400, 400], 1);
  const made = async (nodes: TestNode[]) => {
    const outputs = Object.fromEntries(nodes.map(({ outputs }) => [outputs[0], [400, 400]]));
    const { graph } = (await open(modelBytes({ inputs: {}, outputs, initializers: { c0 }, nodes }))).graphs();
    return nodes.filter(({ outputs }) => constantOf(graph.find(outputs[0])) !== undefined).length;
  };
  const most = 2 ** 32 + 256 * 400 ** 2, one = 400 ** 3;
  assertEquals(await made(squares(200, false)), Math.floor(most / one));
  assertLess(one * (1 + 3 + 7 + 15 + 31), most); // a square of a square is three products
  assertEquals(await made(squares(12, true)), 5);
});

Deno.test("value_ints beyond 2^53 keep every bit", async () => {
  const numbers = ["9223372036854775807", "9223372036854775806", "-9223372036854775808", "9007199254740993"];
  const type = messageType("ModelProto");
  const model = type.decode(modelBytes({
    inputs: { x: [4] },
    types: { y: 7 },
    outputs: { y: null },
    nodes: [
      { op: "Constant", inputs: [], outputs: ["c"], attributes: { value_ints: [0] } },
      { op: "Cast", inputs: ["x"], outputs: ["i"], attributes: { to: 7 } },
      { op: "Max", inputs: ["i", "c"], outputs: ["y"] },
    ],
  }));
  const object = type.toObject(model, { longs: String, bytes: String }) as {
    graph: { node: { attribute: { ints: string[] }[] }[] };
  };
  object.graph.node[0].attribute[0].ints = numbers;
  const { model: fused, report } = await fuse(type.encode(type.fromObject(object)).finish());
  assertEquals(report.after.ops, { Cast: 1, Max: 1 });
  const bytes = type.toObject(type.decode(await fused.bytes()), { longs: String }) as {
    graph: { initializer: { raw_data: Uint8Array }[] };
  };
  const raw = bytes.graph.initializer[0].raw_data.slice();
  assertEquals([...new BigInt64Array(raw.buffer)].map(String), numbers);
});

const LARGE = 2 ** 31 - 1;
const CLAIMS: Record<string, TestModel> = {
  "channels of a SpaceToDepth": {
    inputs: { x: ["n", LARGE, 4, 4] },
    outputs: { y: null },
    nodes: [{ op: "SpaceToDepth", inputs: ["x"], outputs: ["y"], attributes: { blocksize: 2 } }],
  },
  "the block of a SpaceToDepth": {
    inputs: { x: ["n", 3, LARGE, LARGE] },
    outputs: { y: null },
    nodes: [{ op: "SpaceToDepth", inputs: ["x"], outputs: ["y"], attributes: { blocksize: LARGE } }],
  },
  "the block of a DepthToSpace before a normalization": {
    inputs: { x: ["n", 8, 4, 2] },
    outputs: { y: null },
    initializers: { a: random([2], 1), v: tensor([2], [1, 2]) },
    nodes: [
      { op: "DepthToSpace", inputs: ["x"], outputs: ["d"], attributes: { blocksize: LARGE, mode: "CRD" } },
      { op: "BatchNormalization", inputs: ["d", "a", "a", "a", "v"], outputs: ["y"] },
    ],
  },
  "parts of a sequence": {
    inputs: { x: ["n", LARGE] },
    outputs: { y: null },
    initializers: { one: tensor([], [1], 7), zero: tensor([], [0], 7) },
    nodes: [
      { op: "SplitToSequence", inputs: ["x", "one"], outputs: ["s"], attributes: { axis: 1 } },
      { op: "SequenceAt", inputs: ["s", "zero"], outputs: ["y"] },
    ],
  },
  "the scale of a Resize": {
    inputs: { x: ["n", 3, 4, 4] },
    outputs: { y: null },
    initializers: { scales: tensor([4], [1, 1, LARGE, LARGE]), w: random([3, 3, 3, 3], 1) },
    nodes: [
      { op: "Resize", inputs: ["x", "", "scales"], outputs: ["r"], attributes: { mode: "nearest" } },
      { op: "Conv", inputs: ["r", "w"], outputs: ["y"], attributes: { pads: [1, 1, 1, 1] } },
    ],
  },
};

for (const [what, claim] of Object.entries(CLAIMS)) {
  Deno.test(`${what} that a model only claims to have take neither time nor memory`, async () => {
    const before = performance.now();
    await fuse(modelBytes(claim), { runtime: "onnxruntime-cpu" });
    assertLess(performance.now() - before, 2000);
  });
}

Deno.test("a Pad of a constant that crops more than there is stays", async () => {
  const cropped = (by: number) => evaluated([node("Pad", "a", "b")], { a: int64(1, 2, 3, 4), b: int64(-by, -by) });
  assertEquals([await cropped(1), await cropped(3)], [[2, 3], undefined]);
});

Deno.test("a window over a constant that would be too much work is left to the runtime, at once", async () => {
  const x = random([1, 1, 4, 4], 1), w = random([1, 1, 2, 2], 2), before = performance.now();
  const conv = (pad: number): TestNode => ({
    ...node("Conv", "x", "w"),
    attributes: { pads: [pad, pad, pad, pad] },
  });
  const pool = (size: number): TestNode => ({
    ...node("MaxPool", "x"),
    attributes: { kernel_shape: [size, size], pads: [size - 1, size - 1, size - 1, size - 1] },
  });
  assertEquals((await evaluated([conv(1)], { x, w }))?.length, 25);
  assertEquals(await evaluated([conv(LARGE)], { x, w }), undefined);
  assertEquals((await evaluated([pool(2)], { x }))?.length, 25);
  assertEquals(await evaluated([pool(LARGE)], { x }), undefined);
  const k = int64(1), sorted: TestNode = { ...node("TopK", "x", "k"), outputs: ["y", "places"] };
  assertEquals((await evaluated([sorted], { x: random([2 ** 16], 1), k }))?.length, 1);
  assertEquals(await evaluated([sorted], { x: random([2 ** 16 + 1], 1), k }), undefined);
  assertLess(performance.now() - before, 2000);
});

Deno.test("an axis far beyond a tensor's is known of a Pad, a Resize and a CenterCropPad without a list as long as it", async () => {
  for (const axis of [4, 2 ** 26, 2 ** 31]) {
    const far = tensor([1], [axis], 7), empty = tensor([0], []);
    const operators: [operator: TestNode, initializers: TestModel["initializers"]][] = [
      [{ op: "Pad", inputs: ["c", "pads", "zero", "axes"], outputs: ["o"] }, {
        pads: tensor([2], [1, 1], 7),
        zero: tensor([], [0]),
        axes: far,
      }],
      [{ op: "Resize", inputs: ["c", "empty", "scales"], outputs: ["o"], attributes: { axes: [axis] } }, {
        empty,
        scales: tensor([1], [2]),
      }],
      [{ op: "CenterCropPad", inputs: ["c", "sizes"], outputs: ["o"], attributes: { axes: [axis] } }, {
        sizes: tensor([1], [4], 7),
      }],
    ];
    for (const [operator, initializers] of operators) {
      const { report } = await fuse(modelBytes({
        opset: 18,
        inputs: { x: [2, 4, 6, 6] },
        outputs: { y: null },
        initializers: { w: random([4, 4, 1, 1], 1), ...initializers },
        nodes: [
          { op: "Conv", inputs: ["x", "w"], outputs: ["c"] },
          operator,
          { op: "Conv", inputs: ["o", "w"], outputs: ["y"] },
        ],
      }));
      assertEquals(report.after.ops, { Conv: 2, [operator.op]: 1 });
    }
  }
});
