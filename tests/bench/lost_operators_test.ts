import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { asRunOperators } from "../../src/bench/as_run.ts";
import { compare } from "../../src/bench/compare.ts";
import { lostOperators, lostSentence } from "../../src/bench/lost_operators.ts";
import { modelBytes, random, tensor, type TestModel, type TestNode } from "../onnx_model.ts";
import { fixture } from "./fixture.ts";

/** x → GELU written out with erf → MatMul; without the final ×0.5 the runtime recognises no Gelu. */
function gelu(isWhole: boolean): Uint8Array {
  const nodes: TestNode[] = [
    { op: "Div", inputs: ["x", "root"], outputs: ["a"] },
    { op: "Erf", inputs: ["a"], outputs: ["b"] },
    { op: "Add", inputs: ["b", "one"], outputs: ["c"] },
    { op: "Mul", inputs: ["x", "c"], outputs: ["d"] },
    ...(isWhole ? [{ op: "Mul", inputs: ["d", "half"], outputs: ["e"] }] : []),
    { op: "MatMul", inputs: [isWhole ? "e" : "d", "weight"], outputs: ["y"] },
  ];
  const weight = random([8, 8]);
  const model: TestModel = {
    inputs: { x: [4, 8] },
    outputs: { y: [4, 8] },
    initializers: {
      root: tensor([], [Math.SQRT2]),
      one: tensor([], [1]),
      ...(isWhole ? { half: tensor([], [0.5]) } : {}),
      weight: isWhole ? weight : tensor([8, 8], Float64Array.from(weight.values, (value) => value / 2)),
    },
    nodes,
  };
  return modelBytes(model);
}

Deno.test("asRunOperators() names what ONNX Runtime fused, with its domain", async () => {
  const path = fixture("fashion_resnet");
  const all = await asRunOperators(path, "all"), disabled = await asRunOperators(path, "disabled");
  assertEquals([disabled.Conv, disabled.BatchNormalization], [9, 9]);
  const convs = (all["com.microsoft.nchwc.Conv"] ?? 0) + (all["com.microsoft.FusedConv"] ?? 0);
  assertEquals([convs, all.BatchNormalization], [9, undefined]);
});

Deno.test("compare() says which operators the runtime lost, in a note and as data", async () => {
  const { levels: [all], notes } = await compare(gelu(true), gelu(false), {
    seconds: 0.1,
    levels: ["all"],
    threads: 1,
  });
  assertEquals(all.before.asRun!["com.microsoft.Gelu"], 1);
  assertEquals(all.lost!.lost, { Gelu: { before: 1, after: 0 } });
  assert(all.lost!.nodes.after > all.lost!.nodes.before);
  assertStringIncludes(notes.join("\n"), "At “all” the runtime lost 1 Gelu (1 → 0): it runs ");
});

Deno.test("compare() of a model with itself has lost nothing", async () => {
  const { levels: [all] } = await compare(gelu(true), gelu(true), { seconds: 0.1, levels: ["all"], threads: 1 });
  assertEquals(all.lost, undefined);
});

Deno.test("lostOperators() reports a fused operator that is fewer while as many nodes run", () => {
  const found = lostOperators({ "com.microsoft.FusedGemm": 2, Softmax: 1 }, { Gemm: 2, Softmax: 1 })!;
  assertEquals(found, { lost: { FusedGemm: { before: 2, after: 0 } }, nodes: { before: 3, after: 3 } });
  assertEquals(lostSentence(found), "the runtime lost 2 FusedGemm (2 → 0): it runs 3 nodes, as many as before");
});

Deno.test("lostOperators() misses no scale that is gone, but one that is done apart", () => {
  const before = { "com.microsoft.FusedMatMul": 2, Softmax: 1 };
  assertEquals(lostOperators(before, { MatMul: 2, Softmax: 1 }), undefined);
  assertEquals(lostOperators(before, { MatMul: 2, Mul: 2 })!.lost, { FusedMatMul: { before: 2, after: 0 } });
});

Deno.test("lostOperators() takes a fused operator that went with its nodes as gained", () => {
  assertEquals(
    lostOperators({ "com.microsoft.FusedConv": 9, Relu: 1 }, { "com.microsoft.FusedConv": 7, Relu: 1 }),
    undefined,
  );
});

Deno.test("lostOperators() finds a Gelu that fell apart although fewer nodes run", () => {
  const before = { "com.microsoft.Gelu": 12, BatchNormalization: 100 };
  const found = lostOperators(before, { Div: 12, Erf: 12, Add: 12, Mul: 12 })!;
  assertEquals(found.lost, { Gelu: { before: 12, after: 0 } });
  assertEquals(found.nodes, { before: 112, after: 48 });
});

Deno.test("lostOperators() takes a richer operator in place of another as no loss", () => {
  assertEquals(lostOperators({ Gelu: 3, Add: 3 }, { "com.microsoft.BiasGelu": 3 }), undefined);
  assertEquals(lostOperators({ "com.microsoft.FusedConv": 3 }, { "com.microsoft.nchwc.Conv": 3 }), undefined);
  assertEquals(lostOperators({ "com.microsoft.Gelu": 3 }, { Gelu: 3 }), undefined);
});

Deno.test("lostOperators() takes a Gelu for one with a bias where the bias is gone, not where it is added apart", () => {
  const before = { "com.microsoft.BiasGelu": 1, MatMul: 2 };
  assertEquals(lostOperators(before, { "com.microsoft.Gelu": 1, Gather: 2 }), undefined);
  const found = lostOperators(before, { "com.microsoft.Gelu": 1, Add: 1, MatMul: 1 })!;
  assertEquals(found.lost, { BiasGelu: { before: 1, after: 0 } });
});

Deno.test("lostOperators() tells the blocked layout's convolutions from plain ones, and ignores its reorders", () => {
  const found = lostOperators({ "com.microsoft.nchwc.Conv": 2 }, { "com.microsoft.nchwc.Conv": 1, Conv: 1 })!;
  assertEquals(found.lost, { "NCHWc Conv": { before: 2, after: 1 } });
  const reorders = { "com.microsoft.nchwc.Conv": 2, "com.microsoft.nchwc.ReorderOutput": 1 };
  assertEquals(lostOperators(reorders, { "com.microsoft.nchwc.Conv": 2, Transpose: 1 }), undefined);
});

Deno.test("lostOperators() reports more nodes by themselves", () => {
  const found = lostOperators({ Conv: 2 }, { Conv: 2, Mul: 1 })!;
  assertEquals(found.lost, {});
  assertEquals(lostSentence(found), "the runtime runs 3 nodes, before 2");
});
