/** One-hot vectors times a matrix: rows of a table. */
import { assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { modelBytes, random, tensor, type TestAttribute, type TestModel, type TestNode } from "../onnx_model.ts";

const INT32 = 6, INT64 = 7, UINT8 = 2, FLOAT = 1;

interface Case {
  opset?: number;
  /** Entries of a vector; indices are fed from −8 to 8. */
  count?: number;
  type?: number;
  size?: (number | string)[];
  values?: number[];
  axis?: number;
  weight?: number[];
}

/** Layers behind one-hot vectors `h`. */
const PRODUCT: TestNode[] = [
  { op: "MatMul", inputs: ["h", "w"], outputs: ["m"] },
  { op: "Add", inputs: ["m", "b"], outputs: ["y"] },
];

function model(given: Case = {}, nodes: TestNode[] = PRODUCT, attributes?: Record<string, TestAttribute>): TestModel {
  const { opset = 17, count = 5, type = INT64, size = ["n", 40], values = [0, 1], axis = -1 } = given;
  return {
    opset,
    inputs: { x: size },
    types: { x: type },
    outputs: { y: null },
    initializers: {
      d: tensor([], [count], type === INT32 ? INT32 : INT64),
      v: tensor([2], values),
      w: given.weight ? tensor([count, 3], given.weight) : random([count, 3], 1),
      b: random([3], 2),
    },
    nodes: [{ op: "OneHot", inputs: ["x", "d", "v"], outputs: ["h"], attributes: { axis, ...attributes } }, ...nodes],
  };
}

/** The same by a comparison with all entries. */
function compared(given: Case & { range?: number[] } = {}, before: TestNode[] = UNSQUEEZED): TestModel {
  const { count = 5, type = INT32, range = Array.from({ length: count }, (_, at) => at) } = given;
  const test = model({ ...given, type });
  test.initializers!.r = tensor([range.length], range, type);
  test.initializers!.last = tensor([1], [-1], INT64);
  test.nodes.splice(
    0,
    1,
    ...before,
    { op: "Equal", inputs: ["u", "r"], outputs: ["e"] },
    { op: "Cast", inputs: ["e"], outputs: ["h"], attributes: { to: FLOAT } },
  );
  return test;
}

const UNSQUEEZED: TestNode[] = [{ op: "Unsqueeze", inputs: ["x", "last"], outputs: ["u"] }];
const WRAPPED = { Clip: 1, Gather: 2 }, ROWS = { Clip: 1, Gather: 1 };

async function left(test: TestModel) {
  return (await fuse(modelBytes(test))).report.after.ops;
}

Deno.test("fuse() looks rows up where OneHot and a matrix were, indices outside and negative ones included", async () => {
  for (const type of [INT64, INT32]) await assertFuses(model({ type }), WRAPPED, { tolerance: 0 });
  await assertFuses(model({ count: 3, size: [60] }), WRAPPED, { tolerance: 0 });
  await assertFuses(model({ count: 20 }), WRAPPED, { tolerance: 0 });
});

Deno.test("fuse() looks rows up where a comparison with a range and a matrix were", async () => {
  for (const type of [INT64, INT32]) await assertFuses(compared({ type }), ROWS, { tolerance: 0 });
  const turned = compared();
  turned.nodes[1].inputs = ["r", "u"];
  await assertFuses(turned, ROWS, { tolerance: 0 });
});

Deno.test("fuse() looks rows up behind an Expand along the entries", async () => {
  const test = compared({ size: [2, 40] }, [
    { op: "Unsqueeze", inputs: ["x", "last"], outputs: ["s"] },
    { op: "Expand", inputs: ["s", "to"], outputs: ["u"] },
  ]);
  test.initializers!.to = tensor([3], [2, 40, 5], INT64);
  await assertFuses(test, ROWS, { tolerance: 0 });
});

Deno.test("fuse() keeps an Expand along another axis than the entries", async () => {
  const test = compared({ size: [1, 40] }, [
    { op: "Unsqueeze", inputs: ["x", "last"], outputs: ["s"] },
    { op: "Expand", inputs: ["s", "to"], outputs: ["u"] },
  ]);
  test.initializers!.to = tensor([3], [2, 40, 5], INT64);
  assertEquals((await left(test)).Equal, 1);
});

Deno.test("fuse() needs no bounds for indices that cannot be outside", async () => {
  const wide = (count: number, type: number) => {
    const test = model({ count, type: UINT8 });
    test.nodes.unshift({ op: "Cast", inputs: ["x"], outputs: ["i"], attributes: { to: type } });
    test.nodes[1].inputs[0] = "i";
    return test;
  };
  await assertFuses(wide(256, INT64), { Cast: 1, Gather: 1 }, { tolerance: 0 });
  await assertFuses(wide(200, INT64), { Cast: 1, ...ROWS }, { tolerance: 0 });
});

Deno.test("fuse() puts what follows into the table: a Gemm's C, its factor, an affine map", async () => {
  const gemm: TestNode = { op: "Gemm", inputs: ["h", "w", "b"], outputs: ["y"], attributes: { alpha: { float: 0.5 } } };
  await assertFuses(model({ size: [40] }, [gemm]), WRAPPED);
  const scaled: TestNode[] = [PRODUCT[0], { op: "Mul", inputs: ["m", "b"], outputs: ["y"] }];
  await assertFuses(model({}, scaled), WRAPPED);
});

Deno.test("fuse() looks rows up behind vectors that are put in another order of axes or type", async () => {
  const flat = model({ size: [2, 40] }, [
    { op: "Reshape", inputs: ["h", "flat"], outputs: ["f"] },
    { op: "MatMul", inputs: ["f", "w"], outputs: ["y"] },
  ]);
  flat.initializers!.flat = tensor([2], [-1, 5], INT64);
  await assertFuses(flat, { ...WRAPPED, Reshape: 1 }, { tolerance: 0 });
  const whole = model({}, [
    { op: "Cast", inputs: ["h"], outputs: ["f"], attributes: { to: FLOAT } },
    { op: "MatMul", inputs: ["f", "w"], outputs: ["y"] },
  ]);
  whole.initializers!.v = tensor([2], [0, 1], INT64);
  await assertFuses(whole, WRAPPED, { tolerance: 0 });
});

Deno.test("fuse() keeps a Reshape that cuts vectors apart", async () => {
  const cut = model({ size: [2, 40], count: 6 }, [
    { op: "Reshape", inputs: ["h", "flat"], outputs: ["f"] },
    { op: "MatMul", inputs: ["f", "w"], outputs: ["y"] },
  ]);
  cut.initializers!.flat = tensor([2], [-1, 3], INT64);
  cut.initializers!.w = random([3, 3], 1);
  assertEquals((await left(cut)).OneHot, 1);
});

Deno.test("fuse() looks rows up for one layer although another takes the vectors as they are", async () => {
  const test = model({}, [...PRODUCT, { op: "Relu", inputs: ["h"], outputs: ["z"] }]);
  test.outputs.z = null;
  await assertFuses(test, { OneHot: 1, Relu: 1, ...WRAPPED }, { tolerance: 0 });
});

Deno.test("fuse() keeps vectors of other values than 0 and 1", async () => {
  await assertKeeps(model({ values: [0, 2] }), /makes vectors of the values 0 and 2, not 0 and 1/);
  await assertKeeps(model({ values: [1, 0] }), /makes vectors of the values 1 and 0, not 0 and 1/);
});

Deno.test("fuse() keeps vectors along another axis than the last", async () => {
  const test = model({ axis: 1, size: ["n", 5] });
  assertEquals((await left(test)).OneHot, 1);
});

Deno.test("fuse() keeps vectors of a length that is not constant", async () => {
  const test = model({ size: [4] });
  test.inputs!.d = [];
  test.types!.d = INT64;
  await assertKeeps(test, /the depth of h is not constant: 'd' is an initializer that is also a graph input/);
});

Deno.test("fuse() keeps a product with what is not constant", async () => {
  const test = model();
  test.inputs!.w = [5, 3];
  await assertKeeps(test, /is an initializer that is also a graph input/);
});

Deno.test("fuse() keeps what is compared with no range from 0", async () => {
  for (const range of [[1, 2, 3, 4, 5], [0, 2, 1, 3, 4]]) {
    assertEquals((await left(compared({ range }))).Equal, 1);
  }
});

Deno.test("fuse() keeps comparisons of fractions", async () => {
  await assertKeeps(compared({ type: FLOAT }), /'u', which e makes vectors of, has the element type float32/);
});

Deno.test("fuse() keeps indices without bounds before opset 12", async () => {
  await assertKeeps(
    model({ opset: 11 }),
    /'x' may hold more than the places 0 to 4, and before opset 12 whole numbers/,
  );
});

Deno.test("fuse() keeps a weight that is not finite: 0 times infinity is no number", async () => {
  const weight = Array.from({ length: 15 }, (_, at) => at === 4 ? Infinity : at);
  await assertKeeps(model({ weight }), /a new weight for 'w' would be Infinity, which float32 cannot hold/);
});
