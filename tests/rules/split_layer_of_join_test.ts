/** A 1×1 convolution of an enlarged map and others, split: the enlarged one is multiplied where it is small. */
import { assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { modelBytes, random, tensor, type TestAttribute, type TestModel } from "../onnx_model.ts";

interface Case {
  enlarged?: number;
  others?: number[];
  outputs?: number;
  size?: (number | string)[];
  resize?: Record<string, TestAttribute>;
  kernel?: number;
  group?: number;
  axis?: number;
  scales?: number[];
  pads?: number[];
}

function model(given: Case = {}): TestModel {
  const { enlarged = 40, others = [20], outputs = 24, size = [3, 4], kernel = 1, group = 1, axis = 1 } = given;
  const { scales = [1, 1, 2, 2], resize = { mode: "nearest" }, pads = [0, 0, 0, 0] } = given;
  const large = size.map((length) => typeof length === "number" ? 2 * length : null);
  const channels = others.reduce((a, b) => a + b, enlarged);
  return {
    inputs: {
      x: [1, enlarged, ...size],
      ...Object.fromEntries(others.map((count, at) => [`o${at}`, [1, count, ...large]])),
    },
    outputs: { y: null },
    initializers: {
      s: tensor([4], scales),
      w: random([outputs, channels / group, kernel, kernel], 1),
      b: random([outputs], 2),
    },
    nodes: [
      { op: "Resize", inputs: ["x", "", "s"], outputs: ["u"], attributes: resize },
      {
        op: "Concat",
        inputs: ["o0", "u", ...others.slice(1).map((_, at) => `o${at + 1}`)],
        outputs: ["j"],
        attributes: { axis },
      },
      { op: "Conv", inputs: ["j", "w", "b"], outputs: ["y"], attributes: { group, pads } },
    ],
  };
}

const SPLIT = { Add: 1, Conv: 2, Resize: 1 }, KEPT = { Concat: 1, Conv: 1, Resize: 1 };

async function left(test: TestModel) {
  return (await fuse(modelBytes(test))).report.after.ops;
}

Deno.test("fuse() multiplies what is enlarged where it is small, whatever the interpolation", async () => {
  await assertFuses(model(), SPLIT);
  await assertFuses(model({ resize: { mode: "linear" } }), SPLIT);
  await assertFuses(model({ resize: { mode: "cubic", coordinate_transformation_mode: "align_corners" } }), SPLIT);
  await assertFuses(model({ others: [10, 10] }), { Add: 1, Concat: 1, Conv: 2, Resize: 1 });
});

Deno.test("fuse() keeps a Conv with a small result", async () => {
  await assertKeeps(model({ outputs: 20 }), /the result of .* is so small that its arithmetic is no work/);
});

/** A join of maps of 16 × 16 that were enlarged so often each, and a Conv of all to 32 channels. */
function pyramid(times: readonly number[], { channels = 32, modes = ["linear", "nearest"] } = {}): TestModel {
  const each = times.map((by, at) => ({
    x: { [`x${at}`]: [1, channels, 16 / by, 16 / by] },
    s: { [`s${at}`]: tensor([4], [1, 1, by, by]) },
    node: {
      op: "Resize",
      inputs: [`x${at}`, "", `s${at}`],
      outputs: [`u${at}`],
      attributes: { mode: modes[at % modes.length] },
    },
  }));
  const joined = times.map((by, at) => by === 1 ? `x${at}` : `u${at}`);
  return {
    inputs: Object.assign({}, ...each.map(({ x }) => x)),
    outputs: { y: null },
    initializers: Object.assign(
      { w: random([32, times.length * channels, 1, 1], 1), b: random([32], 2) },
      ...each.map(({ s }) => s),
    ),
    nodes: [
      ...each.filter((_, at) => times[at] > 1).map(({ node }) => node),
      { op: "Concat", inputs: joined, outputs: ["j"], attributes: { axis: 1 } },
      { op: "Conv", inputs: ["j", "w", "b"], outputs: ["y"] },
    ],
  };
}

Deno.test("fuse() splits off every enlarged map at once, as a pyramid's head has them", async () => {
  await assertFuses(pyramid([1, 2, 4, 8]), { Add: 3, Conv: 4, Resize: 3 });
  await assertFuses(pyramid([2, 1, 1, 4]), { Add: 2, Concat: 1, Conv: 3, Resize: 2 });
});

Deno.test("fuse() keeps one map in the Conv where all are enlarged, the one that saves least", async () => {
  await assertFuses(pyramid([4, 2, 8]), { Add: 2, Conv: 3, Resize: 3 });
});

Deno.test("fuse() puts a normalization behind the Conv into both parts", async () => {
  const test = model();
  test.nodes[2].outputs = ["c"];
  test.nodes.push({ op: "BatchNormalization", inputs: ["c", "g", "h", "m", "v"], outputs: ["y"] });
  const [g, h, m] = [3, 4, 5].map((seed) => random([24], seed));
  Object.assign(test.initializers!, { g, h, m, v: tensor([24], Array.from({ length: 24 }, (_, i) => 1 + i / 4)) });
  await assertFuses(test, SPLIT);
});

Deno.test("fuse() keeps a Conv that is not pointwise or has groups", async () => {
  assertEquals(await left(model({ kernel: 3 })), KEPT);
  assertEquals(await left(model({ group: 2 })), KEPT);
});

Deno.test("fuse() keeps a join along another axis", async () => {
  const test = model({ others: [40], axis: 2 });
  test.initializers!.w = random([6, 40, 1, 1], 1);
  assertEquals(await left(test), KEPT);
});

Deno.test("fuse() keeps an enlarged map that something else takes", async () => {
  const test = model();
  test.outputs.u = null;
  assertEquals(await left(test), KEPT);
});

Deno.test("fuse() keeps a Conv that takes few channels of the enlarged map", async () => {
  await assertKeeps(model({ enlarged: 16 }), /y takes too few channels of the enlarged 'u' to be split/);
});

Deno.test("fuse() keeps a map that is made smaller", async () => {
  const test = model({ scales: [1, 1, 0.5, 0.5], size: [4, 4] });
  test.inputs!.o0 = [1, 20, 2, 2];
  assertEquals(await left(test), KEPT);
});

Deno.test("fuse() keeps a Conv most of whose arithmetic is for the other maps", async () => {
  assertEquals(await left(model({ others: [100] })), KEPT);
});

Deno.test("fuse() splits every Conv of the same join, and none where something else needs it whole", async () => {
  const second: TestModel["nodes"][number] = { op: "Conv", inputs: ["j", "w"], outputs: ["z"] };
  const both = model();
  both.nodes.push(second);
  both.outputs.z = null;
  await assertFuses(both, { Add: 2, Conv: 4, Resize: 2 });
  const whole = model();
  whole.nodes.push({ op: "Relu", inputs: ["j"], outputs: ["z"] });
  whole.outputs.z = null;
  assertEquals(await left(whole), { ...KEPT, Relu: 1 });
});

interface Neck {
  size?: (number | string)[];
  sizes?: "of the other" | "constant channels";
  stride?: number;
  mode?: string;
  kernel?: number;
  channels?: number;
}

/** A map made smaller by a Conv, enlarged to the size of what it was made of, joined with that: the sizes are computed. */
function neck(
  { size = ["h", "w"], sizes = "of the other", stride = 2, mode = "linear", kernel = 1, channels = 40 }: Neck = {},
): TestModel {
  const integers = (...values: number[]) => tensor([values.length], values, 7), pad = (kernel - 1) / 2;
  return {
    inputs: { o: ["n", 20, ...size] },
    outputs: { y: null },
    initializers: {
      v: random([channels, 20, 3, 3], 1),
      w: random([24, channels + 20, kernel, kernel], 2),
      b: random([24], 3),
      zero: integers(0),
      one: integers(1),
      two: integers(2),
      four: integers(4),
      channels: integers(channels),
    },
    nodes: [
      { op: "Conv", inputs: ["o", "v"], outputs: ["c"], attributes: { strides: [stride, stride], pads: [1, 1, 1, 1] } },
      { op: "Relu", inputs: ["c"], outputs: ["x"] },
      { op: "Shape", inputs: ["x"], outputs: ["shape"] },
      { op: "Slice", inputs: ["shape", "zero", sizes === "of the other" ? "two" : "one"], outputs: ["first"] },
      { op: "Shape", inputs: ["o"], outputs: ["whole"] },
      { op: "Slice", inputs: ["whole", "two", "four"], outputs: ["last"] },
      {
        op: "Concat",
        inputs: ["first", ...sizes === "of the other" ? [] : ["channels"], "last"],
        outputs: ["sizes"],
        attributes: { axis: 0 },
      },
      { op: "Resize", inputs: ["x", "", "", "sizes"], outputs: ["u"], attributes: { mode } },
      { op: "Concat", inputs: ["o", "u"], outputs: ["j"], attributes: { axis: 1 } },
      { op: "Conv", inputs: ["j", "w", "b"], outputs: ["y"], attributes: { pads: [pad, pad, pad, pad] } },
    ],
  };
}

const SPLIT_NECK = { ...SPLIT, Conv: 3, Relu: 1 };

Deno.test("fuse() splits a Conv of a map that is enlarged to the size of another", async () => {
  await assertFuses(neck(), { ...SPLIT_NECK, Concat: 1, Shape: 2, Slice: 2 });
  await assertFuses(neck({ size: [31, 33] }), { ...SPLIT_NECK, Concat: 1, Shape: 1, Slice: 1 });
  await assertFuses(neck({ size: [32, 32] }), SPLIT_NECK);
});

Deno.test("fuse() keeps a Conv of a map that is resized to the size it has, which goes", async () => {
  await assertFuses(neck({ stride: 1 }), { Concat: 1, Conv: 2, Relu: 1 });
});

Deno.test("fuse() says so where the sizes do not come from the shape of what is enlarged", async () => {
  await assertKeeps(
    neck({ sizes: "constant channels" }),
    /sizes. is computed otherwise than from the shape of .x/,
  );
});

Deno.test("fuse() splits a k×k Conv where cells are repeated, as in a U-Net's decoder", async () => {
  const decoder = { enlarged: 80, kernel: 3, size: [14, 16], pads: [1, 1, 1, 1] };
  const phases = { Add: 1, Concat: 1, Conv: 5, DepthToSpace: 1 };
  await assertFuses(model(decoder), phases);
  await assertFuses(model({ ...decoder, pads: [0, 0, 0, 0] }), phases);
  await assertFuses(model({ ...decoder, others: [10, 10] }), { ...phases, Concat: 2 });
  await assertFuses(neck({ channels: 80, kernel: 3, mode: "nearest", size: [32, 32] }), {
    ...phases,
    Conv: 6,
    Relu: 1,
  });
});

Deno.test("fuse() keeps a k×k Conv of a map that is interpolated, or has few channels", async () => {
  const decoder = { enlarged: 80, kernel: 3, size: [14, 16], pads: [1, 1, 1, 1] };
  assertEquals(await left(model({ ...decoder, resize: { mode: "linear" } })), KEPT);
  await assertKeeps(model({ ...decoder, enlarged: 56 }), /takes too few channels of the enlarged 'u' to be split/);
});
