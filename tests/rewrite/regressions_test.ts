/** Models that random graphs found to break, each shrunk to what matters. */
import { assertFuses } from "../fusion_check.ts";
import { random, randomIn } from "../onnx_model.ts";

Deno.test("compose-layers leaves no Gemm without C before opset 11, where C is required", async () => {
  await assertFuses({
    opset: 9,
    inputs: { x: [2, 4] },
    outputs: { y: [2, 4] },
    initializers: { a: random([4, 4], 1), c: random([4], 2), b: random([4, 4], 3) },
    nodes: [
      { op: "Gemm", inputs: ["x", "a", "c"], outputs: ["h"], attributes: { beta: { float: 0 } } },
      { op: "MatMul", inputs: ["h", "b"], outputs: ["y"] },
    ],
  }, { MatMul: 1 });
});

Deno.test("new weights of a subgraph below IR version 4 are Constant nodes: it has no inputs to list them in", async () => {
  const layer = {
    nodes: [
      { op: "Conv", inputs: ["x", "w"], outputs: ["c"] },
      { op: "Mul", inputs: ["c", "s"], outputs: ["t"] },
    ],
    outputs: { t: [2, 4, 3, 3] },
  };
  const plain = { nodes: [{ op: "Neg", inputs: ["x"], outputs: ["e"] }], outputs: { e: [2, 4, 3, 3] } };
  await assertFuses({
    ir: 3,
    inputs: { x: [2, 4, 3, 3], condition: [], w: [4, 4, 1, 1], s: [4, 1, 1] },
    types: { condition: 9 },
    outputs: { y: [2, 4, 3, 3] },
    initializers: { w: random([4, 4, 1, 1], 1), s: randomIn(0.5, 1.5, [4, 1, 1], 2) },
    nodes: [
      {
        op: "If",
        inputs: ["condition"],
        outputs: ["y"],
        attributes: { then_branch: { graph: layer }, else_branch: { graph: plain } },
      },
    ],
  }, { If: 1, Conv: 1, Neg: 1, Constant: 1 });
});

Deno.test("a shift left over from a nameless affine gets a value name", async () => {
  await assertFuses({
    inputs: { x: [2, 4, 5, 5] },
    outputs: { y: null, z: null },
    initializers: {
      s: randomIn(0.5, 1.5, [4, 1, 1], 1),
      t: random([4, 1, 1], 2),
      v: random([4, 4, 3, 3], 3),
      w: random([4, 4, 1, 1], 4),
    },
    nodes: [
      { op: "Mul", inputs: ["x", "s"], outputs: ["a"], name: "" },
      { op: "Add", inputs: ["a", "t"], outputs: ["b"], name: "" },
      { op: "Conv", inputs: ["b", "v"], outputs: ["y"], name: "", attributes: { pads: [1, 1, 1, 1] } },
      { op: "Conv", inputs: ["b", "w"], outputs: ["z"], name: "" },
    ],
  }, { Add: 1, Conv: 2 });
});

Deno.test("merging branches whose sums share a name leaves no two nodes of one name", async () => {
  const w = (seed: number) => random([4, 3, 3, 3], seed), padded = { pads: [1, 1, 1, 1] };
  await assertFuses({
    inputs: { x: [2, 3, 4, 4] },
    outputs: { y: null },
    initializers: { a: w(1), b: w(2), c: w(3), s: randomIn(0.5, 1.5, [], 4) },
    nodes: [
      { op: "Conv", inputs: ["x", "a"], outputs: ["p"], attributes: padded },
      { op: "Conv", inputs: ["x", "b"], outputs: ["q"], attributes: padded },
      { op: "Conv", inputs: ["x", "c"], outputs: ["r"], attributes: padded },
      { op: "Add", inputs: ["q", "p"], outputs: ["t"] },
      { op: "Add", inputs: ["r", "t"], outputs: ["u"] },
      { op: "Add", inputs: ["u", "r"], outputs: ["v"] },
      { op: "Mul", inputs: ["v", "s"], outputs: ["y"] },
    ],
  }, { Conv: 2, Add: 2, Mul: 1 });
});

Deno.test("what a rewrite says of a shape reaches the nodes after it before rewriting ends", async () => {
  const layer = { nodes: [{ op: "Neg", inputs: ["x"], outputs: ["t"] }], outputs: { t: null } };
  const other = { nodes: [{ op: "Relu", inputs: ["x"], outputs: ["e"] }], outputs: { e: null } };
  await assertFuses({
    inputs: { x: [2, 4, 2, 2], condition: [] },
    types: { condition: 9 },
    outputs: { y: null },
    initializers: {
      w: random([4, 4, 1, 1], 1),
      m: random([2, 2], 2),
      n: random([2, 2], 3),
      s: randomIn(0.5, 1.5, [], 4),
    },
    nodes: [
      {
        op: "If",
        inputs: ["condition"],
        outputs: ["h"],
        attributes: { then_branch: { graph: layer }, else_branch: { graph: other } },
      },
      { op: "Conv", inputs: ["h", "w"], outputs: ["c"] },
      { op: "Add", inputs: ["c", "h"], outputs: ["a"] },
      { op: "MatMul", inputs: ["a", "m"], outputs: ["p"] },
      { op: "MatMul", inputs: ["p", "n"], outputs: ["q"] },
      { op: "Mul", inputs: ["q", "s"], outputs: ["y"] },
    ],
  }, { If: 1, Neg: 1, Relu: 1, Conv: 1, MatMul: 1 });
});
