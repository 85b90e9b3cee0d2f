/** What is said of a model before its report. */
import { assertEquals, assertRejects } from "@std/assert";
import { ModelFormatError } from "../../src/io/errors.ts";
import { fuse, open } from "../../src/fusion/mod.ts";
import { modelBytes, random, type TestModel } from "../onnx_model.ts";

function model(names: readonly string[], opset: number | null = 17): TestModel {
  return {
    opset,
    inputs: { x: [1, 3, 8, 8] },
    outputs: { y: null },
    initializers: { w: random([4, 3, 3, 3], 1), s: random([4, 1, 1], 2) },
    nodes: [
      { op: "Conv", name: names[0], inputs: ["x", "w"], outputs: ["c"] },
      { op: "Mul", name: names[1], inputs: ["c", "s"], outputs: ["d"] },
      { op: "Relu", name: names[2], inputs: ["d"], outputs: ["r"] },
      { op: "Sin", name: names[3], inputs: ["r"], outputs: ["y"] },
    ],
  };
}

Deno.test("nodes that share a name get names of their own, which is said", async () => {
  const bytes = Uint8Array.from(modelBytes(model(["same", "same", "other", "same"])));
  const opened = await open(bytes), { model: fused, report } = await fuse(opened);
  assertEquals(opened.notes, [
    "Several nodes are called 'same', which ONNX Runtime refuses: where the model is rewritten, all but the first of each get a " +
    "name of their own.",
  ]);
  assertEquals(report.applied[0].nodes, ["same_1", "same"]);
  assertEquals((await open(await fused.bytes())).graphs().graph.nodes.map(({ name }) => name), [
    "same",
    "other",
    "same_2",
  ]);
  assertEquals(await opened.bytes(), bytes, "a model that is not fused stays as it is");
  assertEquals((await open(modelBytes(model(["a", "b", "", ""])))).notes, []);
});

Deno.test("an operator set that is newer than the newest known is said, and so is a missing one", async () => {
  const { notes } = await open(modelBytes(model(["a", "b", "c", "d"], 27)));
  assertEquals(notes, [
    "The model imports operator set 27 of ai.onnx; the newest known is 26, and operators are taken as they are there.",
  ]);
  assertEquals((await open(modelBytes(model(["a", "b", "c", "d"], 26)))).notes, []);
  assertEquals((await open(modelBytes(model(["a", "b", "c", "d"], null)))).notes, [
    "The model imports no operator set of ai.onnx. Its operators are taken as they are in the newest known, 26; ONNX Runtime refuses it.",
  ]);
});

Deno.test("names that nodes share and a false shape are in the report of a model that nothing is fused in, which stays as it is", async () => {
  const lone: TestModel = {
    inputs: { x: ["n", 4] },
    outputs: { y: ["n", 7] },
    nodes: [{ op: "Relu", name: "same", inputs: ["x"], outputs: ["r"] }, {
      op: "Sin",
      name: "same",
      inputs: ["r"],
      outputs: ["y"],
    }],
  };
  const bytes = Uint8Array.from(modelBytes(lone)), { model: fused, report } = await fuse(bytes);
  assertEquals([report.applied, report.notes?.length], [[], 1]);
  assertEquals(report.wrongClaims, [{ value: "y", claimed: "float32[n, 7]", inferred: "float32[n, 4]" }]);
  assertEquals(await fused.bytes(), bytes);
});

Deno.test("a value that two nodes make is refused with both named", async () => {
  const twice: TestModel = {
    inputs: { x: [4] },
    outputs: { y: [4] },
    nodes: ["r", "s"].map((name) => ({ op: "Relu", name, inputs: ["x"], outputs: ["y"] })),
  };
  await assertRejects(() => open(modelBytes(twice)), ModelFormatError, "the value 'y' is made by r and by s");
});
