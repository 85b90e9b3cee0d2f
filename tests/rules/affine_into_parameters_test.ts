/** An affine map behind what has a scale and a shift, or a table, of its own, although it is no layer: into these. */
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { random, randomIn, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";

const CONSTANTS: Record<string, TestTensor> = {
  g: randomIn(0.5, 2, [6], 1),
  b: random([6], 2),
  s: randomIn(0.5, 2, [6], 3),
  t: random([6], 4),
  gc: randomIn(0.5, 2, [4], 1),
  bc: random([4], 2),
  sc: randomIn(0.5, 2, [4, 1], 3),
  tc: random([4, 1], 4),
  wide: randomIn(0.5, 2, [4, 6], 5),
  two: { dims: [], values: [2] },
  table: random([9, 6], 6),
};

/** A model of lines `y = Op(a, b)` over x of shape [n, 4, 6] and ids of shape [n, 3]. */
function model(
  lines: string[],
  { outputs = ["y"], attributes = {}, opset = 21, free = [] }: {
    outputs?: string[];
    attributes?: Record<string, TestNode["attributes"]>;
    opset?: number;
    free?: string[];
  } = {},
): TestModel {
  const nodes = lines.map((line): TestNode => {
    const [, name, op, inputs] = line.match(/^(.*) = (\w+)\((.*)\)$/)!;
    return { op, inputs: inputs.split(", "), outputs: [name], attributes: attributes[name] };
  });
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  return {
    opset,
    nodes,
    inputs: Object.fromEntries([
      ...used.has("x") ? [["x", ["n", 4, 6]]] : [],
      ...used.has("ids") ? [["ids", ["n", 3]]] : [],
      ...free.map((name) => [name, CONSTANTS[name].dims]),
    ]),
    types: used.has("ids") ? { ids: 7 } : {},
    outputs: Object.fromEntries(outputs.map((name) => [name, null])),
    initializers: Object.fromEntries(
      Object.entries(CONSTANTS).filter(([name]) => used.has(name) && !free.includes(name)),
    ),
  };
}

const AFFINE = ["m = Mul(l, s)", "a = Add(m, t)", "y = Relu(a)"],
  PER_CHANNEL = ["m = Mul(l, sc)", "a = Add(m, tc)", "y = Relu(a)"];

Deno.test("a scale and a shift behind a LayerNormalization are its own, whether it had a shift or not", async () => {
  for (const own of ["g, b", "g"]) {
    await assertFuses(model([`l = LayerNormalization(x, ${own})`, ...AFFINE]), { LayerNormalization: 1, Relu: 1 });
  }
});

Deno.test("a map along one of several normalised axes goes into a LayerNormalization's scale of both", async () => {
  const attributes = { l: { axis: 1 } };
  await assertFuses(model(["l = LayerNormalization(x, wide)", ...PER_CHANNEL], { attributes }), {
    LayerNormalization: 1,
    Relu: 1,
  });
});

Deno.test("a map per channel behind an InstanceNormalization is its own", async () => {
  await assertFuses(model(["l = InstanceNormalization(x, gc, bc)", ...PER_CHANNEL]), {
    InstanceNormalization: 1,
    Relu: 1,
  });
});

Deno.test("a map per channel behind a GroupNormalization is its own; one number, where its scale is per group", async () => {
  const attributes = { l: { num_groups: 2 } }, options = { options: { runtime: "none" } as const };
  await assertFuses(model(["l = GroupNormalization(x, gc, bc)", ...PER_CHANNEL], { attributes }), {
    GroupNormalization: 1,
    Relu: 1,
  }, options);
});

Deno.test("a scale behind an RMS normalization is its own, a shift stays", async () => {
  const opset = 23, lines = ["l = RMSNormalization(x, g)"];
  await assertFuses(model([...lines, "m = Mul(l, s)", "y = Relu(m)"], { opset }), { RMSNormalization: 1, Relu: 1 });
  await assertKeeps(
    model([...lines, "m = Add(l, t)", "y = Relu(m)"], { opset }),
    /has a shift, and .* has none of its own/,
  );
});

Deno.test("fuse() keeps a map along an axis that is not normalised", async () => {
  await assertKeeps(
    model(["l = LayerNormalization(x, g, b)", "m = Mul(l, sc)", "y = Relu(m)"]),
    /has no scale along axis 1/,
  );
});

Deno.test("fuse() keeps a map behind a normalization whose scale, or shift, or result somebody else has", async () => {
  const lines = ["l = LayerNormalization(x, g, b)", "m = Mul(l, s)", "y = Relu(m)"];
  await assertKeeps(model(lines, { free: ["g"] }), /the scale of .* is not constant/);
  await assertKeeps(model(lines, { free: ["b"] }), /the shift of .* is not constant/);
  await assertKeeps(model(lines, { outputs: ["y", "l"] }), /'l', which would disappear, is a graph output/);
});

Deno.test("fuse() keeps a map behind a normalization that scales in one element type and shifts in another", async () => {
  const one = model(["l = LayerNormalization(x, g, b)", "m = Mul(l, s)", "y = Relu(m)"]);
  const initializers = { ...one.initializers, b: { ...CONSTANTS.b, type: 10 } };
  await assertKeeps({ ...one, initializers }, /scales in float32 and shifts in float16/);
});

Deno.test("what multiplies an embedding, or shifts it, goes into the table", async () => {
  await assertFuses(model(["l = Gather(table, ids)", "m = Mul(l, two)", "y = Relu(m)"]), { Gather: 1, Relu: 1 });
  await assertFuses(model(["l = Gather(table, ids)", ...AFFINE]), { Gather: 1, Relu: 1 });
  const sum = [
    "p = Gather(table, ids)",
    "q = Sigmoid(p)",
    "l = Gather(table, ids)",
    "m = Mul(l, two)",
    "y = Add(m, q)",
  ];
  await assertFuses(model(sum), { Gather: 2, Sigmoid: 1, Add: 1 });
});

Deno.test("fuse() keeps a map along what a Gather looks up, and one whose table would be stored twice", async () => {
  const along: TestTensor = randomIn(0.5, 2, [3, 1], 7);
  const looked = model(["l = Gather(table, ids)", "m = Mul(l, along)", "y = Relu(m)"]);
  await assertKeeps({ ...looked, initializers: { ...looked.initializers, along } }, /along which .* looks entries up/);
  const large: TestTensor = random([900, 6], 8), ends = ["m = Mul(l, two)", "h = Relu(m)", "y = MatMul(h, turned)"];
  const tied = model(["l = Gather(large, ids)", "turned = Transpose(large)", ...ends]);
  await assertKeeps({ ...tied, initializers: { ...tied.initializers, large } }, /the file would grow/);
});
