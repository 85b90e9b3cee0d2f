import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { random, randomIn, tensor, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";

const OPTIONS = { options: { skip: ["merge-parallel-layers", "compose-layers"] } };

/** What every model here may use: kernels from 4 to 4 (v, w), 8 to 8 and 16 to 16 channels, and maps of 4, 8 and 16. */
const CONSTANTS: Record<string, TestTensor> = {
  v: random([4, 4, 3, 3], 1),
  w: random([4, 4, 1, 1], 2),
  w8: random([8, 8, 1, 1], 3),
  w16: random([16, 4, 1, 1], 4),
  d: random([4, 4, 2, 2], 5),
  s: randomIn(0.5, 2, [1, 4, 1, 1], 6),
  s8: randomIn(0.5, 2, [1, 8, 1, 1], 7),
  t: random([1, 4, 1, 1], 8),
  half: tensor([], [0.5]),
  minus: tensor([], [-2]),
  zero: tensor([], [0]),
  six: tensor([], [6]),
  twice: tensor([4], [1, 1, 2, 2]),
  slope: random([4, 1, 1], 9),
  ...Object.fromEntries([4, 8].flatMap((channels) => [
    [`g${channels}`, randomIn(0.5, 2, [channels], 10)],
    [`b${channels}`, random([channels], 11)],
    [`m${channels}`, random([channels], 12)],
    [`e${channels}`, randomIn(0.5, 2, [channels], 13)],
  ])),
};

/** A model of short lines `y = Op(a, b)`, over inputs x and z of shape [n, 4, 6, 6]; its result is y. */
function model(lines: string[], attributes: Record<string, TestNode["attributes"]> = {}): TestModel {
  const nodes = lines.map((line): TestNode => {
    const [, outputs, op, inputs] = line.match(/^(.*) = (\w+)\((.*)\)$/)!;
    const output = outputs.split(", ");
    return {
      op,
      inputs: inputs.split(", ").map((name) => name === "-" ? "" : name),
      outputs: output,
      attributes: attributes[output[0]],
    };
  });
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  return {
    nodes,
    inputs: { x: ["n", 4, 6, 6], ...used.has("z") ? { z: ["n", 4, 6, 6] } : {} },
    outputs: { y: [null, null, null, null] },
    initializers: Object.fromEntries(Object.entries(CONSTANTS).filter(([name]) => used.has(name))),
  };
}

const bn = (output: string, input: string, channels: number) =>
  `${output} = BatchNormalization(${input}, g${channels}, b${channels}, m${channels}, e${channels})`;
const joined = { c: { axis: 1 } };

Deno.test("fuse() carries a BatchNormalization up through Concat into every layer that is joined", async () => {
  await assertFuses(
    model(["a = Conv(x, v)", "b = Conv(x, d)", "d1 = MaxPool(b)", "c = Concat(a, d1)", bn("y", "c", 8)], {
      ...joined,
      d1: { kernel_shape: [2, 2] },
    }),
    { Conv: 2, MaxPool: 1, Concat: 1 },
    OPTIONS,
  );
});

Deno.test("fuse() carries a map along another axis than that of Concat into every layer", async () => {
  await assertFuses(
    model(["a = Conv(x, w)", "b = Conv(z, w)", "c = Concat(a, b)", bn("y", "c", 4)], { c: { axis: -1 } }),
    { Conv: 2, Concat: 1 },
    OPTIONS,
  );
});

Deno.test("fuse() carries a map up through one output of Split: the others get what they got", async () => {
  const lines = ["a = Conv(x, w16)", "p, q = Split(a)", "n = Mul(p, s8)", "r = Relu(q)", "y = Add(n, r)"];
  await assertFuses(model(lines, { p: { axis: 1 } }), { Conv: 1, Split: 1, Relu: 1, Add: 1 }, OPTIONS);
});

Deno.test("fuse() carries a BatchNormalization up through a residual sum: both branches are scaled, one is shifted", async () => {
  await assertFuses(
    model(["a = Conv(x, w)", "b = Conv(z, w)", "c = Add(a, b)", bn("y", "c", 4)]),
    { Conv: 2, Add: 1 },
    OPTIONS,
  );
  await assertFuses(
    model(["a = Conv(x, w)", "r = Relu(a)", "b = Conv(z, w)", "c = Sub(r, b)", bn("y", "c", 4)]),
    { Conv: 2, Relu: 1, Sub: 1 },
    OPTIONS,
  );
});

Deno.test("fuse() carries a map up through a channel shuffle", async () => {
  const shuffle: Record<string, TestTensor> = {
    apart: tensor([5], [0, 2, 4, 6, 6], 7),
    back: tensor([4], [0, 8, 6, 6], 7),
    k: random([8, 4, 1, 1], 20),
  };
  const shuffled = model(
    ["a = Conv(x, k)", "r = Reshape(a, apart)", "p = Transpose(r)", "c = Reshape(p, back)", bn("y", "c", 8)],
    { p: { perm: [0, 2, 1, 3, 4] } },
  );
  Object.assign(shuffled.initializers!, shuffle);
  await assertFuses(shuffled, { Conv: 1, Reshape: 2, Transpose: 1 }, OPTIONS);
  const down = model(
    [
      "a = Relu(k8)",
      "m = Mul(a, s8)",
      "r = Reshape(m, apart)",
      "p = Transpose(r)",
      "c = Reshape(p, back)",
      "y = Conv(c, w8)",
    ],
    { p: { perm: [0, 2, 1, 3, 4] } },
  );
  down.inputs = { k8: [2, 8, 6, 6] };
  down.initializers = { ...down.initializers, apart: shuffle.apart, back: shuffle.back, w8: CONSTANTS.w8 };
  await assertFuses(down, { Relu: 1, Conv: 1, Reshape: 2, Transpose: 1 }, OPTIONS);
});

Deno.test("fuse() carries a positive scale up and down through Relu, LeakyRelu, PRelu and Abs", async () => {
  for (const op of ["Relu(a)", "LeakyRelu(a)", "PRelu(a, slope)", "Abs(a)"]) {
    const left = { Conv: 1, [op.split("(")[0]]: 1 };
    await assertFuses(model(["a = Conv(x, v)", `r = ${op}`, "y = Mul(r, s)"]), left, OPTIONS);
    await assertFuses(model(["a = Mul(x, s)", `r = ${op}`, "y = Conv(r, v)"]), left, OPTIONS);
  }
});

Deno.test("fuse() does not carry a negative scale or a shift through Relu", async () => {
  await assertKeeps(
    model(["a = Conv(x, v)", "r = Relu(a)", "y = Mul(r, minus)"]),
    /it has a negative scale, which does not come through Relu \(r\)/,
  );
  await assertKeeps(
    model(["a = Conv(x, v)", "r = Relu(a)", "y = Add(r, t)"]),
    /it has a shift, which does not come through Relu \(r\)/,
  );
});

Deno.test("fuse() does not carry anything through Sigmoid, HardSwish, Tanh", async () => {
  for (const op of ["Sigmoid", "HardSwish", "Tanh"]) {
    await assertKeeps(
      model(["a = Conv(x, v)", `r = ${op}(a)`, "y = Mul(r, half)"]),
      new RegExp(`its input comes from ${op} \\(r\\), which is no linear layer`),
    );
  }
});

Deno.test("fuse() carries one positive scale and shift through Clip and moves its bounds", async () => {
  const lines = ["a = Conv(x, v)", "r = Clip(a, zero, six)", "h = Mul(r, half)", "y = Sub(h, six)"];
  await assertFuses(model(lines), { Conv: 1, Clip: 1 }, OPTIONS);
  await assertFuses(model(["h = Mul(x, half)", "i = Add(h, six)", "r = Clip(i, zero, six)", "y = Conv(r, v)"]), {
    Clip: 1,
    Conv: 1,
  }, OPTIONS);
  const old = model(["a = Conv(x, v)", "r = Clip(a)", "y = Mul(r, half)"], {
    r: { min: { float: -1 }, max: { float: 1 } },
  });
  await assertFuses({ ...old, opset: 9, ir: 4 }, { Conv: 1, Clip: 1 }, OPTIONS);
});

Deno.test("fuse() carries a scale for every channel through Clip only where it is Relu", async () => {
  await assertFuses(model(["a = Conv(x, v)", "r = Clip(a, zero)", "y = Mul(r, s)"]), { Conv: 1, Clip: 1 }, OPTIONS);
  await assertKeeps(
    model(["a = Conv(x, v)", "r = Clip(a, zero, six)", "y = Mul(r, s)"]),
    /r has the same bounds for every channel, and it is another map for each/,
  );
  await assertKeeps(
    model(["a = Conv(x, v)", "r = Clip(a, zero, six)", "y = Mul(r, minus)"]),
    /its scale is -2, which would turn the bounds of r around/,
  );
  const open = model(["a = Conv(x, v)", "r = Clip(a, -, high)", "y = Mul(r, half)"]);
  open.inputs!.high = [];
  await assertKeeps(open, /the bounds of r are not constant/);
});

Deno.test("fuse() carries a BatchNormalization through Resize, up and down", async () => {
  const linear = { r: { mode: "linear" } };
  await assertFuses(
    model(["a = Conv(x, v)", "r = Resize(a, -, twice)", bn("y", "r", 4)], linear),
    { Conv: 1, Resize: 1 },
    OPTIONS,
  );
  await assertFuses(
    model([bn("a", "x", 4), "r = Resize(a, -, twice)", "y = Conv(r, v)"], linear),
    { Conv: 1, Resize: 1 },
    OPTIONS,
  );
});

Deno.test("fuse() does not carry a map through a Resize that crops, or of unknown scales", async () => {
  const crop = model(["a = Conv(x, v)", "r = Resize(a, roi, twice)", bn("y", "r", 4)], {
    r: { coordinate_transformation_mode: "tf_crop_and_resize" },
  });
  crop.initializers!.roi = tensor([8], [0, 0, 0, 0, 1, 1, 1, 1]);
  await assertKeeps(crop, /r crops and extrapolates/);
  const open = model(["a = Conv(x, v)", "r = Resize(a, -, scales)", bn("y", "r", 4)]);
  open.inputs!.scales = [4];
  await assertKeeps(open, /the scales of r are not constant/);
});

Deno.test("fuse() carries a BatchNormalization up through DepthToSpace, in both modes", async () => {
  for (const mode of ["DCR", "CRD"]) {
    await assertFuses(
      model(["a = Conv(x, w16)", "r = DepthToSpace(a)", bn("y", "r", 4)], { r: { blocksize: 2, mode } }),
      { Conv: 1, DepthToSpace: 1 },
      OPTIONS,
    );
  }
});

Deno.test("fuse() carries a map down through SpaceToDepth, and through DepthToSpace where blocks share it", async () => {
  const kernel = { k: random([4, 16, 1, 1], 21) };
  const deep = model([bn("a", "x", 4), "r = SpaceToDepth(a)", "y = Conv(r, k)"], { r: { blocksize: 2 } });
  deep.initializers!.k = kernel.k;
  await assertFuses(deep, { Conv: 1, SpaceToDepth: 1 }, OPTIONS);
  const wide = model(["a = Mul(x, half)", "r = DepthToSpace(a)", "y = Conv(r, k)"], { r: { blocksize: 2 } });
  wide.initializers!.k = random([3, 1, 1, 1], 22);
  await assertFuses(wide, { Conv: 1, DepthToSpace: 1 }, OPTIONS);
  wide.nodes[0].inputs[1] = "s";
  wide.initializers!.s = CONSTANTS.s;
  await assertKeeps(wide, /it is another map for each of the channels that r puts side by side/);
});

Deno.test("fuse() carries a map down through Concat and Split to every layer that takes a part", async () => {
  const lines = [
    bn("a", "x", 4),
    "c = Concat(a, z)",
    "p, q = Split(c)",
    "e = Conv(p, w)",
    "f = Conv(q, w)",
    "y = Sub(e, f)",
  ];
  await assertFuses(model(lines, { ...joined, p: { axis: 1 } }), { Concat: 1, Split: 1, Conv: 2, Sub: 1 }, OPTIONS);
});

Deno.test("fuse() carries a map past what only asks for a shape", async () => {
  const up = model(["a = Conv(x, v)", "r = Relu(a)", "q = Shape(a)", "y = Mul(r, s)"]);
  Object.assign(up, { outputs: { ...up.outputs, q: [4] }, types: { q: 7 } });
  await assertFuses(up, { Conv: 1, Relu: 1, Shape: 1 }, OPTIONS);
  const down = model(["a = Mul(x, s)", "r = Relu(a)", "q = Shape(r)", "y = Conv(r, v)"]);
  Object.assign(down, { outputs: { ...down.outputs, q: [4] }, types: { q: 7 } });
  await assertFuses(down, { Conv: 1, Relu: 1, Shape: 1 }, OPTIONS);
});

Deno.test("fuse() carries a shift down through a sum, to all that take it", async () => {
  const lines = ["a = Add(x, t)", "c = Sub(z, a)", "e = Conv(c, v)", "f = Conv(c, v)", "y = Sub(e, f)"];
  await assertFuses(model(lines), { Sub: 2, Conv: 2 }, OPTIONS);
  await assertKeeps(
    model(["a = Mul(x, s)", "c = Add(a, z)", "y = Conv(c, v)"]),
    /the other operand of c would need the same scale/,
  );
});

Deno.test("fuse() carries one map past another on the way", async () => {
  await assertFuses(
    model(["a = Conv(x, v)", "b = Sigmoid(a)", "m = Mul(b, s)", "r = Relu(m)", "n = Mul(r, half)", "y = Conv(n, v)"]),
    { Conv: 2, Sigmoid: 1, Relu: 1 },
    OPTIONS,
  );
});

Deno.test("fuse() carries two maps one after the other, to a graph output", async () => {
  const lines = ["a = Conv(x, v)", "p, q = Split(a)", "h = Add(p, half)", "y = Mul(h, half)", "u = Relu(q)"];
  const two = model(lines, { p: { axis: 1 } });
  two.outputs.u = [null, null, null, null];
  await assertFuses(two, { Conv: 1, Split: 1, Relu: 1 }, OPTIONS);
});

Deno.test("fuse() carries a map down where the layers before it would need a node more", async () => {
  const lines = ["a = MatMul(x, e)", "b = MatMul(z, e)", "c = Concat(a, b)", "n = Add(c, f)", "y = Gemm(n, h, o)"];
  const rows = model(lines, { c: { axis: 1 } });
  rows.inputs = { x: ["n", 6], z: ["n", 6] };
  rows.outputs = { y: ["n", 3] };
  rows.initializers = {
    e: random([6, 4], 31),
    f: random([8], 32),
    h: random([8, 3], 33),
    o: random([3], 34),
  };
  await assertFuses(rows, { MatMul: 2, Concat: 1, Gemm: 1 }, OPTIONS);
  rows.nodes.pop();
  rows.nodes.push({ op: "Sigmoid", inputs: ["n"], outputs: ["y"] });
  rows.outputs = { y: ["n", 8] };
  delete rows.initializers.h;
  delete rows.initializers.o;
  rows.inputs = { x: ["n", 5, 6], z: ["n", 5, 6] };
  rows.outputs = { y: ["n", 5, 8] };
  rows.nodes[2].attributes = { axis: 2 };
  await assertKeeps(rows, /it would take 4 nodes instead of 3/);
});

Deno.test("fuse() moves nothing where one branch cannot absorb the map", async () => {
  await assertKeeps(
    model(["a = Conv(x, w)", "c = Concat(a, z)", bn("y", "c", 8)], joined),
    /it would have to be applied to 'z', which no node makes/,
  );
  await assertKeeps(
    model(["a = Conv(x, w)", "b = Conv(z, w)", "r = Sigmoid(b)", "c = Add(a, r)", bn("y", "c", 4)]),
    /Sigmoid \(r\) is in the way, which it does not get past/,
  );
  await assertKeeps(
    model([bn("a", "x", 4), "c = Concat(a, z)", "e = Conv(c, w8)", "f = Sigmoid(c)", "y = Mul(e, f)"], joined),
    /Sigmoid \(f\) is in the way, which it does not get past/,
  );
});

Deno.test("fuse() moves nothing where a value on the way is used elsewhere, or is a graph output", async () => {
  const lines = ["a = Conv(x, w)", "b = Conv(z, w)", "c = Concat(a, b)", bn("y", "c", 8)];
  const used = model([...lines, "u = Relu(a)"], joined);
  used.outputs.u = [null, null, null, null];
  await assertKeeps(used, /'a', which would change, is used by c and u/);
  const output = model(lines, joined);
  output.outputs.b = [null, null, null, null];
  await assertKeeps(output, /'b', which would change, is a graph output/);
});

Deno.test("fuse() does not carry a map through Concat of parts of unknown size", async () => {
  const open = model(["a = Conv(x, w)", "c = Concat(a, u)", "y = Mul(c, s8)"], joined);
  open.inputs!.u = ["n", null, 6, 6];
  await assertKeeps(open, /enlarge/);
  const down = model(["a = Mul(x, s)", "c = Concat(a, u)", "y = Conv(c, w8)"], joined);
  down.inputs!.u = ["n", null, 6, 6];
  await assertKeeps(down, /the sizes of the parts of c are not known/);
});

Deno.test("fuse() does not carry a map through a sum one operand of which is enlarged along its axis", async () => {
  const wide = model(["a = Conv(x, w)", "b = Conv(z, one)", "c = Add(a, b)", bn("y", "c", 4)]);
  wide.initializers!.one = random([1, 4, 1, 1], 30);
  await assertKeeps(wide, /an operand of c may be enlarged along that axis/);
});

Deno.test("fuse() does not carry a shift past Concat into a Conv that pads", async () => {
  await assertKeeps(
    model([bn("a", "x", 4), "c = Concat(a, z)", "y = Conv(c, w8)"], { ...joined, y: { pads: [1, 1, 1, 1] } }),
    /y pads its input with zeros/,
  );
});

Deno.test("fuse() carries a scale past 64 nodes, and sees at a glance that a layer is further away", async () => {
  const chain = (length: number) => Array.from({ length }, (_, i) => `r${i + 1} = LeakyRelu(r${i})`);
  const up = (length: number) => model(["r0 = Conv(x, v)", ...chain(length), `y = Mul(r${length}, half)`]);
  const down = (length: number) => model(["r0 = Mul(x, half)", ...chain(length), `y = Conv(r${length}, v)`]);
  for (const towards of [up, down]) {
    await assertFuses(towards(64), { Conv: 1, LeakyRelu: 64 }, OPTIONS);
    await assertKeeps(towards(65), /more than 64 nodes away/);
  }
});

/** Sigmoid, a first map, what it may get past, and a second one. */
function apart(first: string, between: string[], second: string, attributes: Parameters<typeof model>[1] = {}) {
  return model(["a = Sigmoid(x)", first, ...between, second], attributes);
}

Deno.test("fuse() ends a map that no layer takes in another affine map before it", async () => {
  const sum = { p: { axes: [1] } };
  await assertFuses(
    apart("e = Mul(a, s)", ["p = ReduceMean(e)"], "y = Mul(p, half)", sum),
    { Sigmoid: 1, Mul: 1, ReduceMean: 1 },
  );
  await assertFuses(apart("e = Mul(a, half)", ["p = Relu(e)"], "y = Mul(p, s)"), { Sigmoid: 1, Mul: 1, Relu: 1 });
  await assertFuses(apart(bn("e", "a", 4), ["p = MaxPool(e)"], bn("y", "p", 4), { p: { kernel_shape: [2, 2] } }), {
    Sigmoid: 1,
    BatchNormalization: 1,
    MaxPool: 1,
  });
});

Deno.test("fuse() ends a map in a layer and in another affine map where a sum has both before it", async () => {
  await assertFuses(
    apart("e = Mul(a, s)", ["c = Conv(x, w)", "p = Add(e, c)"], "y = Mul(p, half)"),
    { Sigmoid: 1, Mul: 1, Conv: 1, Add: 1 },
  );
});

Deno.test("fuse() keeps two affine maps apart along different axes, and where a result in between is used", async () => {
  const axes = { p: { axes: [1] } }, rows = apart("e = Mul(a, s)", ["p = ReduceMean(e)"], "y = Mul(p, row)", axes);
  rows.initializers!.row = randomIn(0.5, 2, [6], 30);
  await assertKeeps(rows, /Sigmoid \(a\) is in the way/);
  const used = apart("e = Mul(a, s)", ["p = ReduceMean(e)"], "y = Mul(p, half)", axes);
  used.nodes.push({ op: "Relu", inputs: ["e"], outputs: ["z"] });
  used.outputs.z = [null, null, null, null];
  await assertKeeps(used, /'e', which would change, is used by/, { node: "y" });
});

Deno.test("fuse() keeps two affine maps apart that would be two nodes together", async () => {
  await assertFuses(
    apart("e = Mul(a, s)", ["p = ReduceMean(e)"], "y = Add(p, half)", { p: { axes: [1] } }),
    { Sigmoid: 1, Mul: 1, ReduceMean: 1, Add: 1 },
  );
});
