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
}

function model(given: Case = {}): TestModel {
  const { enlarged = 40, others = [20], outputs = 24, size = [3, 4], kernel = 1, group = 1, axis = 1 } = given;
  const { scales = [1, 1, 2, 2], resize = { mode: "nearest" } } = given;
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
      { op: "Conv", inputs: ["j", "w", "b"], outputs: ["y"], attributes: { group } },
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
