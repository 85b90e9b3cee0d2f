import { assertEquals } from "@std/assert";
import { fuse, layersOf, open } from "../../src/fusion/mod.ts";
import { modelBytes, random } from "../onnx_model.ts";

const model = () =>
  open(modelBytes({
    inputs: { x: ["n", 3, "h", "w"] },
    outputs: { y: null },
    initializers: {
      w: random([4, 3, 3, 3]),
      scale: random([1, 4, 1, 1], 2),
    },
    nodes: [
      { op: "Conv", name: "conv", inputs: ["x", "w"], outputs: ["c"], attributes: { pads: [1, 1, 1, 1] } },
      { op: "Mul", inputs: ["c", "scale"], outputs: ["y"] },
    ],
  }));

Deno.test("layersOf() counts multiply-accumulates and bytes of each node for the shapes given", async () => {
  const asComparison = layersOf(await model(), [{ name: "x", dims: [2, 3, 8, 8] }]);
  assertEquals(asComparison, layersOf(await model(), { x: [2, 3, 8, 8] }));
  assertEquals(layersOf(await model(), { x: [2, 3, 8, 8] }), [
    { name: "conv", opType: "Conv", macs: 2 * 4 * 64 * 27, bytes: 4 * (2 * 3 * 64 + 4 * 27 + 2 * 4 * 64) },
    { name: "y", opType: "Mul", macs: 0, bytes: 4 * (2 * 4 * 64 + 4 + 2 * 4 * 64) },
  ]);
});

Deno.test("layersOf() of a fused model has less to move and as much to multiply", async () => {
  const before = await model(), { model: after } = await fuse(before), shapes = { x: [1, 3, 8, 8] };
  const [conv] = layersOf(before, shapes), left = layersOf(after, shapes);
  assertEquals(left.map(({ opType, macs }) => [opType, macs]), [["Conv", conv.macs]]);
});

Deno.test("layersOf() leaves out nodes whose shapes it does not know, and does not change the model", async () => {
  const given = await model();
  assertEquals(layersOf(given), []);
  layersOf(given, { x: [1, 3, 8, 8] });
  assertEquals(given.inputs[0].shape, ["n", 3, "h", "w"]);
});
