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
