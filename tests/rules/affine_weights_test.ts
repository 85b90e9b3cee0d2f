/** Where weights and parameters come from, and where layers are: every storage form, subgraphs, functions. */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { fuse, open } from "../../src/fusion/mod.ts";
import { messageType } from "../../src/proto/schema.ts";
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
  type TestTensor,
} from "../onnx_model.ts";

const BN_INPUTS = ["gamma", "beta", "mean", "variance"];
const PARAMETERS: Record<string, TestTensor> = {
  w: random([4, 3, 3, 3], 1),
  gamma: randomIn(0.5, 1.5, [4], 2),
  beta: random([4], 3),
  mean: random([4], 4),
  variance: randomIn(0.1, 2, [4], 5),
};

const conv: TestNode = { op: "Conv", inputs: ["x", "w"], outputs: ["c"], name: "conv" };
const bn: TestNode = { op: "BatchNormalization", inputs: ["c", ...BN_INPUTS], outputs: ["y"], name: "bn" };

function convBn(more: Partial<TestModel> = {}): TestModel {
  return {
    inputs: { x: [2, 3, 6, 6] },
    outputs: { y: [2, 4, null, null] },
    initializers: PARAMETERS,
    nodes: [conv, bn],
    ...more,
  };
}

const constant = (name: string, attributes: TestNode["attributes"]): TestNode => ({
  op: "Constant",
  inputs: [],
  outputs: [name],
  attributes,
});

Deno.test("fuse() folds weights that are Constant nodes", async () => {
  const constants = Object.entries(PARAMETERS).map(([name, tensor]) =>
    constant(name, { tensor }.tensor && { value: { tensor } })
  );
  await assertFuses(convBn({ initializers: {}, nodes: [...constants, conv, bn] }), { Conv: 1 });
});

Deno.test("fuse() folds parameters given as value_floats, value_float and ConstantOfShape", async () => {
  await assertFuses({
    inputs: { x: [2, 3, 6, 6] },
    outputs: { y: null },
    initializers: { w: PARAMETERS.w, variance: PARAMETERS.variance },
    nodes: [
      constant("gamma", { value_floats: { floats: [1, 2, -0.5, 3] } }),
      constant("shape", { value_ints: [4] }),
      {
        op: "ConstantOfShape",
        inputs: ["shape"],
        outputs: ["mean"],
        attributes: { value: { tensor: { dims: [1], values: [0.5] } } },
      },
      { op: "ConstantOfShape", inputs: ["shape"], outputs: ["beta"] },
      conv,
      { ...bn, outputs: ["b"] },
      constant("two", { value_float: { float: 2 } }),
      { op: "Mul", inputs: ["b", "two"], outputs: ["y"] },
    ],
  }, { Conv: 1 });
});

Deno.test("fuse() folds a Conv whose weight is a ConstantOfShape", async () => {
  await assertFuses({
    inputs: { x: [2, 3, 6, 6] },
    outputs: { y: null },
    initializers: { ...PARAMETERS, shape: { dims: [4], values: [4, 3, 3, 3], type: 7 } },
    nodes: [
      {
        op: "ConstantOfShape",
        inputs: ["shape"],
        outputs: ["v"],
        attributes: { value: { tensor: { dims: [1], values: [0.25] } } },
      },
      { ...conv, inputs: ["x", "v"] },
      bn,
    ],
  }, { Conv: 1 });
});

// deno-lint-ignore no-explicit-any
function edited(model: TestModel, edit: (proto: any) => void): Uint8Array {
  const type = messageType("ModelProto");
  const proto = type.decode(modelBytes(model));
  edit(proto);
  return type.encode(proto).finish();
}

async function assertSameAfter(before: Uint8Array, feeds: ReturnType<typeof feedsFor>, left: Record<string, number>) {
  const { model, report } = await fuse(before);
  assertEquals(report.after.ops, left, JSON.stringify(report.skipped));
  assertLessOrEqual(relativeL2(await run(before, feeds), await run(await model.bytes(), feeds)), 1e-5);
}

Deno.test("fuse() folds a sparse initializer into a dense one", async () => {
  const bytes = edited(convBn(), ({ graph }) => {
    const [w] = graph.initializer.splice(0, 1);
    const dense = new Float32Array(w.raw_data.slice().buffer);
    const at = [0, 5, 26, 30, 107];
    graph.sparse_initializer = [{
      dims: [4, 3, 3, 3],
      values: { name: "w", dims: [5], data_type: 1, float_data: at.map((index) => dense[index]) },
      indices: { dims: [5], data_type: 7, int64_data: at },
    }];
  });
  await assertSameAfter(bytes, feedsFor(convBn()), { Conv: 1 });
  const { model } = await fuse(bytes);
  const { graph } = (await open(await model.bytes())).graphs();
  assertEquals([...graph.initializers].map(({ shape }) => shape), [[4, 3, 3, 3], [4]]);
});

Deno.test("fuse() folds weights in external data", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const bytes = edited(convBn(), ({ graph }) => {
      const [w] = graph.initializer;
      Deno.writeFileSync(`${folder}/weights.bin`, w.raw_data);
      delete w.raw_data;
      w.data_location = 1;
      w.external_data = [
        { key: "location", value: "weights.bin" },
        { key: "offset", value: "0" },
        { key: "length", value: String(4 * 108) },
      ];
    });
    await Deno.writeFile(`${folder}/model.onnx`, bytes);
    const { model, report } = await fuse(`${folder}/model.onnx`);
    assertEquals(report.after.ops, { Conv: 1 });
    const feeds = feedsFor(convBn());
    const after = await run(await model.bytes(), feeds);
    assertLessOrEqual(relativeL2(await run(modelBytes(convBn()), feeds), after), 1e-5);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const AS_INPUTS = {
  x: [2, 3, 6, 6],
  ...Object.fromEntries(Object.entries(PARAMETERS).map(([name, { dims }]) => [name, dims])),
};

Deno.test("fuse() takes initializers that are graph inputs as constants below IR version 4, and lists new ones as inputs", async () => {
  const model = convBn({ ir: 3, opset: 8, inputs: AS_INPUTS });
  await assertFuses(model, { Conv: 1 });
  const { graph } = (await fuse(modelBytes(model))).model.graphs();
  const names = [...graph.initializers].map(({ name }) => name);
  assertEquals(graph.inputs.map(({ name }) => name), ["x", ...names]);
  assertEquals(names.length, 2);
});

Deno.test("fuse() keeps layers whose weights a caller may override, from IR version 4 on", async () => {
  for (
    const [name, what] of [["w", /the weight of conv is not constant/], ["mean", /its mean is not constant/]] as const
  ) {
    const model = convBn({ inputs: { x: [2, 3, 6, 6], [name]: PARAMETERS[name].dims } });
    const reason = new RegExp(`${what.source}: '${name}' is an initializer that is also a graph input`);
    const report = await assertKeeps(model, reason, { node: "bn" });
    assertEquals(report.applied, []);
  }
});

Deno.test("fuse() keeps the old weight of two Convs that share it as long as one needs it", async () => {
  const model = convBn({
    outputs: { y: null, z: null },
    nodes: [conv, bn, { op: "Conv", inputs: ["x", "w"], outputs: ["z"], name: "other" }],
  });
  await assertFuses(model, { Conv: 2 });
  const { graph } = (await fuse(modelBytes(model))).model.graphs();
  const [first, second] = graph.nodes.map(({ inputs }) => inputs[1]!.name);
  assertEquals([second, graph.initializers.includes(graph.values.get("w")!)], ["w", true]);
  assert(first !== "w");
});

Deno.test("fuse() drops the weight two Convs shared when both are rewritten", async () => {
  const model = convBn({
    outputs: { y: null, z: null },
    nodes: [
      conv,
      bn,
      { ...conv, outputs: ["d"], name: "other" },
      { ...bn, inputs: ["d", "gamma", "beta", "mean", "variance"], outputs: ["z"], name: "bn2" },
    ],
  });
  await assertFuses(model, { Conv: 2 });
  const { graph } = (await fuse(modelBytes(model))).model.graphs();
  for (const name of Object.keys(PARAMETERS)) assert(!graph.values.has(name), `${name} is still there`);
});

function inIf(
  branch: TestNode[],
  initializers: Record<string, TestTensor>,
  outer: Record<string, TestTensor>,
): TestModel {
  return {
    inputs: { x: [2, 3, 6, 6], on: [] },
    types: { on: 9 },
    outputs: { y: null },
    initializers: outer,
    nodes: [{
      op: "If",
      inputs: ["on"],
      outputs: ["y"],
      attributes: {
        then_branch: { graph: { nodes: branch, outputs: { y1: [2, 4, null, null] }, initializers } },
        else_branch: { graph: { nodes: branch, outputs: { y1: [2, 4, null, null] }, initializers } },
      },
    }],
  };
}

const innerBn = { ...bn, outputs: ["y1"] };

Deno.test("fuse() folds in both branches of an If, weights of their own", async () => {
  await assertFuses(inIf([conv, innerBn], PARAMETERS, {}), { Conv: 2, If: 1 });
});

Deno.test("fuse() folds in both branches of an If, weights captured from outside", async () => {
  await assertFuses(inIf([conv, innerBn], {}, PARAMETERS), { Conv: 2, If: 1 });
});

Deno.test("fuse() takes the inner weight where its name hides an outer one", async () => {
  const { w, ...rest } = PARAMETERS;
  await assertFuses(inIf([conv, innerBn], { w }, { ...rest, w: random([4, 3, 3, 3], 99) }), { Conv: 2, If: 1 });
});

Deno.test("fuse() folds in the body of a Loop", async () => {
  await assertFuses({
    inputs: { x: [2, 3, 6, 6] },
    outputs: { y: null },
    initializers: {
      ...PARAMETERS,
      w: random([3, 3, 1, 1], 1),
      n: { dims: [], values: [2], type: 7 },
      go: { dims: [], values: [1], type: 9 },
    },
    nodes: [{
      op: "Loop",
      inputs: ["n", "go", "x"],
      outputs: ["y"],
      attributes: {
        body: {
          graph: {
            inputs: { i: [], go_in: [], v: [2, 3, 6, 6] },
            types: { i: 7, go_in: 9, go_out: 9 },
            outputs: { go_out: [], v_out: [2, 3, 6, 6] },
            initializers: { k: randomIn(0.5, 2, [3, 1, 1], 8) },
            nodes: [
              { op: "Identity", inputs: ["go_in"], outputs: ["go_out"] },
              { op: "Conv", inputs: ["v", "w"], outputs: ["vc"] },
              { op: "Mul", inputs: ["vc", "k"], outputs: ["v_out"] },
            ],
          },
        },
      },
    }],
  }, { Conv: 1, Identity: 1, Loop: 1 });
});

Deno.test("fuse() folds in the body of a Scan", async () => {
  await assertFuses({
    inputs: { x: [3, 2, 4] },
    outputs: { y: null },
    initializers: { w: random([4, 4], 1), k: randomIn(0.5, 2, [4], 2) },
    nodes: [{
      op: "Scan",
      inputs: ["x"],
      outputs: ["y"],
      attributes: {
        num_scan_inputs: 1,
        body: {
          graph: {
            inputs: { row: [2, 4] },
            outputs: { out: [2, 4] },
            nodes: [
              { op: "MatMul", inputs: ["row", "w"], outputs: ["m"] },
              { op: "Mul", inputs: ["m", "k"], outputs: ["out"] },
            ],
          },
        },
      },
    }],
  }, { MatMul: 1, Scan: 1 });
});

Deno.test("fuse() keeps a Conv outside a subgraph whose BatchNormalization is inside", async () => {
  const model = inIf([innerBn], {}, PARAMETERS);
  model.nodes = [conv, ...model.nodes];
  await assertKeeps(model, /'c' is computed outside the subgraph/, { node: "bn" });
  await assertFuses(model, { BatchNormalization: 2, Conv: 1, If: 1 });
});

Deno.test("fuse() keeps a Conv and BatchNormalization whose middle value a subgraph captures", async () => {
  const model = inIf([{ op: "Relu", inputs: ["c"], outputs: ["y1"], name: "inner" }], {}, PARAMETERS);
  model.nodes = [conv, { ...bn, outputs: ["z"] }, ...model.nodes];
  model.outputs = { y: null, z: null };
  await assertKeeps(model, /'c', which would disappear, is also used by inner/, { node: "bn" });
});

Deno.test("fuse() keeps a Conv and BatchNormalization whose middle value is the output of a branch", async () => {
  const model = inIf([{ op: "Identity", inputs: ["c"], outputs: ["y1"] }], {}, PARAMETERS);
  model.nodes = [conv, { ...bn, outputs: ["z"] }, ...model.nodes];
  model.outputs = { y: null, z: null };
  await assertKeeps(model, /'c', which would disappear, is (also used by|a graph output)/, { node: "bn" });
});

function inFunction(
  nodes: TestNode[],
  more: Partial<NonNullable<TestModel["functions"]>[0]> = {},
  call: Partial<TestNode> = {},
): TestModel {
  return {
    inputs: { x: [2, 3, 6, 6] },
    outputs: { y: [2, 4, null, null] },
    opsets: { local: 1 },
    nodes: [{ op: "Block", domain: "local", inputs: ["x"], outputs: ["y"], ...call }],
    functions: [{ name: "Block", domain: "local", inputs: ["x"], outputs: ["y"], nodes, ...more }],
  };
}

const bodyConstants = Object.entries(PARAMETERS).map(([name, tensor]) => constant(name, { value: { tensor } }));

Deno.test("fuse() folds in the body of a model-local function, its constants stay Constant nodes", async () => {
  const report = await assertFuses(inFunction([...bodyConstants, conv, bn]), {
    Constant: 2,
    Conv: 1,
    "local.Block": 1,
  });
  assertEquals(report.applied.map(({ rule }) => rule), ["fuse-affine-into-layer"]);
});

Deno.test("fuse() keeps a BatchNormalization whose attribute the caller of its function sets, where that stays a function", async () => {
  const model = inFunction(
    [...bodyConstants, conv, { ...bn, attributes: { epsilon: { ref: "eps", type: 1 } } }],
    { attributes: ["eps"] },
    { attributes: { eps: { float: 0.5 } } },
  );
  const options = { skip: ["inline-calls"] };
  await assertKeeps(model, /attribute 'epsilon' of bn is set by the caller of the function it is in/, {
    node: "bn",
    options,
  });
  await assertFuses(model, { Conv: 1 });
});

Deno.test("fuse() keeps a function's layer whose weight is an input of the function, where that stays a function", async () => {
  const model = inFunction([...bodyConstants.slice(1), conv, bn], { inputs: ["x", "w"] }, { inputs: ["x", "w"] });
  model.initializers = { w: PARAMETERS.w };
  const options = { skip: ["inline-calls"] };
  await assertKeeps(model, /the weight of conv is not constant: 'w' is an input/, { node: "bn", options });
  await assertFuses(model, { Conv: 1 });
});
