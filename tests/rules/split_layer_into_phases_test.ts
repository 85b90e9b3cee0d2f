/** A convolution of repeated cells as several convolutions of the cells themselves. */
import { assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { modelBytes, random, tensor, type TestAttribute, type TestModel } from "../onnx_model.ts";

interface Case {
  channels?: number;
  size?: (number | string)[];
  scales?: number[];
  sizes?: number[];
  resize?: Record<string, TestAttribute>;
  conv?: Record<string, TestAttribute>;
  kernel?: number;
  group?: number;
  opset?: number;
  bias?: boolean;
}

const ASYMMETRIC = { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };

function model(given: Case): TestModel {
  const {
    channels = 80,
    size = [16, 18],
    scales = [1, 1, 2, 2],
    sizes,
    kernel = 3,
    group = 1,
    opset = 17,
    bias = true,
  } = given;
  const isOld = opset < 11;
  const inputs = isOld ? ["x", "s"] : sizes ? ["x", "", "", "sizes"] : ["x", "", "s"];
  const attributes = isOld ? { mode: "nearest" } : given.resize ?? ASYMMETRIC;
  return {
    opset,
    inputs: { x: [1, channels, ...size] },
    outputs: { y: null },
    initializers: {
      s: tensor([scales.length], scales),
      ...sizes && { sizes: tensor([4], sizes, 7) },
      w: random([6 * group, channels / group, kernel, kernel], 1),
      b: random([6 * group], 2),
    },
    nodes: [
      { op: opset < 10 ? "Upsample" : "Resize", inputs, outputs: ["u"], attributes },
      {
        op: "Conv",
        inputs: bias ? ["u", "w", "b"] : ["u", "w"],
        outputs: ["y"],
        attributes: { group, pads: new Array<number>(4).fill((kernel - 1) / 2), ...given.conv },
      },
    ],
  };
}

const FOUR = { Conv: 4, Concat: 1, DepthToSpace: 1 };
const KEPT = { Conv: 1, Resize: 1 };

async function left(given: Case) {
  const { report } = await fuse(modelBytes(model(given)));
  return report.after.ops;
}

Deno.test("fuse() splits a Conv of what was enlarged into one for each phase, borders included", async () => {
  await assertFuses(model({}), FOUR);
  await assertFuses(model({ bias: false }), FOUR);
  await assertFuses(model({ kernel: 5 }), FOUR);
  await assertFuses(model({ kernel: 4, conv: { pads: [1, 2, 2, 1] } }), FOUR);
  await assertFuses(model({ scales: [1, 1, 3, 3] }), { ...FOUR, Conv: 9 });
  await assertFuses(model({ conv: { pads: [0, 0, 0, 0] } }), FOUR);
  await assertFuses(model({ conv: { pads: [2, 2, 0, 0] } }), FOUR);
  await assertFuses(model({ group: 2, channels: 160 }), FOUR);
});

Deno.test("fuse() splits a Conv of what was enlarged where height and width are open", async () => {
  const report = await assertFuses({ ...model({ size: ["h", "w"] }) }, FOUR);
  assertEquals(report.applied.map(({ rule }) => rule), ["split-layer-into-phases"]);
});

Deno.test("fuse() splits behind every form of repeating cells", async () => {
  for (const opset of [9, 10]) await assertFuses(model({ opset }), FOUR);
  for (
    const [coordinate_transformation_mode, nearest_mode] of [
      ["half_pixel", "round_prefer_floor"],
      ["half_pixel", "round_prefer_ceil"],
      ["pytorch_half_pixel", "round_prefer_floor"],
      ["asymmetric", "round_prefer_floor"],
      ["tf_half_pixel_for_nn", "floor"],
    ]
  ) {
    await assertFuses(model({ resize: { mode: "nearest", coordinate_transformation_mode, nearest_mode } }), FOUR);
  }
  await assertFuses(model({ sizes: [1, 80, 32, 36] }), FOUR);
});

Deno.test("fuse() keeps a Conv of an enlarged map that does not repeat cells", async () => {
  for (
    const [coordinate_transformation_mode, nearest_mode] of [
      ["half_pixel", "floor"],
      ["asymmetric", "ceil"],
      ["asymmetric", "round_prefer_ceil"],
      ["align_corners", "floor"],
    ]
  ) {
    const resize = { mode: "nearest", coordinate_transformation_mode, nearest_mode };
    assertEquals(await left({ resize }), KEPT, `${coordinate_transformation_mode} ${nearest_mode}`);
  }
  assertEquals(await left({ resize: { mode: "linear" } }), KEPT);
});

Deno.test("fuse() keeps a Conv of a map enlarged by no whole factor, or by several", async () => {
  assertEquals(await left({ scales: [1, 1, 1.5, 1.5] }), KEPT);
  assertEquals(await left({ scales: [1, 1, 2, 3] }), KEPT);
  assertEquals(await left({ scales: [1, 1, 2, 1] }), KEPT);
});

Deno.test("fuse() keeps a Conv with a stride", async () => {
  await assertKeeps(model({ conv: { strides: [2, 2] } }), /y has a stride/);
});

Deno.test("fuse() keeps a Conv whose result is no whole number of blocks", async () => {
  await assertKeeps(model({ conv: { pads: [1, 1, 0, 0] } }), /the result of y is no whole number of blocks of 2×2/);
});

Deno.test("fuse() keeps a Conv that pads beyond what the small map can", async () => {
  await assertKeeps(model({ conv: { pads: [-1, -1, 3, 3] } }), /y crops its input/);
});

Deno.test("fuse() keeps a Conv of few channels, and a depthwise one", async () => {
  await assertKeeps(model({ channels: 59, size: [80, 80] }), /y has too few channels/);
  await assertKeeps(model({ group: 80 }), /y has too few channels/);
});

Deno.test("fuse() keeps a dilated Conv whose taps see different cells in every phase", async () => {
  assertEquals(await left({ conv: { pads: [2, 2, 2, 2], dilations: [2, 2] }, channels: 128 }), KEPT);
});

Deno.test("fuse() keeps a Conv of few cells: the more channels, the fewer there may be", async () => {
  await assertKeeps(model({ size: [11, 14] }), /y has too small a map/);
  await assertKeeps(model({ size: [60, 60], channels: 64 }), /y has too small a map/);
  await assertFuses(model({ size: [64, 64], channels: 64 }), FOUR);
  await assertFuses(model({ size: [11, 14], channels: 96 }), FOUR);
});

Deno.test("fuse() keeps an enlarged map that others use as well, and splits the Conv", async () => {
  const test = model({});
  test.nodes.push({ op: "Relu", inputs: ["u"], outputs: ["z"] });
  test.outputs.z = null;
  await assertFuses(test, { ...FOUR, Resize: 1, Relu: 1 });
});

Deno.test("fuse() puts a normalization behind the Conv into every phase", async () => {
  const test = model({});
  test.nodes[1].outputs = ["c"];
  test.nodes.push({ op: "BatchNormalization", inputs: ["c", "g", "h", "m", "v"], outputs: ["y"] });
  const [g, h, m] = [3, 4, 5].map((seed) => random([6], seed));
  Object.assign(test.initializers!, { g, h, m, v: tensor([6], [1, 2, 3, 4, 5, 6]) });
  await assertFuses(test, FOUR);
});
