/** Constants with infinities and NaN, such as masks: computed before the first run where that is exact. */
import { assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { feedsFor, modelBytes, run, tensor, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";

const LOW = tensor([], [-Infinity]), MIXED = tensor([2, 2], [-Infinity, 1, 0, NaN]);

interface Case {
  readonly constants: Record<string, TestTensor>;
  /** Makes `m` of shape [2, 2]. */
  readonly nodes: TestNode[];
}

const one = (op: string, constants: Record<string, TestTensor>, attributes?: TestNode["attributes"]): Case => ({
  constants,
  nodes: [{ op, inputs: Object.keys(constants), outputs: ["m"], attributes }],
});

const CASES: Record<string, Case> = {
  Where: one("Where", { c: tensor([2, 2], [1, 0, 1, 1], 9), a: tensor([], [0]), b: LOW }),
  Trilu: one("Trilu", { a: tensor([2, 2], Array(4).fill(-Infinity)), k: tensor([], [1], 7) }),
  Mul: one("Mul", { a: tensor([2, 2], [0, 2, -1, 1]), b: LOW }), // 0·∞ is no number
  Add: one("Add", { a: tensor([2, 2], [1, 2, Infinity, -Infinity]), b: LOW }),
  Expand: one("Expand", { a: tensor([1], [-Infinity]), s: tensor([2], [2, 2], 7) }),
  ConstantOfShape: one("ConstantOfShape", { s: tensor([2], [2, 2], 7) }, {
    value: { tensor: tensor([1], [-Infinity]) },
  }),
  Cast: one("Cast", { a: tensor([2, 2], [-Infinity, 0, NaN, 1], 11) }, { to: 1 }),
  Max: one("Max", { a: tensor([2, 2], [-Infinity, 1, 0, 2]), b: LOW }),
  Log: one("Log", { a: tensor([2, 2], [0, 1, 2, 3]) }),
  Div: one("Div", { a: tensor([2, 2], [0, 1, -1, 2]), b: tensor([], [0]) }),
  Softmax: one("Softmax", { a: tensor([2, 2], [-Infinity, 1, 0, 2]) }),
  "Sub, Mul, Concat": {
    constants: { o: tensor([], [1]), a: tensor([1, 2], [1, 0.5]), b: LOW, r: tensor([1, 2], [-Infinity, 3]) },
    nodes: [
      { op: "Sub", inputs: ["o", "a"], outputs: ["d"] },
      { op: "Mul", inputs: ["d", "b"], outputs: ["e"] },
      { op: "Concat", inputs: ["e", "r"], outputs: ["m"], attributes: { axis: 0 } },
    ],
  },
  Transpose: one("Transpose", { a: MIXED }),
};

const model = ({ constants, nodes }: Case): TestModel => ({
  opset: 17,
  inputs: { x: [2, 2] },
  outputs: { y: null },
  initializers: constants,
  nodes: [...nodes, { op: "Add", inputs: ["x", "m"], outputs: ["y"] }],
});

for (const [what, made] of Object.entries(CASES)) {
  Deno.test(`${what} of constants that are not finite, or make such ones, is what ONNX Runtime computes`, async () => {
    const bytes = modelBytes(model(made)), { model: fused, report } = await fuse(bytes), feeds = feedsFor(model(made));
    assertEquals(report.after.ops, { Add: 1 }, JSON.stringify(report.skipped));
    const [before, after] = [await run(bytes, feeds), await run(await fused.bytes(), feeds)];
    assertEquals(after, before);
  });
}

Deno.test("a constant that its type cannot hold is left to the runtime, which may round on the way there", async () => {
  const { report } = await fuse(modelBytes(model(one("Exp", { a: tensor([2, 2], [1, 200, 0, 1]) }))));
  assertEquals(report.after.ops, { Exp: 1, Add: 1 });
});

Deno.test("an infinite constant is no shift of a layer", async () => {
  const nodes: TestNode[] = [
    { op: "MatMul", inputs: ["x", "w"], outputs: ["p"] },
    { op: "Add", inputs: ["p", "t"], outputs: ["y"], name: "mask" },
  ];
  const { report } = await fuse(modelBytes({
    inputs: { x: [2, 2] },
    outputs: { y: null },
    initializers: { w: tensor([2, 2], [1, 2, 3, 4]), t: tensor([2], [0, -Infinity]) },
    nodes,
  }));
  assertEquals(report.after.ops, { MatMul: 1, Add: 1 });
  assertEquals(report.skipped.map(({ code }) => code), ["invalid-parameter"]);
});
