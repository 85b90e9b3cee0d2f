/** Every BatchNormalization and every other affine map that is left has at least one reason in the report. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { fuse, type FusionReport, type Model } from "../../src/fusion/mod.ts";
import { constantOf } from "../../src/ops/constant.ts";
import { allGraphs, type Node } from "../../src/graph/graph.ts";
import { arbitraryRecipe, modelOf } from "../fuzz/arbitrary_graph.ts";
import { modelBytes, random } from "../onnx_model.ts";

const FIXTURES = ["autoencoder", "convrelubn", "densenet", "repvgg", "resnet"];

/** A BatchNormalization, a Neg, or a float operation on a constant and a computed value. */
function looksAffine(node: Node): boolean {
  if (node.is("BatchNormalization", "Neg")) return true;
  if (!node.is("Mul", "Div", "Add", "Sub")) return false;
  const types = node.inputs.map((value) => value?.type);
  return types.every((type) => type !== "int64" && type !== "int32") &&
    node.inputs.filter((value) => constantOf(value)).length === 1;
}

function unexplained(model: Model, report: FusionReport): string[] {
  const named = new Set(report.skipped.map(({ node }) => node));
  const { graph, functions } = model.graphs();
  return [...allGraphs([graph, ...functions])].flatMap(({ nodes }) => nodes)
    .filter((node) => looksAffine(node) && !named.has(node.label)).map(({ opType, label }) => `${opType} ${label}`);
}

for (const name of FIXTURES) {
  Deno.test(`fuse() explains every affine map left in fashion_${name}`, async () => {
    const { model, report } = await fuse(new URL(`../fixtures/fashion_${name}.onnx`, import.meta.url));
    assertEquals(unexplained(model, report), []);
  });
}

Deno.test("fuse() leaves no BatchNormalization in the fixtures that DESIGN says can lose them all", async () => {
  for (const name of ["autoencoder", "convrelubn", "resnet"]) {
    const { report } = await fuse(new URL(`../fixtures/fashion_${name}.onnx`, import.meta.url));
    assertEquals(report.after.ops.BatchNormalization, undefined, name);
  }
});

Deno.test("fuse() explains every affine map left in 200 random graphs", async () => {
  let left = 0;
  await fc.assert(
    fc.asyncProperty(arbitraryRecipe(), async (recipe) => {
      const { model, report } = await fuse(modelBytes(modelOf(recipe)));
      assertEquals(unexplained(model, report), []);
      left += report.skipped.length;
    }),
    { numRuns: 200, seed: 3 },
  );
  assert(left > 200, `only ${left} reasons in 200 graphs: the graphs leave too little to explain`);
});

Deno.test("fuse() gives each reason once, without a full stop", async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryRecipe(), async (recipe) => {
      const { report } = await fuse(modelBytes(modelOf(recipe)));
      const seen = report.skipped.map(({ node, reason }) => `${node}: ${reason}`);
      assertEquals(seen, [...new Set(seen)]);
      for (const { reason } of report.skipped) assert(!reason.endsWith("."), reason);
    }),
    { numRuns: 50, seed: 4 },
  );
});

Deno.test("fuse() first says what came near to a fold, then what was not near at all", async () => {
  const { report } = await fuse(modelBytes({
    inputs: { x: [2, 4, 6, 6] },
    outputs: { y: null },
    initializers: { k: random([4, 1, 1], 1), w: random([5, 4, 3, 3], 2) },
    nodes: [
      { op: "Sigmoid", inputs: ["x"], outputs: ["r"], name: "sigmoid" },
      { op: "Add", inputs: ["r", "k"], outputs: ["a"], name: "add" },
      { op: "Conv", inputs: ["a", "w"], outputs: ["y"], name: "conv", attributes: { pads: [1, 1, 1, 1] } },
    ],
  }));
  const reasons = report.skipped.filter(({ node }) => node === "add").map(({ reason }) => reason);
  assertMatch(reasons[0], /^conv pads its input with zeros/);
  assertMatch(reasons[reasons.length - 1], /Sigmoid \(sigmoid\)/);
});
