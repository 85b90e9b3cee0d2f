/** Layers beside Conv, Gemm and MatMul by a right-hand constant: the rules take them by their views. */
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { random, randomIn, tensor, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";

const MS = { "com.microsoft": 1 };

/** W·x for x of shape [n, 4, 3]. */
function left(nodes: TestNode[], outputs: TestModel["outputs"] = { y: ["n", null, 3] }): TestModel {
  const initializers = {
    v: random([5, 4], 1),
    w: random([2, 5], 2),
    u: random([5, 4], 3),
    b: random([5, 1], 4),
    s: random([5, 1], 5),
  };
  return { inputs: { x: ["n", 4, 3] }, outputs, initializers, nodes };
}

Deno.test("fuse() composes products with constants on the left, and puts a bias between them into one Add", async () => {
  await assertFuses(
    left([
      { op: "MatMul", inputs: ["v", "x"], outputs: ["a"] },
      { op: "Add", inputs: ["a", "b"], outputs: ["h"] },
      { op: "MatMul", inputs: ["w", "h"], outputs: ["y"] },
    ]),
    { MatMul: 1, Add: 1 },
  );
});

Deno.test("fuse() merges products with constants on the left of one value", async () => {
  await assertFuses(
    left([
      { op: "MatMul", inputs: ["v", "x"], outputs: ["a"] },
      { op: "MatMul", inputs: ["u", "x"], outputs: ["h"] },
      { op: "Sub", inputs: ["a", "h"], outputs: ["y"] },
    ]),
    { MatMul: 1 },
  );
});

Deno.test("fuse() does not put a product with a constant on the left and one on the right together", async () => {
  const mixed = left([
    { op: "MatMul", inputs: ["v", "x"], outputs: ["a"] },
    { op: "MatMul", inputs: ["a", "r"], outputs: ["y"] },
  ]);
  mixed.initializers!.r = random([3, 3], 6);
  await assertKeeps(mixed, /the weight of .* stands on the left, of .* on the right/);
});

/** Nodes over x of shape [n, 4, 6, 6], with kernels of transposed convolutions. */
function transposedModel(nodes: TestNode[]): TestModel {
  const initializers = {
    v: random([4, 3, 2, 2], 1),
    u: random([4, 3, 2, 2], 2),
    k: random([4, 3, 3, 3], 3),
    b: random([3], 4),
  };
  return { inputs: { x: ["n", 4, 6, 6] }, outputs: { y: ["n", 3, null, null] }, initializers, nodes };
}

const TWICE = { strides: [2, 2] };

Deno.test("fuse() merges ConvTransposes of one value and one geometry", async () => {
  await assertFuses(
    transposedModel([
      { op: "ConvTranspose", inputs: ["x", "v", "b"], outputs: ["a"], attributes: TWICE },
      { op: "ConvTranspose", inputs: ["x", "u"], outputs: ["h"], attributes: TWICE },
      { op: "Add", inputs: ["a", "h"], outputs: ["y"] },
    ]),
    { ConvTranspose: 1 },
  );
});

Deno.test("fuse() does not merge ConvTransposes of different geometry", async () => {
  await assertKeeps(
    transposedModel([
      { op: "ConvTranspose", inputs: ["x", "v"], outputs: ["a"], attributes: TWICE },
      { op: "ConvTranspose", inputs: ["x", "k"], outputs: ["h"], attributes: { ...TWICE, pads: [0, 0, 1, 1] } },
      { op: "Add", inputs: ["a", "h"], outputs: ["y"] },
    ]),
    /have other attributes or kernels/,
  );
});

/** Einsum of x and a constant w, then a map along its last axis. */
function einsum(equation: string, w: number[], isFirst = false): TestModel {
  return {
    inputs: { x: ["n", 5, 4] },
    outputs: { y: ["n", null, null] },
    initializers: { w: random(w, 1), s: randomIn(0.5, 2, [3], 2), c: randomIn(0.5, 2, [3, 1], 3), t: random([3], 4) },
    nodes: [
      { op: "Einsum", inputs: isFirst ? ["w", "x"] : ["x", "w"], outputs: ["a"], attributes: { equation } },
      { op: "Mul", inputs: ["a", equation.endsWith("l") ? "c" : "s"], outputs: ["y"] },
    ],
  };
}

Deno.test("fuse() folds an affine map into the constant of an Einsum that is a product, whatever the order of its operands", async () => {
  await assertFuses(einsum("nld,dk->nlk", [4, 3]), { Einsum: 1 });
  await assertFuses(einsum("nld, kd -> nlk", [3, 4]), { Einsum: 1 });
  await assertFuses(einsum("dk,nld->nlk", [4, 3], true), { Einsum: 1 });
  const rows: TestModel = { ...einsum("kd,ndl->nkl", [3, 4], true), inputs: { x: ["n", 4, 5] } };
  await assertFuses(rows, { Einsum: 1 });
});

Deno.test("fuse() leaves an Einsum that is no product with a matrix", async () => {
  const model = einsum("nll,dk->nlk", [4, 3]); // a diagonal
  await assertKeeps(model, /is no product with a matrix/);
});

/** An operator of another domain between x and y. */
const before = (node: TestNode, rest: Partial<TestModel>): TestModel => ({
  inputs: { x: ["n", 4] },
  outputs: { y: ["n", 3] },
  initializers: { w: random([4, 3], 1), b: random([3], 2) },
  ...rest,
  nodes: [node, { op: "Gemm", inputs: ["a", "w", "b"], outputs: ["y"] }],
});

/** x → Scaler → LinearRegressor of two targets. */
const regression = (
  attributes: TestNode["attributes"] = {},
  rest: Partial<TestModel> = {},
): TestModel => ({
  inputs: { x: ["n", 4] },
  outputs: { y: ["n", 2] },
  opsets: { "ai.onnx.ml": 1 },
  nodes: [
    {
      op: "Scaler",
      domain: "ai.onnx.ml",
      inputs: ["x"],
      outputs: ["a"],
      attributes: { offset: { floats: [1, 2, 3, 4] }, scale: { floats: [2, 1, 0.5, -1] } },
    },
    {
      op: "LinearRegressor",
      domain: "ai.onnx.ml",
      inputs: ["a"],
      outputs: ["y"],
      name: "regressor",
      attributes: {
        targets: 2,
        coefficients: { floats: [1, -2, 3, 4, 0.5, 6, -7, 8] },
        intercepts: { floats: [0.5, -1] },
        ...attributes,
      },
    },
  ],
  ...rest,
});

Deno.test("fuse() folds an ai.onnx.ml Scaler into the LinearRegressor behind it, as one Gemm", async () => {
  await assertFuses(regression(), { Gemm: 1 });
});

Deno.test("fuse() leaves a LinearRegressor that is no Gemm", async () => {
  await assertKeeps(regression({ post_transform: "PROBIT" }), /regressor has a post_transform/);
  await assertKeeps(regression({ targets: 3 }), /regressor has no coefficients and intercepts for 3 targets/);
  await assertKeeps(regression({ intercepts: { floats: [1] } }), /regressor has no coefficients and intercepts for 2/);
  await assertKeeps(regression({}, { inputs: { x: ["n", 5, 4] }, outputs: { y: null } }), /an input of rank 2\)/);
});

/** x → Scaler → ArrayFeatureExtractor of columns → Gemm of two. */
function selected(columns: TestTensor | undefined): TestModel {
  const { nodes: [scaler], ...model } = regression();
  return {
    ...model,
    ...columns ? { initializers: { columns, w: random([2, 2], 1) } } : { initializers: { w: random([2, 2], 1) } },
    inputs: { x: ["n", 4], ...columns ? {} : { columns: [2] } },
    types: columns ? {} : { columns: 7 },
    nodes: [
      scaler,
      { op: "ArrayFeatureExtractor", domain: "ai.onnx.ml", inputs: ["a", "columns"], outputs: ["s"], name: "columns" },
      { op: "Gemm", inputs: ["s", "w"], outputs: ["y"] },
    ],
  };
}

Deno.test("fuse() folds a Scaler into the Gemm behind the columns that are taken of it, as feature selection leaves it", async () => {
  await assertFuses(selected(tensor([2], [3, 1], 7)), { "ai.onnx.ml.ArrayFeatureExtractor": 1, Gemm: 1 });
});

Deno.test("fuse() leaves a Scaler before columns that are not constant", async () => {
  await assertKeeps(selected(undefined), /which entries columns takes is not known/);
});

Deno.test("fuse() folds an ai.onnx.ml Scaler into the Gemm behind it", async () => {
  const scaler = (attributes: TestNode["attributes"]): TestModel =>
    before({ op: "Scaler", domain: "ai.onnx.ml", inputs: ["x"], outputs: ["a"], attributes }, {
      opsets: { "ai.onnx.ml": 1 },
    });
  await assertFuses(scaler({ offset: { floats: [1, 2, 3, 4] }, scale: { floats: [2, 1, 0.5, -1] } }), { Gemm: 1 });
  await assertFuses(scaler({ offset: { floats: [0.5] }, scale: { floats: [2] } }), { Gemm: 1 });
});

/** x (2, 3, 6, 6) → ImageScaler → Conv, at an operator set that has the first. */
const scaledImages = (bias: number[], x: (number | string | null)[] = [2, 3, 6, 6]): TestModel => ({
  opset: 9,
  inputs: { x },
  outputs: { y: null },
  initializers: { w: random([4, 3, 3, 3], 1) },
  nodes: [
    { op: "ImageScaler", inputs: ["x"], outputs: ["a"], attributes: { scale: { float: 0.5 }, bias: { floats: bias } } },
    { op: "Conv", inputs: ["a", "w"], outputs: ["y"] },
  ],
});

Deno.test("fuse() folds an ImageScaler into the Conv behind it", async () => {
  await assertFuses(scaledImages([1, -2, 0.5]), { Conv: 1 });
});

Deno.test("fuse() leaves an ImageScaler of other channels than its input has, or of an unknown number", async () => {
  await assertKeeps(scaledImages([1, -2]), /it has 2 biases for the 3 channels of 'x'/);
  await assertKeeps(scaledImages([1, -2, 0.5], [2, "c", 6, 6]), /'x' is not known to be images/);
});

Deno.test("fuse() folds Affine and Scale, which ONNX had on trial, into the Conv behind them", async () => {
  const attributes = { alpha: { float: 0.5 }, beta: { float: 2 } }, [, conv] = scaledImages([]).nodes;
  const model = (more: TestNode["attributes"]): TestModel => ({
    ...scaledImages([]),
    nodes: [
      { op: "Affine", inputs: ["x"], outputs: ["b"], attributes },
      { op: "Scale", inputs: ["b"], outputs: ["a"], attributes: { scale: { float: -3 } } },
      { ...conv, attributes: more },
    ],
  });
  await assertFuses(model({}), { Conv: 1 });
  await assertKeeps(model({ pads: [1, 1, 1, 1] }), /pads its input with zeros/);
});

Deno.test("fuse() folds an affine map into a FusedMatMul with its factor and transposition", async () => {
  const forms: TestNode["attributes"][] = [{ transB: 1 }, { transB: 1, alpha: { float: 0.5 } }];
  for (const attributes of forms) {
    await assertFuses({
      inputs: { x: ["n", 5, 4] },
      outputs: { y: ["n", 5, 3] },
      opsets: MS,
      initializers: { w: random([3, 4], 1), s: randomIn(0.5, 2, [4], 2), t: randomIn(0.5, 2, [3], 3) },
      nodes: [
        { op: "Mul", inputs: ["x", "s"], outputs: ["m"] },
        { op: "FusedMatMul", domain: "com.microsoft", inputs: ["m", "w"], outputs: ["a"], attributes },
        { op: "Mul", inputs: ["a", "t"], outputs: ["y"] },
      ],
    }, { "com.microsoft.FusedMatMul": 1 });
  }
});

/** A FusedConv with a BatchNormalization behind it. */
const fusedConv = (attributes: TestNode["attributes"]): TestModel => ({
  inputs: { x: ["n", 4, 6, 6] },
  outputs: { y: ["n", 3, 6, 6] },
  opsets: MS,
  initializers: {
    w: random([3, 4, 1, 1], 1),
    g: randomIn(0.5, 2, [3], 2),
    b: random([3], 3),
    m: random([3], 4),
    v: randomIn(0.5, 2, [3], 5),
  },
  nodes: [
    { op: "FusedConv", domain: "com.microsoft", inputs: ["x", "w"], outputs: ["a"], attributes },
    { op: "BatchNormalization", inputs: ["a", "g", "b", "m", "v"], outputs: ["y"] },
  ],
});

Deno.test("fuse() folds an affine map into a FusedConv without an activation, and into no other", async () => {
  await assertFuses(fusedConv({}), { "com.microsoft.FusedConv": 1 });
  await assertKeeps(fusedConv({ activation: "Relu" }), /has an activation or a second summand/);
});

Deno.test("fuse() folds an affine map into a FusedMatMul whose constant stands on the left, turned around or not", async () => {
  const forms: NonNullable<TestNode["attributes"]>[] = [
    { alpha: { float: 0.5 } },
    { transA: 1 },
    { transB: 1, alpha: { float: 2 } },
  ];
  for (const attributes of forms) {
    const x = "transB" in attributes ? ["n", 6, 4] : ["n", 4, 6], w = "transA" in attributes ? [4, 5] : [5, 4];
    await assertFuses({
      inputs: { x },
      outputs: { y: null },
      opsets: { "com.microsoft": 1 },
      initializers: { w: random(w, 1), k: random([5, 1], 2) },
      nodes: [
        { op: "FusedMatMul", domain: "com.microsoft", inputs: ["w", "x"], outputs: ["a"], attributes },
        { op: "Mul", inputs: ["a", "k"], outputs: ["y"] },
      ],
    }, { "com.microsoft.FusedMatMul": 1 });
  }
});

const attention = (nodes: TestNode[], more: Partial<TestModel> = {}): TestModel => ({
  inputs: { x: [2, 5, 8] },
  outputs: { y: null },
  opsets: MS,
  initializers: { w: random([8, 24], 1), b: random([24], 4), s: randomIn(0.5, 2, [8], 2), u: random([8], 3) },
  nodes,
  ...more,
});
const attend = (x: string, output: string): TestNode => ({
  op: "Attention",
  domain: "com.microsoft",
  inputs: [x, "w", "b"],
  outputs: [output],
  attributes: { num_heads: 2 },
});

Deno.test("fuse() folds a normalization before com.microsoft's Attention into its projection and its bias", async () => {
  const normed: TestNode[] = [{ op: "Mul", inputs: ["x", "s"], outputs: ["m"] }, {
    op: "Add",
    inputs: ["m", "u"],
    outputs: ["t"],
  }, attend("t", "y")];
  await assertFuses(attention(normed), { "com.microsoft.Attention": 1 });
  await assertKeeps(attention(normed, { outputs: { y: null, t: null } }), /'t' is a graph output/);
});

Deno.test("fuse() keeps an affine map behind com.microsoft's Attention, and one before a computed projection", async () => {
  const behind: TestNode[] = [attend("x", "a"), { op: "Mul", inputs: ["a", "s"], outputs: ["y"] }];
  await assertKeeps(attention(behind), /has a softmax behind its projection/);
  const before: TestNode[] = [{ op: "Mul", inputs: ["x", "s"], outputs: ["m"] }, attend("m", "y")];
  const computed = attention(before, { inputs: { x: [2, 5, 8], w: [8, 24] } });
  delete computed.initializers!.w;
  await assertKeeps(computed, /the input weight of y is not constant/);
});

Deno.test("fuse() leaves a product in front of com.microsoft's Attention, and of a LinearClassifier, as it is", async () => {
  const square = { q: random([8, 8], 5), w: random([8, 24], 1), b: random([24], 4) };
  const product: TestNode = { op: "MatMul", inputs: ["x", "q"], outputs: ["m"] };
  const left = { MatMul: 1, "com.microsoft.Attention": 1 };
  await assertFuses(attention([product, attend("m", "y")], { initializers: square }), left);
  const small = classification({}, { initializers: { q: random([4, 4], 5) } }), [, classifier] = small.nodes;
  await assertFuses({ ...small, nodes: [product, { ...classifier, inputs: ["m"] }] }, {
    MatMul: 1,
    "ai.onnx.ml.LinearClassifier": 1,
  });
});

/** x → Scaler → LinearClassifier of three labels, as scikit-learn's pipelines are written. */
const classification = (attributes: TestNode["attributes"] = {}, rest: Partial<TestModel> = {}): TestModel => ({
  ...regression(),
  outputs: { label: ["n"], y: ["n", 3] },
  types: { label: 7 },
  nodes: [regression().nodes[0], {
    op: "LinearClassifier",
    domain: "ai.onnx.ml",
    inputs: ["a"],
    outputs: ["label", "y"],
    name: "classifier",
    attributes: {
      classlabels_ints: [4, 5, 6],
      coefficients: { floats: [1, -2, 3, 4, 0.5, 6, -7, 8, 2, 1, 0, -3] },
      intercepts: { floats: [0.5, -1, 0.25] },
      post_transform: "SOFTMAX",
      ...attributes,
    },
  }],
  ...rest,
});

Deno.test("fuse() folds an ai.onnx.ml Scaler into the LinearClassifier behind it", async () => {
  await assertFuses(classification(), { "ai.onnx.ml.LinearClassifier": 1 });
});

Deno.test("fuse() leaves a Scaler before a LinearClassifier whose numbers do not fit, or a map behind it", async () => {
  await assertKeeps(
    classification({ intercepts: { floats: [1] } }),
    /classifier has no coefficients and intercepts for 4/,
  );
  await assertKeeps(classification({ coefficients: { floats: [1, 2, 3, 4, 5] } }), /classifier has no coefficients/);
  await assertKeeps(classification({}, { inputs: { x: ["n", "m"] } }), /do not fit|how many columns/);
});
