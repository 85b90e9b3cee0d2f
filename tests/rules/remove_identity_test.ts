import { assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses } from "../fusion_check.ts";
import { modelBytes, tensor, type TestModel, type TestNode } from "../onnx_model.ts";

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
