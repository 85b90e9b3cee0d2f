/** What a file says of the shapes of its values is checked against what follows from its inputs. */
import { assertEquals } from "@std/assert";
import { fuse, open } from "../../src/fusion/mod.ts";
import { fusionText } from "../../src/plot/fusion_text.ts";
import { modelBytes, random, relativeL2, run, type TestModel } from "../onnx_model.ts";
import * as ort from "onnxruntime-node";

/** x [n, 3, 4] → MatMul → Add → y, with what the file says of the product. */
const model = (more: Partial<TestModel>): TestModel => ({
  inputs: { x: ["n", 3, 4] },
  outputs: { y: null },
  initializers: { w: random([4, 5], 1), k: random([2, 3, 5], 2) },
  nodes: [
    { op: "MatMul", inputs: ["x", "w"], outputs: ["a"] },
    { op: "Relu", inputs: ["a"], outputs: ["b"] },
    { op: "Neg", inputs: ["b"], outputs: ["y"] },
  ],
  ...more,
});

async function shapes(test: TestModel) {
  const opened = await open(modelBytes(test)), { wrongClaims } = opened, { graph } = opened.graphs();
  return { of: (name: string) => graph.find(name)!.shape, wrongClaims };
}

Deno.test("a value info that fixes a dynamic dimension of the inputs is dropped, with the others of its graph, and reported", async () => {
  const { of, wrongClaims } = await shapes(model({ valueInfo: { a: [1, 3, 5], b: [1, 3, 5] } }));
  assertEquals(of("a"), ["n", 3, 5]);
  assertEquals(of("b"), ["n", 3, 5]);
  assertEquals(wrongClaims, [
    { value: "a", claimed: "float32[1, 3, 5]", inferred: "float32[n, 3, 5]" },
    { value: "b", claimed: "float32[1, 3, 5]", inferred: "float32[n, 3, 5]" },
  ]);
});

Deno.test("a value info of another rank, size or type is dropped and reported", async () => {
  for (
    const [a, type, claimed] of [[["n", 15], 1, "float32[n, 15]"], [["n", 3, 6], 1, "float32[n, 3, 6]"], [
      ["n", 3, 5],
      7,
      "int64[n, 3, 5]",
    ]] as const
  ) {
    const { of, wrongClaims } = await shapes(model({ valueInfo: { a: [...a] }, types: { a: type } }));
    assertEquals(of("a"), ["n", 3, 5]);
    assertEquals(wrongClaims, [{ value: "a", claimed, inferred: "float32[n, 3, 5]" }]);
  }
});

Deno.test("a wrong declaration of an output is replaced in the fused file", async () => {
  const test = model({
    outputs: { y: [1, 3, 5] },
    nodes: [...model({}).nodes.slice(0, 1), { op: "Identity", inputs: ["a"], outputs: ["b"] }, model({}).nodes[2]],
  });
  const { model: fused, report } = await fuse(modelBytes(test));
  assertEquals(report.wrongClaims, [{ value: "y", claimed: "float32[1, 3, 5]", inferred: "float32[n, 3, 5]" }]);
  assertEquals((await open(await fused.bytes())).outputs, [{ name: "y", type: "float32", shape: ["n", 3, 5] }]);
  assertEquals((await fuse(await fused.bytes())).report.wrongClaims, undefined);
  const feeds = { x: new ort.Tensor("float32", Float32Array.from({ length: 36 }, (_, i) => i / 36), [3, 3, 4]) };
  assertEquals(relativeL2(await run(modelBytes(test), feeds), await run(await fused.bytes(), feeds)) < 1e-6, true);
  assertEquals(
    fusionText(report).includes("'y' is said to be float32[1, 3, 5], from the inputs follows float32[n, 3, 5]"),
    true,
  );
});

Deno.test("a value info that says more than follows is believed, as long as no other is wrong", async () => {
  const nodes = [
    { op: "Unknown", domain: "custom", inputs: ["x"], outputs: ["a"] },
    ...model({}).nodes.slice(1),
  ];
  const told = await shapes(model({ nodes, valueInfo: { a: [7, 3, 5] } }));
  assertEquals([told.of("a"), told.of("y"), told.wrongClaims], [[7, 3, 5], [7, 3, 5], []]);
  // by the claim about a, b has 3 rows
  const wrong = await shapes(model({ nodes, valueInfo: { a: [7, 3, 5], b: [7, 4, 5] } }));
  assertEquals([wrong.of("a"), wrong.of("y")], [undefined, undefined]);
  assertEquals(wrong.wrongClaims, [{ value: "b", claimed: "float32[7, 4, 5]", inferred: "float32[7, 3, 5]" }]);
});

Deno.test("a negative size is an unknown one", async () => {
  const opened = await open(modelBytes(model({ inputs: { x: [-1, 3, 4] }, valueInfo: { a: [-1, 3, 5] } })));
  assertEquals(opened.inputs[0].shape, [null, 3, 4]);
  assertEquals(opened.outputs[0].shape, [null, 3, 5]);
  assertEquals(opened.wrongClaims, []);
});
