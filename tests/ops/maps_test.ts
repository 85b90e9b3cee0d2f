/** Operators of ai.onnx.ml on maps: what they make as a tensor has a shape, and what is none has none. */
import { assertEquals } from "@std/assert";
import { fuse, open } from "../../src/fusion/mod.ts";
import { modelBytes, random, type TestModel, type TestNode } from "../onnx_model.ts";

/** A map behind a node, and a layer with an affine map on what that makes. */
function model(node: TestNode): TestModel {
  return {
    inputs: { m: [] },
    types: { m: 0 },
    outputs: { y: null },
    opsets: { "ai.onnx.ml": 1 },
    initializers: { w: random([4, 5], 1), s: random([5], 2) },
    nodes: [
      { ...node, domain: "ai.onnx.ml", inputs: ["m"], outputs: ["t"] },
      { op: "MatMul", inputs: ["t", "w"], outputs: ["a"] },
      { op: "Mul", inputs: ["a", "s"], outputs: ["y"] },
    ],
  };
}

// the shapes are those that ONNX Runtime 1.30 gives in Python
const CASES: [TestNode, shape: (number | null)[]][] = [
  [{ op: "CastMap", inputs: [], outputs: [], attributes: { cast_to: "TO_FLOAT" } }, [1, null]],
  [{ op: "CastMap", inputs: [], outputs: [], attributes: { map_form: "SPARSE", max_map: 4 } }, [1, 4]],
  [
    {
      op: "DictVectorizer",
      inputs: [],
      outputs: [],
      attributes: { string_vocabulary: { strings: ["a", "b", "c", "d"] } },
    },
    [1, 4],
  ],
  [{ op: "DictVectorizer", inputs: [], outputs: [], attributes: { int64_vocabulary: [1, 2, 3, 4] } }, [1, 4]],
];

for (const [node, shape] of CASES) {
  Deno.test(`${node.op} ${JSON.stringify(node.attributes)} makes one row, and layers behind it are fused`, async () => {
    const bytes = modelBytes(model(node)), { graph } = (await open(bytes)).graphs();
    assertEquals(graph.find("t")?.shape, shape);
    assertEquals((await fuse(bytes)).report.after.ops, { [`ai.onnx.ml.${node.op}`]: 1, MatMul: 1 });
  });
}

Deno.test("ZipMap makes a sequence of maps, which has no shape, and whose scores stay as they are", async () => {
  const zipped: TestModel = {
    inputs: { x: ["n", 4] },
    outputs: { z: null },
    types: { z: 0 },
    opsets: { "ai.onnx.ml": 1 },
    initializers: { w: random([4, 2], 1), s: random([2], 2) },
    nodes: [
      { op: "MatMul", inputs: ["x", "w"], outputs: ["a"] },
      { op: "Mul", inputs: ["a", "s"], outputs: ["m"] },
      { op: "ZipMap", domain: "ai.onnx.ml", inputs: ["m"], outputs: ["z"], attributes: { classlabels_int64s: [0, 1] } },
    ],
  };
  const { model: fused, report } = await fuse(modelBytes(zipped));
  assertEquals(report.after.ops, { MatMul: 1, "ai.onnx.ml.ZipMap": 1 });
  const { graph } = fused.graphs(), z = graph.find("z")!;
  assertEquals([z.type, z.shape], [undefined, undefined]);
});
