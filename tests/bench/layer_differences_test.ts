import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { compare } from "../../src/bench/compare.ts";
import type { LayerDifferences } from "../../src/bench/types.ts";
import { comparisonText } from "../../src/plot/mod.ts";
import { layerRows, layersSentence } from "../../src/plot/words.ts";
import { modelBytes, random, tensor, type TestNode } from "../onnx_model.ts";

/** Three MatMuls in a row; the second of them scaled. */
function chain(factor: number, more: TestNode[] = []): Uint8Array {
  const weight = random([8, 8], 2);
  return modelBytes({
    inputs: { x: [4, 8] },
    outputs: { y: [4, 8] },
    initializers: {
      a: random([8, 8], 1),
      b: tensor([8, 8], Float64Array.from(weight.values, (value) => factor * value)),
      c: random([8, 8], 3),
    },
    nodes: [
      { op: "MatMul", inputs: ["x", "a"], outputs: ["first"] },
      { op: "MatMul", inputs: ["first", "b"], outputs: ["second"] },
      { op: "Relu", inputs: ["second"], outputs: ["third"] },
      ...more,
      { op: "MatMul", inputs: ["third", "c"], outputs: ["y"] },
    ],
  });
}

const quick = { seconds: 0.1, levels: ["disabled"], threads: 1, isolate: false, layers: true } as const;

Deno.test("compare({ layers }) finds where two models begin to differ, in the order of the graph", async () => {
  const result = await compare(chain(1), chain(1.01), quick);
  const layers = result.layers!;
  assertEquals(layers.values.map(({ value, operator }) => [value, operator]), [
    ["first", "MatMul"],
    ["second", "MatMul"],
    ["third", "Relu"],
    ["y", "MatMul"],
  ]);
  assertEquals(layers.values[0].relativeL2, 0);
  for (const { relativeL2 } of layers.values.slice(1)) assert(relativeL2 > 0.005 && relativeL2 < 0.02, `${relativeL2}`);
  assertStringIncludes(
    layersSentence(layers),
    "of 4 values of both models 3 differ by more than 0.0001, the first of them second (MatMul",
  );
  assertStringIncludes(comparisonText(result), "Layer by layer:");
});

Deno.test("compare({ layers }) counts values that only one model names, and skips what is no tensor", async () => {
  const sequence: TestNode[] = [{ op: "SequenceConstruct", inputs: ["first"], outputs: ["list"] }];
  const extra: TestNode[] = [{ op: "Neg", inputs: ["first"], outputs: ["other"] }];
  const { layers } = await compare(chain(1, [...sequence, ...extra]), chain(1, sequence), quick);
  assertEquals([layers!.onlyBefore, layers!.onlyAfter, layers!.skipped], [1, 0, ["list"]]);
  assertEquals(layers!.values.map(({ relativeL2 }) => relativeL2), [0, 0, 0, 0]);
});

Deno.test("compare() asks for no layers by itself", async () => {
  assertEquals((await compare(chain(1), chain(1), { ...quick, layers: false })).layers, undefined);
});

Deno.test("layersSentence() and layerRows() say that shapes differ", () => {
  const far = Number.MAX_VALUE;
  const layers: LayerDifferences = {
    tolerance: 1e-4,
    values: [
      { value: "a", operator: "Conv", l2: 0, relativeL2: 0, maxAbs: 0 },
      {
        value: "b",
        operator: "Reshape",
        l2: far,
        relativeL2: far,
        maxAbs: far,
        other: { before: "float32 [2]", after: "float32 [1,2]" },
      },
    ],
    onlyBefore: 0,
    onlyAfter: 0,
    skipped: [],
  };
  assertStringIncludes(
    layersSentence(layers),
    "the first of them b (Reshape, float32 [2] before, float32 [1,2] after)",
  );
  assertEquals(layerRows(layers), [["b", "Reshape", "float32 [2] / float32 [1,2]", "–"]]);
});
