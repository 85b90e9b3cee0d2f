import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { fuse, open } from "../../src/fusion/mod.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import {
  feedsFor,
  modelBytes,
  random,
  randomIn,
  relativeL2,
  run,
  tensor,
  type TestAttribute,
  type TestModel,
  type TestNode,
} from "../onnx_model.ts";

type TestFunction = NonNullable<TestModel["functions"]>[number];

const norm: TestFunction = {
  name: "Norm",
  domain: "own",
  inputs: ["x", "scale", "shift", "mean", "variance"],
  outputs: ["y"],
  nodes: [{ op: "BatchNormalization", inputs: ["x", "scale", "shift", "mean", "variance"], outputs: ["y"] }],
};

const statistics = {
  scale: randomIn(0.5, 2, [4], 3),
  shift: random([4], 4),
  mean: random([4], 5),
  variance: randomIn(0.5, 2, [4], 6),
};

const call = (op: string, inputs: string[], outputs: string[], more: Partial<TestNode> = {}): TestNode => ({
  op,
  inputs,
  outputs,
  domain: "own",
  ...more,
});

/** Conv, and then nodes. */
function behindConv(nodes: TestNode[], functions: TestFunction[], more: Partial<TestModel> = {}): TestModel {
  return {
    inputs: { x: [1, 3, 6, 6] },
    outputs: { y: [1, 4, 4, 4] },
    opsets: { own: 1 },
    ...more,
    initializers: { w: random([4, 3, 3, 3]), c: tensor([], [0.5]), ...statistics, ...more.initializers },
    nodes: [{ op: "Conv", inputs: ["x", "w"], outputs: ["a"] }, ...nodes],
    functions,
  };
}

const normCall = call("Norm", ["a", "scale", "shift", "mean", "variance"], ["y"], { name: "bn1" });

Deno.test("a call whose weights are its inputs is inlined where a layer is in front of it, and its function goes", async () => {
  const { applied, after } = await assertFuses(behindConv([normCall], [norm]), { Conv: 1 });
  assertEquals(applied.map(({ rule, nodes }) => [rule, nodes]), [
    ["inline-calls", ["bn1"]],
    ["fuse-affine-into-layer", ["bn1/y", "a"]],
  ]);
  assertEquals(after.nodes, 1);
});

Deno.test("a call is inlined that only a no-op of its hides, where as many rewrites would do without it", async () => {
  const through = (name: string, node: TestNode): TestFunction => ({
    name,
    domain: "own",
    inputs: node.inputs as string[],
    outputs: ["y"],
    nodes: [node],
  });
  const half = through("Half", { op: "Mul", inputs: ["x", "c"], outputs: ["y"] });
  const all = through("All", { op: "Gather", inputs: ["x", "all"], outputs: ["y"], attributes: { axis: 1 } });
  const nodes: TestNode[] = [
    { op: "Mul", inputs: ["x", "k"], outputs: ["m"] },
    call("All", ["m", "all"], ["g"], { name: "all1" }),
    call("Half", ["g", "c"], ["h"], { name: "half1" }),
    { op: "Conv", inputs: ["h", "w"], outputs: ["y"] },
  ];
  const initializers = {
    w: random([4, 3, 3, 3]),
    k: randomIn(0.5, 2, [3, 1, 1], 7),
    c: tensor([], [0.5]),
    all: tensor([3], [0, 1, 2], 7),
  };
  const { applied } = await assertFuses({ ...behindConv([], [half, all]), nodes, initializers }, { Conv: 1 });
  assertEquals(applied.filter(({ rule }) => rule === "inline-calls").map(({ nodes }) => nodes), [["all1"], ["half1"]]);
});

Deno.test("an affine map behind the call of a layer goes into that layer", async () => {
  const layer = {
    ...norm,
    name: "Layer",
    inputs: ["x", "w"],
    nodes: [{ op: "Conv", inputs: ["x", "w"], outputs: ["y"] }],
  };
  await assertFuses({
    ...behindConv([], [layer]),
    nodes: [
      call("Layer", ["x", "w"], ["a"]),
      { op: "BatchNormalization", inputs: ["a", "scale", "shift", "mean", "variance"], outputs: ["y"] },
    ],
  }, { Conv: 1 });
});

Deno.test("a function that is nothing is no longer between two linear neighbours", async () => {
  const nothing = {
    ...norm,
    name: "Nothing",
    inputs: ["x"],
    nodes: [{ op: "Identity", inputs: ["x"], outputs: ["y"] }],
  };
  const model = behindConv([call("Nothing", ["a"], ["b"]), { op: "Mul", inputs: ["b", "c"], outputs: ["y"] }], [
    nothing,
  ]);
  await assertFuses(model, { Conv: 1 });
});

Deno.test("a function that gives back its input becomes an Identity, and goes", async () => {
  const same: TestFunction = {
    ...norm,
    name: "Same",
    inputs: ["x"],
    outputs: ["x", "y"],
    nodes: [{ op: "Abs", inputs: ["x"], outputs: ["y"] }],
  };
  const times: TestNode = { op: "Mul", inputs: ["b", "c"], outputs: ["y"] };
  const { model, report } = await fuse(modelBytes(behindConv([call("Same", ["a"], ["b", "unused"]), times], [same])));
  assertEquals(report.after.ops, { Conv: 1 });
  const plain = behindConv([{ ...times, inputs: ["a", "c"] }], []); // the runtime does not load such a function
  const feeds = feedsFor(plain);
  assertLess(relativeL2(await run(modelBytes(plain), feeds), await run(await model.bytes(), feeds)), 1e-6);
});

Deno.test("the calls that hide nothing stay calls, and so does their function", async () => {
  const more: TestNode[] = [
    { ...normCall, outputs: ["b"] },
    { op: "Sigmoid", inputs: ["b"], outputs: ["s"] },
    { ...normCall, inputs: ["s", ...normCall.inputs.slice(1)], name: "bn2" },
  ];
  const { applied } = await assertFuses(behindConv(more, [norm]), {
    Conv: 1,
    Sigmoid: 1,
    "own.Norm": 1,
    BatchNormalization: 1, // in the function
  });
  assertEquals(applied.filter(({ rule }) => rule === "inline-calls").map(({ nodes }) => nodes), [["bn1"]]);
});

Deno.test("calls in functions are inlined with the calls they are in, and their names say so", async () => {
  const outer = { ...norm, name: "Outer", nodes: [{ ...normCall, inputs: norm.inputs, name: "inner" }] };
  const { applied } = await assertFuses(behindConv([{ ...normCall, op: "Outer" }], [outer, norm]), { Conv: 1 });
  assertEquals(applied.map(({ nodes }) => nodes[0]), ["bn1", "bn1/inner", "bn1/inner/y"]);
});

Deno.test("calls without names, and calls of one name, are told apart", async () => {
  const nodes = ["Norm", "same", "same"].map((name, index): TestNode => ({
    ...normCall,
    name: name === "Norm" ? "" : name,
    inputs: [["a", "b0", "b1"][index], ...normCall.inputs.slice(1)],
    outputs: [["b0", "b1", "y"][index]],
  }));
  const { report: { applied, after } } = await fuse(modelBytes(behindConv(nodes, [norm])));
  assertEquals(after.ops, { Conv: 1 });
  assertEquals(applied.slice(0, 3).map(({ nodes }) => nodes[0]), ["Norm", "same", "same_2"]);
});

const scaled: TestFunction = {
  name: "Power",
  domain: "own",
  inputs: ["x"],
  outputs: ["y"],
  attributes: ["unset"],
  defaults: { by: { floats: [3, 3, 3, 3] } },
  nodes: [
    { op: "Constant", inputs: [], outputs: ["v"], attributes: { value_floats: { ref: "by", type: 6 } } },
    { op: "Constant", inputs: [], outputs: ["axes"], attributes: { value: { tensor: tensor([3], [0, 2, 3], 7) } } },
    { op: "Unsqueeze", inputs: ["v", "axes"], outputs: ["u"] },
    { op: "Mul", inputs: ["x", "u"], outputs: ["m"] },
    { op: "Elu", inputs: ["m"], outputs: ["y"], attributes: { alpha: { ref: "unset", type: 1 } } },
  ] as TestNode[],
};

const given: Record<string, Record<string, TestAttribute>> = {
  "the call gives": { by: { floats: [1, 2, 3, 4] }, unset: { float: 0.3 } },
  "have a default, and those that nobody gives are left out": {},
};

for (const [what, attributes] of Object.entries(given)) {
  Deno.test(`attributes by reference: those that ${what}`, async () => {
    await assertFuses(behindConv([call("Power", ["a"], ["y"], { attributes })], [scaled], { ir: 9 }), {
      Conv: 1,
      Elu: 1,
    });
  });
}

Deno.test("of functions that share a name the one of the call's overload is taken", async () => {
  const negative = {
    ...norm,
    overload: "negative",
    nodes: [...norm.nodes.map((n) => ({ ...n, outputs: ["z"] })), { op: "Neg", inputs: ["z"], outputs: ["y"] }],
  };
  for (const overload of ["", "negative"]) {
    await assertFuses(behindConv([{ ...normCall, overload }], [norm, negative], { ir: 10, opset: 21 }), {
      Conv: 1,
      BatchNormalization: 1, // in the function that nothing calls
      ...overload ? {} : { Neg: 1 },
    });
  }
});

Deno.test("inputs that a call leaves out stay absent, and so do outputs", async () => {
  const layer: TestFunction = {
    ...norm,
    name: "Layer",
    inputs: ["x", "w", "b"],
    outputs: ["y", "twice"],
    nodes: [
      { op: "Conv", inputs: ["x", "w", "b"], outputs: ["y"] },
      { op: "Add", inputs: ["y", "y"], outputs: ["twice"] },
    ],
  };
  for (const inputs of [["x", "w"], ["x", "w", "mean"]]) {
    await assertFuses({
      ...behindConv([], [layer]),
      nodes: [call("Layer", inputs, ["a", ""]), { op: "Mul", inputs: ["a", "c"], outputs: ["y"] }],
    }, { Conv: 1 });
  }
});

Deno.test("subgraphs in a body take its values, by names that nothing around them has", async () => {
  const branch = (op: string) => ({
    nodes: [{ op, inputs: ["t"], outputs: ["s"] }, { op: "Neg", inputs: ["s"], outputs: ["o"] }],
    outputs: { o: null },
  });
  const chosen: TestFunction = {
    ...norm,
    name: "Chosen",
    inputs: ["v", "if", "k"],
    nodes: [
      { op: "Mul", inputs: ["v", "k"], outputs: ["t"] },
      {
        op: "If",
        inputs: ["if"],
        outputs: ["y"],
        attributes: { then_branch: { graph: branch("Abs") }, else_branch: { graph: branch("Relu") } },
      },
    ],
  };
  // the model has an 's', a 't' and an 'o' of its own
  const model = behindConv(
    [
      { op: "Relu", inputs: ["a"], outputs: ["s"] },
      { op: "Add", inputs: ["s", "q"], outputs: ["t"] },
      call("Chosen", ["a", "flag", "c"], ["o"]),
      { op: "Add", inputs: ["o", "t"], outputs: ["y"] },
    ],
    [chosen],
    {
      inputs: { x: [1, 3, 6, 6], flag: [], q: [1, 4, 4, 4] },
      types: { flag: 9 },
    },
  );
  await assertFuses({
    ...model,
    nodes: model.nodes.filter(({ op }) => op !== "Relu").map((node) => ({
      ...node,
      inputs: node.inputs.map((name) => name === "s" ? "q" : name),
    })),
  }, {
    Conv: 1,
    If: 1,
    Add: 2,
    Abs: 1,
    Relu: 1,
    Neg: 2,
  });
});

Deno.test("a call in a branch is inlined there", async () => {
  const branch = (nodes: TestNode[]) => ({ graph: { nodes, outputs: { [nodes.at(-1)!.outputs[0]]: null } } });
  const conv: TestNode = { op: "Conv", inputs: ["x", "w"], outputs: ["a"] };
  await assertFuses({
    ...behindConv([], [norm]),
    inputs: { x: [1, 3, 6, 6], flag: [] },
    types: { flag: 9 },
    nodes: [{
      op: "If",
      inputs: ["flag"],
      outputs: ["y"],
      attributes: {
        then_branch: branch([conv, { ...normCall, outputs: ["t"] }]),
        else_branch: branch([{ ...conv, outputs: ["e"] }]),
      },
    }],
  }, { If: 1, Conv: 2 });
});

Deno.test("an operator set that the model lacks comes with the function's nodes", async () => {
  const gelu: TestFunction = {
    ...norm,
    opsets: { "": 17, "com.microsoft": 1 },
    nodes: [{ ...norm.nodes[0], outputs: ["n"] }, {
      op: "Gelu",
      domain: "com.microsoft",
      inputs: ["n"],
      outputs: ["y"],
    }],
  };
  await assertFuses(behindConv([normCall], [gelu]), { Conv: 1, "com.microsoft.Gelu": 1 });
});

Deno.test("a function of another operator set is inlined where its operators mean the same in the model's", async () => {
  for (const version of [15, 16, 18, 21]) {
    await assertFuses(behindConv([normCall], [{ ...norm, opsets: { "": version } }]), { Conv: 1 });
  }
});

Deno.test("a function of another operator set stays a call where an operator may mean something else", async () => {
  const reason = (op: string) =>
    new RegExp(`stays a call of own\\.Norm: it takes version .* where ${op} may mean something`);
  const beside = (node: TestNode): TestNode[] => [
    { ...norm.nodes[0], outputs: ["n"] },
    { ...node, inputs: ["x"], outputs: ["m"] },
    { op: "Add", inputs: ["n", "m"], outputs: ["y"] },
  ];
  const mean: TestNode = { op: "ReduceMean", inputs: [], outputs: [], attributes: { axes: [2] } };
  const older = { ...norm, nodes: beside(mean), opsets: { "": 17 } };
  await assertKeeps(behindConv([normCall], [older], { opset: 18 }), reason("ReduceMean"), { node: "bn1" });
  const newer = { ...norm, nodes: beside({ op: "Round", inputs: [], outputs: [] }), opsets: { "": 22 } };
  await assertKeeps(behindConv([normCall], [newer], { opset: 21 }), reason("Round"), { node: "bn1" });
  const ancient = { ...norm, opsets: { "": 12 } };
  const { applied } = await assertKeeps(behindConv([normCall], [ancient]), reason("BatchNormalization"), {
    node: "bn1",
  });
  assertEquals(applied, []);
});

Deno.test("a function that calls itself stays a call", async () => {
  const endless = {
    ...norm,
    nodes: [...norm.nodes.map((n) => ({ ...n, outputs: ["z"] })), {
      ...normCall,
      inputs: ["z", ...norm.inputs.slice(1)],
    }],
  };
  await assertKeeps(behindConv([normCall], [endless]), /stays a call of own\.Norm: it calls itself/);
});

Deno.test("functions that call functions twice each, forty deep, are inlined no further than a bound", async () => {
  const functions = Array.from({ length: 40 }, (_, depth): TestFunction => ({
    name: `F${depth}`,
    domain: "own",
    inputs: ["x"],
    outputs: ["y"],
    nodes: depth === 39 ? [{ op: "Relu", inputs: ["x"], outputs: ["y"] }] : [
      call(`F${depth + 1}`, ["x"], ["m"]),
      call(`F${depth + 1}`, ["m"], ["y"]),
    ],
  }));
  const bytes = Uint8Array.from(modelBytes(behindConv([call("F0", ["a"], ["y"])], functions)));
  const start = performance.now(), { report, model } = await fuse(bytes);
  assertLess(performance.now() - start, 5000);
  assertEquals(await model.bytes(), bytes);
  assert(
    report.skipped.some(({ reason }) => /the nodes would take more than 1\.0 MiB/.test(reason)),
    JSON.stringify(report.skipped),
  );
});

Deno.test("a function of an operator that the runtime has itself is not what the runtime runs, nor is it inlined", async () => {
  const own: TestFunction = {
    ...norm,
    name: "Gelu",
    domain: "com.microsoft",
    inputs: ["x"],
    nodes: [{ op: "Neg", inputs: ["x"], outputs: ["y"] }],
  };
  await assertFuses(
    behindConv(
      [{ op: "Gelu", domain: "com.microsoft", inputs: ["a"], outputs: ["b"] }, {
        op: "Mul",
        inputs: ["b", "c"],
        outputs: ["y"],
      }],
      [own],
      {
        opsets: { "com.microsoft": 1 },
      },
    ),
    { Conv: 1, "com.microsoft.Gelu": 1, Mul: 1, Neg: 1 },
  );
});

Deno.test("a model whose calls hide nothing stays byte for byte, and keeps functions that nothing calls", async () => {
  const act: TestFunction = {
    ...norm,
    name: "Act",
    inputs: ["x"],
    nodes: [{ op: "Sigmoid", inputs: ["x"], outputs: ["s"] }, { op: "Mul", inputs: ["x", "s"], outputs: ["y"] }],
  };
  const bytes = Uint8Array.from(modelBytes(behindConv([call("Act", ["a"], ["y"])], [act, norm], { initializers: {} })));
  const { model, report } = await fuse(bytes);
  assertEquals([report.applied, await model.bytes()], [[], bytes]);
});

Deno.test("what is fused in a function's own body needs no inlining", async () => {
  const both: TestFunction = {
    ...norm,
    name: "Both",
    inputs: ["x"],
    nodes: [
      { op: "Constant", inputs: [], outputs: ["k"], attributes: { value: { tensor: random([4, 4, 1, 1], 8) } } },
      { op: "Constant", inputs: [], outputs: ["h"], attributes: { value: { tensor: tensor([], [0.25]) } } },
      { op: "Conv", inputs: ["x", "k"], outputs: ["o"] },
      { op: "Mul", inputs: ["o", "h"], outputs: ["y"] },
    ],
  };
  const model = behindConv([{ op: "Sigmoid", inputs: ["a"], outputs: ["s"] }, call("Both", ["s"], ["y"])], [both]);
  await assertFuses(model, { Conv: 2, Sigmoid: 1, "own.Both": 1, Constant: 1 });
});

Deno.test("constants of a body that several calls share are not copied into a larger file", async () => {
  const big: TestFunction = {
    ...norm,
    name: "Big",
    inputs: ["x"],
    nodes: [
      { op: "Constant", inputs: [], outputs: ["k"], attributes: { value: { tensor: random([32, 32, 1, 1], 8) } } },
      { op: "Conv", inputs: ["x", "k"], outputs: ["y"] },
    ],
  };
  const layers = [0, 1, 2].flatMap((layer): TestNode[] => [
    call("Big", [layer === 0 ? "x" : `s${layer - 1}`], [`o${layer}`]),
    { op: "Mul", inputs: [`o${layer}`, `k${layer}`], outputs: [`m${layer}`] },
    { op: "Sigmoid", inputs: [`m${layer}`], outputs: [layer === 2 ? "y" : `s${layer}`] },
  ]);
  const model: TestModel = {
    inputs: { x: [1, 32, 4, 4] },
    outputs: { y: [1, 32, 4, 4] },
    opsets: { own: 1 },
    initializers: Object.fromEntries([0, 1, 2].map((layer) => [`k${layer}`, random([1, 32, 1, 1], 9 + layer)])),
    nodes: layers,
    functions: [big],
  };
  const { applied } = await assertKeeps(model, /constants, of which each call would get its own: \d+ more elements/);
  assertEquals(applied, []);
  await assertFuses(model, { Conv: 3, Sigmoid: 3 }, { options: { allowGrowth: true } });
});

Deno.test("inline-calls is left out and chosen as a rule is", async () => {
  const bytes = modelBytes(behindConv([normCall], [norm]));
  assertEquals((await fuse(bytes, { skip: ["inline-calls"] })).report.applied, []);
  assertEquals((await fuse(bytes, { rules: ["fuse-affine-into-layer"] })).report.applied, []);
  const { report } = await fuse(bytes, { rules: ["fuse-affine-into-layer", "inline-calls"] });
  assertEquals(report.after.ops, { Conv: 1 });
  assertMatch((await open(bytes)).nodes.map(({ name }) => name).join(), /bn1/);
});
