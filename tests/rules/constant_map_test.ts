/** A constant that varies along several axes (a position embedding, a full-size bias) between an affine map and a layer. */
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { random, randomIn, tensor, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";

const X = [2, 5, 4];

/** Nodes from x [2, 5, 4] to y with a map K [5, 6] in between. */
function model(nodes: TestNode[], more: Record<string, TestTensor> = {}): TestModel {
  return {
    inputs: { x: X },
    outputs: { y: null },
    initializers: {
      w: random([4, 6], 1),
      v: random([6, 3], 2),
      map: random([5, 6], 3),
      k: random([6], 4),
      t: random([6], 5),
      ...more,
    },
    nodes,
  };
}

const matmul = (x: string, w: string, y: string): TestNode => ({ op: "MatMul", inputs: [x, w], outputs: [y], name: y });
const with_ = (op: string, x: string, k: string, y: string, name = y): TestNode => ({
  op,
  inputs: [x, k],
  outputs: [y],
  name,
});

for (
  const [op, inputs] of [["Add", ["m", "map"]], ["Add", ["map", "m"]], ["Sub", ["m", "map"]], ["Sub", [
    "map",
    "m",
  ]]] as const
) {
  const between = (x: string, y: string): TestNode => ({
    op,
    inputs: inputs.map((name) => name === "m" ? x : name),
    outputs: [y],
  });

  Deno.test(`a scale behind ${op} of ${inputs.join(" and ")} goes into the layer before it, its shift into the map`, async () => {
    const up = [matmul("x", "w", "m"), between("m", "p"), with_("Mul", "p", "k", "s"), with_("Add", "s", "t", "y")];
    await assertFuses(model(up), { MatMul: 1, [op]: 1 });
    const rows = { k: randomIn(0.5, 2, [], 6), t: random([], 7) };
    await assertFuses(model(up, rows), { MatMul: 1, [op]: 1 });
  });

  Deno.test(`a scale before ${op} of ${inputs.join(" and ")} goes into the layer behind it, its shift into the map`, async () => {
    const down = [
      matmul("x", "w", "h"),
      { op: "Tanh", inputs: ["h"], outputs: ["a"] },
      with_("Mul", "a", "k", "s"),
      with_("Add", "s", "t", "m"),
      between("m", "p"),
      matmul("p", "v", "y"),
    ];
    await assertFuses(model(down), { MatMul: 2, Tanh: 1, [op]: 1 });
  });
}

Deno.test("a scale along an axis that the map does not have makes it larger along that one", async () => {
  const nodes = [matmul("x", "w", "m"), with_("Add", "m", "map", "p"), with_("Mul", "p", "k", "y")];
  await assertFuses(model(nodes, { map: random([5, 1], 3), k: random([6], 4) }), { MatMul: 1, Add: 1 });
});

Deno.test("a scale of 0 is not divided by", async () => {
  const nodes = [
    { op: "Tanh", inputs: ["x"], outputs: ["a"] },
    with_("Mul", "a", "k", "m", "mul"),
    with_("Add", "m", "map", "p"),
    matmul("p", "w", "y"),
  ];
  await assertKeeps(
    model(nodes, { k: tensor([4], [1, 0, 2, 3]), map: random([5, 4], 3) }),
    /its scale is 0 in a channel, by which the constant behind it would be divided/,
    { node: "mul" },
  );
});

Deno.test("a value that the map enlarges along the axis keeps its scale apart", async () => {
  const nodes = [
    matmul("x", "w", "m"),
    with_("Add", "m", "map", "p"),
    with_("Mul", "p", "k", "y", "mul"),
  ];
  await assertKeeps(
    model(nodes, { w: random([4, 1], 1) }),
    /an operand of p may be enlarged along that axis/,
    { node: "mul" },
  );
});

Deno.test("a shift that the map takes and a scale that a layer behind takes leave one node between them", async () => {
  const nodes: TestNode[] = [
    { op: "Tanh", inputs: ["x"], outputs: ["a"] },
    with_("Add", "a", "map", "p"),
    { op: "BatchNormalization", inputs: ["p", "gamma", "beta", "mean", "variance"], outputs: ["n"] },
    with_("Div", "n", "two", "d"),
    { op: "Abs", inputs: ["d"], outputs: ["b"] },
    matmul("left", "b", "y"),
  ];
  const constants = {
    map: random([5, 4], 3),
    two: tensor([], [2]),
    left: random([3, 5], 8),
    gamma: randomIn(0.5, 2, [5], 6),
    beta: random([5], 7),
    mean: random([5], 9),
    variance: randomIn(0.5, 2, [5], 10),
  };
  await assertFuses(model(nodes, constants), { Tanh: 1, Add: 1, Abs: 1, MatMul: 1 });
});

Deno.test("a constant whose rows are all the same is a map along the last axis", async () => {
  const row = [0.5, -1, 2, 0.25, 3, -0.125],
    rows = (...dims: number[]) =>
      tensor(dims, Array.from({ length: dims.reduce((a, b) => a * b) / row.length }, () => row).flat());
  const after = [matmul("x", "w", "m"), with_("Mul", "m", "rows", "p"), with_("Sub", "k", "p", "y")];
  await assertFuses(model(after, { rows: rows(2, 5, 6) }), { MatMul: 1, Add: 1 });
  const before = [
    matmul("x", "w", "h"),
    { op: "Tanh", inputs: ["h"], outputs: ["a"] },
    with_("Div", "a", "rows", "d"),
    matmul("d", "v", "y"),
  ];
  await assertFuses(model(before, { rows: rows(5, 6) }), { MatMul: 2, Tanh: 1 });
});
