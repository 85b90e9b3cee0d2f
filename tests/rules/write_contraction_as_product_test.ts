/** An Einsum of two computed values as a matrix product between transpositions. */
import { assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { modelBytes, random, type TestModel } from "../onnx_model.ts";

const LENGTHS: Record<string, number> = { a: 4, b: 43, c: 54, d: 65, e: 16, f: 7 };

function model(equation: string, more: Partial<TestModel> = {}): TestModel {
  const [left] = equation.split("->"), [x, y] = left.split(",").map((letters) => [...letters].map((l) => LENGTHS[l]));
  return {
    inputs: { x, y },
    outputs: { z: null },
    nodes: [{ op: "Einsum", inputs: ["x", "y"], outputs: ["z"], attributes: { equation } }],
    ...more,
  };
}

Deno.test("fuse() makes an Einsum of two computed values a MatMul, whatever the order of its axes", async () => {
  const cases: [equation: string, transposes: number][] = [
    ["abc,acd->abd", 0],
    ["abc,adc->abd", 1],
    ["bd,dc->bc", 0],
    ["bd,dc", 0],
    ["aecd,abcd->acbe", 2],
    ["acbe,aecd->abcd", 2],
    ["abd,acd->abc", 1],
    ["acd,abd->abc", 1],
    ["dab,cad->bca", 3],
  ];
  for (const [equation, transposes] of cases) {
    await assertFuses(model(equation), { MatMul: 1, ...transposes > 0 && { Transpose: transposes } });
  }
});

Deno.test("fuse() makes an Einsum of open sizes a MatMul where what is summed over is known", async () => {
  const open = model("abc,adc->abd", { inputs: { x: ["n", "l", 34], y: ["n", "m", 34] } });
  await assertFuses(open, { MatMul: 1, Transpose: 1 });
});

Deno.test("fuse() keeps an Einsum that is no product of two matrices", async () => {
  const reason = /z is no batched product of matrices/;
  for (
    const equation of ["abc,abc->abc", "abcd,bcde->ae", "abc,acd->ab", "ab,cd->abcd", "aab,abc->ac", "abe,ace->abce"]
  ) {
    await assertKeeps(model(equation), reason);
  }
  await assertKeeps(
    model("abc,acd->abd", {
      nodes: [{
        op: "Einsum",
        inputs: ["x", "y"],
        outputs: ["z"],
        attributes: { equation: "...bc,...cd->...bd" },
      }],
    }),
    reason,
  );
});

Deno.test("fuse() keeps an Einsum that may repeat an operand along what it sums over", async () => {
  const reason = /whether z repeats an operand along 'c' is not known/;
  await assertKeeps(model("abc,acd->abd", { inputs: { x: ["n", 3, "k"], y: ["n", 4, 5] } }), reason);
  await assertKeeps(model("abc,acd->abd", { inputs: { x: [2, 3, 1], y: [2, 4, 5] } }), reason);
});

Deno.test("fuse() leaves an Einsum of a constant to the rules for layers", async () => {
  const constant = model("abc,acd->abd", { inputs: { x: [2, 3, 4] }, initializers: { y: random([2, 4, 5], 1) } });
  const { report } = await fuse(modelBytes(constant));
  assertEquals(report.applied.filter(({ rule }) => rule === "write-contraction-as-product"), []);
});

Deno.test("fuse() makes an Einsum of one value with itself a MatMul", async () => {
  const square = model("abc,adc->abd", { inputs: { x: [12, 23, 34] } });
  square.nodes[0].inputs = ["x", "x"];
  await assertFuses(square, { MatMul: 1, Transpose: 1 });
});

Deno.test("fuse() keeps an Einsum that is so small that a better kernel gains nothing", async () => {
  await assertKeeps(
    model("abc,acd->abd", { inputs: { x: [2, 3, 4], y: [2, 4, 5] } }),
    /it is so small \(120 multiply-accumulates\) that the better kernel gains nothing/,
  );
});
