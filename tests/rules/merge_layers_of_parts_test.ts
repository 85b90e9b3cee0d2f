/** Convolutions of parts of the channels, side by side again: one with groups. */
import { assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { modelBytes, random, tensor, type TestAttribute, type TestModel, type TestNode } from "../onnx_model.ts";

const INT64 = 7;

interface Case {
  opset?: number;
  /** Channels of the parts that are cut. */
  parts?: number[];
  /** Which parts are convolved, in the order in which they are joined. */
  order?: number[];
  outputs?: number;
  kernel?: number[];
  /** Attributes of each convolution. */
  attributes?: (part: number) => Record<string, TestAttribute>;
  hasBias?: (part: number) => boolean;
  group?: number;
  axis?: number;
}

function model(given: Case = {}): TestModel {
  const { opset = 17, parts = [6, 6, 6], outputs = 4, kernel = [1, 1], attributes, group = 1, axis = 1 } = given;
  const { order = parts.map((_, at) => at), hasBias = () => true } = given;
  const channels = parts.reduce((a, b) => a + b), names = parts.map((_, at) => `s${at}`);
  const split: TestNode = opset < 13
    ? { op: "Split", inputs: ["x"], outputs: names, attributes: { axis: 1, split: parts } }
    : { op: "Split", inputs: ["x", "parts"], outputs: names, attributes: { axis: 1 } };
  return {
    opset,
    inputs: { x: ["n", channels, ...kernel.map(() => 7)] },
    outputs: { y: null },
    initializers: {
      parts: tensor([parts.length], parts, INT64),
      ...Object.fromEntries(parts.map((part, at) => [`w${at}`, random([outputs, part / group, ...kernel], at + 1)])),
      ...Object.fromEntries(parts.map((_, at) => [`b${at}`, random([outputs], at + 9)])),
    },
    nodes: [
      split,
      ...order.map((at, place): TestNode => ({
        op: "Conv",
        inputs: [`s${at}`, `w${at}`, ...hasBias(at) ? [`b${at}`] : []],
        outputs: [`c${place}`],
        attributes: { ...group > 1 && { group }, ...attributes?.(at) },
      })),
      { op: "Concat", inputs: order.map((_, place) => `c${place}`), outputs: ["y"], attributes: { axis } },
    ],
  };
}

const MERGED = { Conv: 1 };

async function left(test: TestModel) {
  return (await fuse(modelBytes(test))).report.after.ops;
}

Deno.test("fuse() makes convolutions of parts side by side one with groups", async () => {
  await assertFuses(model(), MERGED);
  await assertFuses(model({ opset: 11 }), MERGED);
  await assertFuses(model({ kernel: [1] }), MERGED);
  await assertFuses(model({ hasBias: () => false }), MERGED);
  await assertFuses(model({ hasBias: (part) => part === 1 }), MERGED);
});

Deno.test("fuse() keeps the window of the layers, and their own groups", async () => {
  const wide = { parts: [16, 16], outputs: 16, kernel: [3, 3] };
  const window = { pads: [1, 0, 2, 1], strides: [2, 1], dilations: [1, 2] };
  await assertFuses(model({ ...wide, attributes: () => window }), MERGED);
  await assertFuses(model({ ...wide, attributes: () => ({ auto_pad: "SAME_UPPER" }) }), MERGED);
  await assertFuses(model({ group: 2 }), MERGED);
  await assertFuses(model({ parts: [1, 1, 1, 1], outputs: 1, kernel: [3, 3] }), MERGED);
});

Deno.test("fuse() makes convolutions of Slices one with groups, whatever the order of the nodes", async () => {
  const test = model({ parts: [6, 6] });
  test.nodes.splice(
    0,
    1,
    ...[0, 1].map((at): TestNode => {
      const bounds = [6 * at, 6 * at + 6, 1].map((value, place) => {
        test.initializers![`p${at}_${place}`] = tensor([1], [value], INT64);
        return `p${at}_${place}`;
      });
      return { op: "Slice", inputs: ["x", ...bounds], outputs: [`s${at}`] };
    }),
  );
  test.nodes.reverse().sort((a, b) => Number(a.op === "Concat") - Number(b.op === "Concat") || (a.op < b.op ? 1 : -1));
  await assertFuses(test, MERGED);
});

Deno.test("fuse() keeps parts that are joined in another order, or not all of them", async () => {
  assertEquals((await left(model({ order: [1, 0, 2] }))).Concat, 1);
  assertEquals((await left(model({ order: [0, 1] }))).Concat, 1);
});

Deno.test("fuse() keeps one layer that is joined with itself", async () => {
  const test = model({ parts: [6, 6] });
  test.nodes.at(-1)!.inputs = ["c0", "c0"];
  assertEquals((await left(test)).Concat, 1);
});

Deno.test("fuse() keeps what is joined along another axis", async () => {
  assertEquals((await left(model({ axis: 2 }))).Concat, 1);
});

Deno.test("fuse() keeps parts of different values", async () => {
  const test = model({ parts: [6, 6] });
  test.inputs!.z = ["n", 12, 7, 7];
  test.nodes.unshift({ op: "Split", inputs: ["z", "parts"], outputs: ["t0", "t1"], attributes: { axis: 1 } });
  test.nodes.find(({ outputs }) => outputs[0] === "c1")!.inputs[0] = "t1";
  assertEquals((await left(test)).Concat, 1);
});

Deno.test("fuse() keeps layers of different kernels, windows or sizes", async () => {
  const reason = /c0 and c1 have different kernels: no groups of one layer/;
  await assertKeeps(model({ parts: [6, 8, 6] }), reason);
  const windows = [{ dilations: [1, 1], pads: [1, 1, 1, 1] }, { dilations: [1, 2], pads: [1, 2, 1, 2] }];
  await assertKeeps(model({ parts: [6, 6], kernel: [3, 3], attributes: (part) => windows[part] }), reason);
});

Deno.test("fuse() keeps layers whose weights are not constant", async () => {
  for (const [name, dims] of [["w1", [4, 6, 1, 1]], ["b1", [4]]] as const) {
    const test = model();
    test.inputs![name] = [...dims];
    await assertKeeps(test, /is an initializer that is also a graph input/);
  }
});

Deno.test("fuse() keeps a part, or the result of a layer, that something else takes", async () => {
  for (const name of ["s1", "c1"]) {
    const test = model();
    test.outputs[name] = null;
    await assertKeeps(test, new RegExp(`'${name}', which would disappear, is a graph output`));
  }
});

Deno.test("fuse() keeps kernels of several taps in groups that the runtime is slow at", async () => {
  await assertKeeps(
    model({ kernel: [3, 3] }),
    /groups of 6 to 4 channels, as those of c0 would be, are slower than layers/,
  );
  await assertKeeps(
    model({ kernel: [3, 3], parts: [16, 16], outputs: 8 }),
    /groups of 16 to 8 channels, as those of c0 would be, are slower than layers apart/,
  );
});
