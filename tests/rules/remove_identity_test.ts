import { assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses } from "../fusion_check.ts";
import { modelBytes, tensor, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";

function padded(pads: number[], attributes: TestNode["attributes"] = {}): TestModel {
  return {
    inputs: { x: ["n", 3, 6, 6] },
    outputs: { y: ["n", 3, null, null] },
    initializers: { pads: tensor([pads.length], pads, 7) },
    nodes: [
      { op: "Relu", inputs: ["x"], outputs: ["r"] },
      { op: "Pad", inputs: ["r", "pads"], outputs: ["p"], attributes },
      { op: "Relu", inputs: ["p"], outputs: ["y"] },
    ],
  };
}

Deno.test("fuse() removes a Pad by nothing, whatever its mode", async () => {
  for (const mode of ["constant", "reflect", "edge"]) {
    await assertFuses(padded([0, 0, 0, 0, 0, 0, 0, 0], { mode }), { Relu: 2 });
  }
});

Deno.test("fuse() keeps a Pad that adds or takes away a row", async () => {
  await assertFuses(padded([0, 0, 0, 0, 0, 0, 1, 0]), { Relu: 2, Pad: 1 });
  await assertFuses(padded([0, 0, 0, 0, 0, 0, -1, 0]), { Relu: 2, Pad: 1 });
});

Deno.test("fuse() keeps a Pad whose pads are an input", async () => {
  const open = padded([0, 0, 0, 0, 0, 0, 0, 0]);
  open.nodes.unshift({ op: "Abs", inputs: ["given"], outputs: ["pads"] });
  open.inputs!.given = [8];
  open.types = { given: 7 };
  delete open.initializers!.pads;
  assertEquals((await fuse(modelBytes(open))).report.applied, []);
});

/** A Resize of images of 6 × 5 to these sizes, between two Relus. */
function resizedTo(sizes: number[], attributes: TestNode["attributes"] = {}): TestModel {
  return {
    inputs: { x: [2, 3, 6, 5] },
    outputs: { y: null },
    initializers: { sizes: tensor([sizes.length], sizes, 7) },
    opset: 18,
    nodes: [
      { op: "Relu", inputs: ["x"], outputs: ["r"] },
      { op: "Resize", inputs: ["r", "", "", "sizes"], outputs: ["p"], attributes },
      { op: "Relu", inputs: ["p"], outputs: ["y"] },
    ],
  };
}

Deno.test("fuse() removes a Resize to the sizes that are there, whatever its mode", async () => {
  for (const mode of ["nearest", "linear", "cubic"]) {
    for (const coordinate_transformation_mode of ["half_pixel", "align_corners", "pytorch_half_pixel", "asymmetric"]) {
      await assertFuses(resizedTo([2, 3, 6, 5], { mode, coordinate_transformation_mode }), { Relu: 2 }, {
        tolerance: 0,
      });
    }
  }
  const shifted = { mode: "nearest", nearest_mode: "ceil", coordinate_transformation_mode: "tf_half_pixel_for_nn" };
  await assertFuses(resizedTo([2, 3, 6, 5], shifted), { Relu: 2 }, { tolerance: 0 });
  await assertFuses(resizedTo([6, 5], { mode: "linear", axes: [2, -1] }), { Relu: 2 }, { tolerance: 0 });
});

Deno.test("fuse() keeps a Resize to other sizes, or of what is cropped first", async () => {
  await assertFuses(resizedTo([2, 3, 6, 6], { mode: "linear" }), { Relu: 2, Resize: 1 });
  await assertFuses(resizedTo([5, 6], { mode: "nearest", axes: [2, 3] }), { Relu: 2, Resize: 1 });
  const cropped = resizedTo([2, 3, 6, 5], { mode: "linear", coordinate_transformation_mode: "tf_crop_and_resize" });
  cropped.initializers!.roi = tensor([8], [0, 0, 0, 0, 1, 1, 0.5, 0.5]);
  cropped.nodes[1].inputs = ["r", "roi", "", "sizes"];
  await assertFuses(cropped, { Relu: 2, Resize: 1 });
});

/** Operators between two Relus that change nothing, and the same ones that change something: constants and attributes. */
const NOTHING: [op: string, nothing: Between, something: Between][] = [
  ["AveragePool", { attributes: { kernel_shape: [1, 1] } }, { attributes: { kernel_shape: [1, 1], strides: [1, 2] } }],
  ["MaxPool", { attributes: { kernel_shape: [1, 1] } }, { attributes: { kernel_shape: [1, 2] } }],
  ["AveragePool", { attributes: { kernel_shape: [1, 1] } }, {
    attributes: { kernel_shape: [1, 1], pads: [0, 0, 1, 0], count_include_pad: 1 },
  }],
  ["Gather", { k: tensor([4], [0, 1, 2, 3], 7), attributes: { axis: 1 } }, {
    k: tensor([4], [0, 2, 1, 3], 7),
    attributes: { axis: 1 },
  }],
  ["Gather", { k: tensor([4], [0, 1, 2, 3], 7), attributes: { axis: 1 } }, {
    k: tensor([3], [0, 1, 2], 7),
    attributes: { axis: 1 },
  }],
  ["LeakyRelu", { attributes: { alpha: { float: 1 } } }, { attributes: { alpha: { float: 0.5 } } }],
  ["DepthToSpace", { attributes: { blocksize: 1 } }, { attributes: { blocksize: 2 } }],
  ["SpaceToDepth", { attributes: { blocksize: 1 } }, { attributes: { blocksize: 2 } }],
  ["ReduceMax", { attributes: { axes: [2] } }, { attributes: { axes: [3] } }],
  ["ReduceMean", { attributes: { axes: [2] } }, { attributes: { axes: [2], keepdims: 0 } }],
];

interface Between {
  k?: TestTensor;
  attributes: TestNode["attributes"];
}

for (const [op, nothing, something] of NOTHING) {
  Deno.test(`fuse() removes a ${op} of ${JSON.stringify(nothing.attributes)} that changes nothing, and no other`, async () => {
    const isBlocks = op === "SpaceToDepth", isReduced = op.startsWith("Reduce");
    const between = ({ k, attributes }: Between): TestModel => ({
      inputs: { x: ["n", 4, isReduced ? 1 : 4, isBlocks ? 6 : 4] },
      outputs: { y: null },
      initializers: k ? { k } : {},
      nodes: [
        { op: "Abs", inputs: ["x"], outputs: ["a"] },
        { op, inputs: k ? ["a", "k"] : ["a"], outputs: ["b"], attributes },
        { op: "Neg", inputs: ["b"], outputs: ["c"] },
        { op: "Sigmoid", inputs: ["c"], outputs: ["y"] },
      ],
    });
    const { after } = await assertFuses(between(nothing), { Abs: 1, Neg: 1, Sigmoid: 1 });
    const { report } = await fuse(modelBytes(between(something)), { skip: ["write-slopes-as-relu"] });
    assertEquals([after.ops[op], report.after.ops[op]], [undefined, 1]);
  });
}

Deno.test("fuse() removes a Where whose constant condition says one thing everywhere, where that has the size of the result", async () => {
  const chosen = (bits: number[], x: number[]): TestModel => ({
    inputs: { x: ["n", ...x], z: ["n", 2] },
    outputs: { y: null },
    initializers: { bits: tensor([bits.length], bits, 9) },
    nodes: [
      { op: "Sigmoid", inputs: ["x"], outputs: ["a"] },
      { op: "Where", inputs: ["bits", "a", "z"], outputs: ["w"] },
      { op: "Sigmoid", inputs: ["w"], outputs: ["y"] },
    ],
  });
  await assertFuses(chosen([1, 1], [2]), { Sigmoid: 2 });
  await assertFuses(chosen([0, 0], [2]), { Sigmoid: 1 });
  await assertFuses(chosen([1, 0], [2]), { Sigmoid: 2, Where: 1 });
  await assertFuses(chosen([1, 1], [1]), { Sigmoid: 2, Where: 1 });
});
