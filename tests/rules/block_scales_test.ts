/** An affine map behind a product with 4-bit weights (MatMulNBits): into the scales of its rows and its bias. */
import { fuse } from "../../src/fusion/mod.ts";
import { assert, assertEquals, assertLess } from "@std/assert";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import {
  feedsFor,
  modelBytes,
  random,
  randomIn,
  relativeL2,
  run,
  type TestModel,
  type TestNode,
} from "../onnx_model.ts";

/** Lines `y = Op(a, b)` over p, a product of x of shape [n, 3, 32] with 4 rows of 4-bit weights in two blocks each. */
function model(lines: string[], { inputs = ["w", "k"], opset = 17, given = {}, free = [] }: {
  inputs?: string[];
  opset?: number;
  given?: TestModel["initializers"];
  free?: string[];
} = {}): TestModel {
  const nodes = lines.map((line): TestNode => {
    const [, name, op, inputs] = line.match(/^(.*) = (\w+)\((.*)\)$/)!;
    return { op, inputs: inputs.split(", "), outputs: [name] };
  });
  const { values } = randomIn(0, 255, [4, 2, 8], 1);
  const initializers: NonNullable<TestModel["initializers"]> = {
    w: { dims: [4, 2, 8], type: 2, values: Array.from(values, Math.round) },
    k: randomIn(0.01, 0.1, [8], 2),
    b: random([4], 3),
    s: random([4], 4),
    t: random([4], 5),
    two: { dims: [], values: [2] },
    rows: random([3, 1], 6),
    input: randomIn(0.5, 2, [32], 7),
    ...given,
  };
  const product = {
    op: "MatMulNBits",
    domain: "com.microsoft",
    name: "product",
    inputs: ["x", ...inputs],
    outputs: ["p"],
    attributes: { K: 32, N: 4, bits: 4, block_size: 16 },
  };
  const all = [
    ...nodes.filter(({ outputs: [name] }) => name === "x"),
    product,
    ...nodes.filter(({ outputs: [name] }) => name !== "x"),
  ];
  const used = new Set(all.flatMap(({ inputs }) => inputs));
  return {
    opset,
    ir: 8,
    opsets: { "com.microsoft": 1 },
    inputs: {
      [used.has("raw") ? "raw" : "x"]: ["n", 3, 32],
      ...Object.fromEntries(free.map((name) => [name, initializers[name].dims])),
    },
    outputs: { y: null },
    initializers: Object.fromEntries(
      Object.entries(initializers).filter(([name]) => used.has(name) && !free.includes(name)),
    ),
    nodes: all,
  };
}

const AFFINE = ["m = Mul(p, s)", "a = Add(m, t)", "y = Relu(a)"], LEFT = { "com.microsoft.MatMulNBits": 1, Relu: 1 };

Deno.test("a scale of both signs and a shift behind MatMulNBits are its own, whether it had a bias or not", async () => {
  await assertFuses(model(AFFINE), LEFT);
  await assertFuses(model(AFFINE, { inputs: ["w", "k", "", "", "b"] }), LEFT);
  await assertFuses(model(AFFINE, { given: { k: randomIn(0.01, 0.1, [4, 2], 2) } }), LEFT);
});

Deno.test("one number behind MatMulNBits, through a Transpose, goes into all its scales", async () => {
  await assertFuses(
    model(["m = Transpose(p)", "a = Div(m, two)", "y = Relu(a)"], { inputs: ["w", "k", "", "", "b"] }),
    {
      ...LEFT,
      Transpose: 1,
    },
  );
});

Deno.test("a scale behind MatMulNBits with zero points goes into the scales alone", async () => {
  const z = { dims: [4, 1], type: 2, values: [0x87, 0x95, 0x68, 0x7a] }, given = { z };
  const whole = model(AFFINE, { inputs: ["w", "k", "z"], given }), bytes = modelBytes(whole);
  const { model: fused, report } = await fuse(bytes);
  assertEquals(report.after.ops, LEFT);
  const feeds = feedsFor(whole);
  assertLess(relativeL2(await run(bytes, feeds), await run(await fused.bytes(), feeds)), 1e-5);
  assert(fused.graphs().graph.nodes.find(({ name }) => name === "product")!.inputs[3]?.name === "z");
});

Deno.test("a map behind MatMulNBits along another axis stays", async () => {
  await assertKeeps(
    model(["m = Mul(p, rows)", "y = Relu(m)"]),
    /goes along axis 1, and .* has a scale for each entry of its last/,
  );
});

Deno.test("a map stays behind MatMulNBits whose scales, or bias, a caller gives", async () => {
  await assertKeeps(model(AFFINE, { free: ["k"] }), /the scales of .*product.* are not constant: 'k' is an input/);
  const free = model(AFFINE, { inputs: ["w", "k", "", "", "b"], free: ["b"] });
  await assertKeeps(free, /the bias of .*product.* is not constant: 'b' is an input/);
});

Deno.test("a map before MatMulNBits stays, and the reason says what its weights are", async () => {
  await assertKeeps(
    model(["x = Mul(raw, input)", "y = Relu(p)"]),
    /MatMulNBits \(product\) has its weights as whole numbers with a scale for each block of a row/,
  );
});
