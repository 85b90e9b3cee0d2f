import { assertEquals, assertRejects } from "@std/assert";
import { ModelFormatError, open } from "../../src/fusion/mod.ts";
import { modelBytes, random, type TestNode } from "../onnx_model.ts";

const opened = (nodes: TestNode[]) =>
  open(modelBytes({ inputs: { x: [2] }, outputs: { y: [2] }, initializers: { w: random([2]) }, nodes }));

Deno.test("open() refuses a value that two nodes make", async () => {
  const nodes = [{ op: "Relu", inputs: ["x"], outputs: ["y"], name: "a" }, {
    op: "Neg",
    inputs: ["x"],
    outputs: ["y"],
    name: "b",
  }];
  await assertRejects(() => opened(nodes), ModelFormatError, "the value 'y' is made by a and by b");
});

Deno.test("open() refuses a value that is an input or initializer and made by a node", async () => {
  await assertRejects(
    () => opened([{ op: "Relu", inputs: ["y"], outputs: ["x"] }]),
    ModelFormatError,
    "made by x and by an input",
  );
  await assertRejects(
    () => opened([{ op: "Relu", inputs: ["x"], outputs: ["w"] }]),
    ModelFormatError,
    "made by w and by an initializer",
  );
});

Deno.test("open() refuses inputs and initializers without a name, as ONNX's checker does", async () => {
  const nodes = [{ op: "Relu", inputs: ["x"], outputs: ["y"] }],
    model = { inputs: { x: [2] }, outputs: { y: [2] }, nodes };
  await assertRejects(
    () => open(modelBytes({ ...model, inputs: { x: [2], "": [2] } })),
    ModelFormatError,
    "(bytes): not a valid ONNX model: an input of a graph has no name",
  );
  await assertRejects(
    () => open(modelBytes({ ...model, initializers: { "": random([2]) } })),
    ModelFormatError,
    "an initializer of a graph has no name",
  );
});

Deno.test("open() refuses nodes in a circle", async () => {
  const circle = [{ op: "Add", inputs: ["x", "b"], outputs: ["a"] }, { op: "Relu", inputs: ["a"], outputs: ["b"] }, {
    op: "Relu",
    inputs: ["b"],
    outputs: ["y"],
  }];
  await assertRejects(() => opened(circle), ModelFormatError, "which is made of its own result");
  const own = [{ op: "Add", inputs: ["x", "y"], outputs: ["y"] }];
  await assertRejects(() => opened(own), ModelFormatError, "takes 'y', which is made of its own result");
});

Deno.test("open() takes nodes in any order", async () => {
  const model = await opened([{ op: "Relu", inputs: ["a"], outputs: ["y"] }, {
    op: "Neg",
    inputs: ["x"],
    outputs: ["a"],
  }]);
  assertEquals(model.ops, { Relu: 1, Neg: 1 });
});
