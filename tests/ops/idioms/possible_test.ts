import { assertEquals } from "@std/assert";
import { open } from "../../../src/fusion/mod.ts";
import { possibleIn } from "../../../src/ops/idioms/possible.ts";
import { modelBytes, random } from "../../onnx_model.ts";

/** What a residual connection and its activation may be a part of, of an opset that has LayerNormalization. */
async function residual() {
  const model = await open(modelBytes({
    inputs: { x: [1, 4, 8, 8] },
    outputs: { y: [1, 4, 8, 8] },
    initializers: { w: random([4, 4, 1, 1], 1) },
    nodes: [
      { op: "Conv", inputs: ["x", "w"], outputs: ["c"] },
      { op: "Add", inputs: ["c", "x"], outputs: ["a"] },
      { op: "Relu", inputs: ["a"], outputs: ["y"] },
    ],
  }));
  return model.graphs().graph;
}

Deno.test("possibleIn() leaves out the forms of idioms whose operators a graph has not, and how far they reach", async () => {
  const { members, byRoot, reach } = possibleIn(await residual());
  assertEquals([...members].sort(), ["Add", "Conv", "Relu"]);
  assertEquals([...byRoot.keys()].sort(), ["Add", "Relu"]);
  assertEquals(reach, 2);
});

Deno.test("possibleIn() has the forms that operators of new nodes make, and only where these are added", async () => {
  const graph = await residual(), more = possibleIn(graph, new Set(["LayerNormalization"]));
  assertEquals(more.members.has("LayerNormalization"), true);
  assertEquals(possibleIn(graph, new Set(["LayerNormalization"])), more);
  assertEquals(possibleIn(graph).members.has("LayerNormalization"), false);
});
