/** The engine with toy rules: what it owns whatever the rule. */
import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { open } from "../../src/fusion/mod.ts";
import { exportModel } from "../../src/graph/export.ts";
import type { ImportedModel } from "../../src/graph/import.ts";
import { rewriteGraphs, type RewriteResult } from "../../src/rewrite/driver.ts";
import { RuleError } from "../../src/rewrite/rule_failure.ts";
import { Skip } from "../../src/ops/skip.ts";
import { Replacement, type Rule } from "../../src/rewrite/rule.ts";
import { valueTensor } from "../../src/tensor/tensor.ts";
import { feedsFor, modelBytes, random, relativeL2, run, tensor, type TestModel, type TestNode } from "../onnx_model.ts";

/** Two Relus are one. */
const mergeRelus: Rule = {
  name: "merge-relus",
  summary: "Relu → Relu: one",
  phase: "clean",
  roots: ["Relu"],
  rewrite(root, build) {
    const first = root.inputs[0]?.producer;
    if (!first?.is("Relu")) return undefined;
    return new Replacement([root, first], [[root.output, build.like(root, first.inputs)]]);
  },
};

/** Double negation is nothing. */
const dropNegs: Rule = {
  name: "drop-negs",
  summary: "Neg → Neg: nothing",
  phase: "clean",
  roots: ["Neg"],
  rewrite(root) {
    const first = root.inputs[0]?.producer;
    return first?.is("Neg") ? new Replacement([root, first], [[root.output, first.inputs[0]!]]) : undefined;
  },
};

async function graphsOf(model: TestModel): Promise<ImportedModel> {
  return (await open(modelBytes(model))).graphs();
}

async function rewritten(
  model: TestModel,
  ...rules: Rule[]
): Promise<RewriteResult & { graphs: ImportedModel; ops: string[] }> {
  const graphs = await graphsOf(model);
  const result = rewriteGraphs([graphs.graph, ...graphs.functions], { rules });
  const ops = graphs.graph.nodes.filter(({ isRemoved }) => !isRemoved).map(({ opType }) => opType).sort();
  return { ...result, graphs, ops };
}

const chain = (ops: string[], rest: Partial<TestModel> = {}): TestModel => ({
  inputs: { x: [2, 3] },
  outputs: { y: [2, 3] },
  nodes: ops.map((op, at): TestNode => ({
    op,
    inputs: [at === 0 ? "x" : `v${at - 1}`],
    outputs: [at === ops.length - 1 ? "y" : `v${at}`],
  })),
  ...rest,
});

Deno.test("rules are applied until none applies, each application reported in order", async () => {
  const { applied, ops } = await rewritten(chain(["Relu", "Relu", "Neg", "Neg", "Relu"]), mergeRelus, dropNegs);
  assertEquals(ops, ["Relu"]);
  assertEquals(applied.map(({ rule }) => rule).sort(), ["drop-negs", "merge-relus", "merge-relus"]);
});

Deno.test("the last node's name and output name stay, whatever is taken away before it", async () => {
  const { graphs } = await rewritten(chain(["Relu", "Relu", "Relu"]), mergeRelus);
  const [node] = graphs.graph.nodes.filter(({ isRemoved }) => !isRemoved);
  assertEquals([node.name, node.output.name, node.inputs[0]!.name], ["y", "y", "x"]);
});

Deno.test("a value inside a match that someone else uses, or that is an output, stops the rewrite with its name", async () => {
  const shared = chain(["Relu", "Relu"]);
  shared.nodes.push({ op: "Neg", inputs: ["v0"], outputs: ["z"], name: "other" });
  shared.outputs.z = [2, 3];
  const used = await rewritten(shared, mergeRelus);
  assertEquals(used.ops, ["Neg", "Relu", "Relu"]);
  assertEquals(used.skipped, [{
    rule: "merge-relus",
    node: "y",
    code: "other-user",
    reason: "'v0', which would disappear, is also used by other",
  }]);
  const output = await rewritten(chain(["Relu", "Relu"], { outputs: { y: [2, 3], v0: [2, 3] } }), mergeRelus);
  assertEquals(output.skipped[0].reason, "'v0', which would disappear, is a graph output");
});

Deno.test("a value that a subgraph captures is used", async () => {
  const model = chain(["Relu", "Relu"], {
    inputs: { x: [2, 3], c: [] },
    types: { c: 9 },
    outputs: { y: [2, 3], z: null },
  });
  const branch = (name: string) => ({
    graph: { nodes: [{ op: "Neg", inputs: ["v0"], outputs: [name] }], outputs: { [name]: null } },
  });
  model.nodes.push({
    op: "If",
    inputs: ["c"],
    outputs: ["z"],
    attributes: { then_branch: branch("t"), else_branch: branch("e") },
  });
  const { applied, skipped } = await rewritten(model, mergeRelus);
  assertEquals(applied, []);
  assert(/'v0', which would disappear, is also used by [te]/.test(skipped[0].reason), skipped[0].reason);
});

Deno.test("rules reach into subgraphs and functions", async () => {
  const two = (x: string, y: string): TestNode[] => [
    { op: "Relu", inputs: [x], outputs: [`${y}0`] },
    { op: "Relu", inputs: [`${y}0`], outputs: [y] },
  ];
  const model: TestModel = {
    inputs: { x: [2, 3], c: [] },
    types: { c: 9 },
    outputs: { z: null },
    opsets: { test: 1 },
    functions: [{ name: "F", domain: "test", inputs: ["a"], outputs: ["b"], nodes: two("a", "b") }],
    nodes: [
      { op: "F", domain: "test", inputs: ["x"], outputs: ["f"] },
      {
        op: "If",
        inputs: ["c"],
        outputs: ["z"],
        attributes: {
          then_branch: { graph: { nodes: two("f", "t"), outputs: { t: null } } },
          else_branch: { graph: { nodes: two("x", "e"), outputs: { e: null } } },
        },
      },
    ],
  };
  const graphs = await graphsOf(model);
  const { applied } = rewriteGraphs([graphs.graph, ...graphs.functions], { rules: [mergeRelus] });
  assertEquals(applied.map(({ result }) => result).sort(), ["b", "e", "t"]);
});

Deno.test("an output of the graph keeps its name when a value that is there already takes its place", async () => {
  const { ops, graphs } = await rewritten(chain(["Relu", "Neg", "Neg"]), dropNegs);
  assertEquals(ops, ["Relu"]);
  assertEquals(graphs.graph.outputs.map(({ name, producer }) => [name, producer!.opType]), [["y", "Relu"]]);
});

Deno.test("an output is not put in place of an input or of another output", async () => {
  const input = await rewritten(chain(["Neg", "Neg"]), dropNegs);
  assertEquals(input.ops, ["Neg", "Neg"]);
  assertEquals(input.skipped[0].reason, "its output 'y' is a graph output and 'x' is not made by a node");
  const both = await rewritten(chain(["Relu", "Neg", "Neg"], { outputs: { y: [2, 3], v0: [2, 3] } }), dropNegs);
  assertEquals(both.skipped[0].reason, "its output 'y' is a graph output and 'v0' is one too");
});

Deno.test("a name that a subgraph gives a meaning of its own is not brought in", async () => {
  const inner = {
    nodes: [{ op: "Abs", inputs: ["x"], outputs: ["v0"] }, { op: "Add", inputs: ["v0", "v2"], outputs: ["t"] }],
    outputs: { t: null },
  };
  const model = chain(["Relu", "Neg", "Neg"], { inputs: { x: [2, 3], c: [] }, types: { c: 9 }, outputs: { z: null } });
  model.nodes[2].outputs = ["v2"];
  model.nodes.push({
    op: "If",
    inputs: ["c"],
    outputs: ["z"],
    attributes: {
      then_branch: { graph: inner },
      else_branch: { graph: { nodes: [{ op: "Neg", inputs: ["v2"], outputs: ["e"] }], outputs: { e: null } } },
    },
  });
  const { applied, skipped } = await rewritten(model, dropNegs);
  assertEquals(applied.filter(({ nodes }) => nodes.includes("v2")), []);
  assert(
    skipped.some(({ reason }) => reason === "the name 'v0' means something else where t is"),
    JSON.stringify(skipped),
  );
});

Deno.test("a rewrite that does not lower the cost is refused with both numbers, so that rewriting ends", async () => {
  const more: Rule = {
    name: "do-more",
    phase: "clean",
    summary: "Relu: two Relus",
    roots: ["Relu"],
    rewrite: (root, build) =>
      new Replacement([root], [[root.output, build.like(root, [build.node("Relu", root.inputs)])]]),
  };
  const same: Rule = {
    name: "do-the-same",
    phase: "clean",
    summary: "Relu: itself",
    roots: ["Relu"],
    rewrite: (root, build) => new Replacement([root], [[root.output, build.like(root, root.inputs)]]),
  };
  const { applied, skipped } = await rewritten(chain(["Relu"]), more, same);
  assertEquals(applied, []);
  assertEquals(skipped.map(({ reason }) => reason), [
    "it would take 2 nodes instead of 1",
    "it would save nothing: 0 multiply-accumulates before, 0 after",
  ]);
});

Deno.test("a refused rewrite changes nothing in the graph", async () => {
  const model = chain(["Relu", "Relu"], { outputs: { y: [2, 3], v0: [2, 3] } });
  const { graphs } = await rewritten(model, mergeRelus);
  const untouched = await graphsOf(model);
  assertEquals(exportModel(graphs).skeleton, exportModel(untouched).skeleton);
  assertEquals(graphs.graph.model.names, untouched.graph.model.names);
});

Deno.test("a weight that its type cannot hold is refused with the value", async () => {
  const overflow: Rule = {
    name: "overflow",
    phase: "clean",
    summary: "Mul: by a number too large",
    roots: ["Mul"],
    rewrite: (root, build) =>
      new Replacement([root, root.inputs[0]!.producer!], [[
        root.output,
        build.like(root, [
          root.inputs[0]!.producer!.inputs[0],
          build.initializer("big", valueTensor("float16", [1], Float64Array.of(1e5))),
        ]),
      ]]),
  };
  const model: TestModel = {
    inputs: { x: [2] },
    outputs: { y: [2] },
    types: { x: 10, y: 10 },
    initializers: { s: tensor([1], [2], 10) },
    nodes: [{ op: "Relu", inputs: ["x"], outputs: ["r"] }, { op: "Mul", inputs: ["r", "s"], outputs: ["y"] }],
  };
  const { skipped } = await rewritten(model, overflow);
  assertEquals(
    skipped[0].reason,
    "a new weight for 'big' would be 1.000e+5, which float16 cannot hold (its largest finite value is 65504.0)",
  );
});

Deno.test("what was skipped at a node that is gone in the end is not reported, nor twice the same", async () => {
  const complain: Rule = {
    name: "complain",
    phase: "clean",
    summary: "Relu: says no",
    roots: ["Relu"],
    rewrite: () => new Skip("no-layer", "no"),
  };
  const { skipped } = await rewritten(chain(["Relu", "Relu", "Relu"]), complain, mergeRelus);
  assertEquals(skipped, [{ rule: "complain", node: "y", code: "no-layer", reason: "no" }]);
});

Deno.test("new initializers get names that nothing in the model has, and are inputs below IR version 4", async () => {
  const named: Rule = {
    name: "name-it",
    phase: "clean",
    summary: "Relu → Neg: Mul",
    roots: ["Neg"],
    rewrite: (root, build) =>
      root.inputs[0]?.producer?.is("Relu")
        ? new Replacement([root, root.inputs[0].producer], [[
          root.output,
          build.node("Mul", [
            root.inputs[0].producer.inputs[0],
            build.initializer("x", valueTensor("float32", [1], Float64Array.of(3))),
          ]),
        ]])
        : undefined,
  };
  for (const ir of [3, 8]) {
    const { graphs } = await rewritten(chain(["Relu", "Neg"], { ir }), named);
    const [added] = graphs.graph.initializers;
    assertEquals(added.name, "x_2");
    const { skeleton, payloads } = exportModel(graphs);
    assertEquals(payloads.length, 0);
    const reopened = await open(skeleton);
    assertEquals(reopened.graphs().graph.find("x_2")!.isInput, ir === 3);
  }
});

Deno.test("nodes in an order that is not topological are written in one that is, and compute the same", async () => {
  const model: TestModel = {
    inputs: { x: [2, 3] },
    outputs: { y: [2, 3] },
    initializers: { w: random([3, 3], 1) },
    nodes: [
      { op: "Add", inputs: ["b", "a"], outputs: ["y"] },
      { op: "Relu", inputs: ["m"], outputs: ["r"] },
      { op: "Relu", inputs: ["r"], outputs: ["b"] },
      { op: "MatMul", inputs: ["x", "w"], outputs: ["m"] },
      { op: "Neg", inputs: ["m"], outputs: ["a"] },
    ],
  };
  const opened = await open(modelBytes(model)), graphs = opened.graphs();
  rewriteGraphs([graphs.graph], { rules: [mergeRelus] });
  const after = opened.with(graphs), made = new Set(["x"]);
  for (const { inputs, outputs } of after.nodes) {
    assert(inputs.every((name) => made.has(name) || name === "w"), `${inputs} before they are made`);
    outputs.forEach((name) => made.add(name));
  }
  const feeds = feedsFor(model);
  assertEquals(relativeL2(await run(modelBytes(model), feeds), await run(await after.bytes(), feeds)), 0);
});

Deno.test("a chain of 10 000 nodes is rewritten to its end in time linear in its length", async () => {
  const seconds = async (length: number) => {
    const graphs = await graphsOf(chain(new Array(length).fill("Relu")));
    const start = performance.now();
    const { applied } = rewriteGraphs([graphs.graph], { rules: [mergeRelus] });
    assertEquals(applied.length, length - 1);
    return (performance.now() - start) / 1000;
  };
  await seconds(1000);
  assertLess(await seconds(10_000), 10, "seconds");
});

Deno.test("a rule of a later phase never takes a match from an earlier one, wherever it stands in the list", async () => {
  const greedy: Rule = {
    name: "greedy",
    summary: "Relu → Relu → Neg: the Neg of x",
    phase: "merge",
    roots: ["Relu", "Neg"],
    rewrite(root, build) {
      const first = root.inputs[0]?.producer;
      if (!first) return undefined;
      return new Replacement([root, first], [[root.output, build.like(root, first.inputs)]]);
    },
  };
  const model = chain(["Relu", "Relu", "Neg", "Neg"]);
  const { applied, ops } = await rewritten(model, greedy, mergeRelus, dropNegs);
  assertEquals(applied.map(({ rule }) => rule).sort(), ["drop-negs", "merge-relus"]);
  assertEquals(ops, ["Relu"]);
});

Deno.test("a rule that copies a node for ever is refused, for nothing becomes less", async () => {
  const copy: Rule = {
    name: "copy-for-ever",
    summary: "Relu: a copy of itself",
    phase: "clean",
    roots: ["Relu"],
    rewrite: (root, build) => new Replacement([root], [[root.output, build.like(root, root.inputs)]]),
  };
  const { applied, skipped } = await rewritten(chain(["Relu", "Neg"]), copy);
  assertEquals([applied.length, skipped[0].code], [0, "not-cheaper"]);
});

Deno.test("a rule that lowers the cost for ever ends with an error that names it", async () => {
  const shave: Rule = {
    name: "shave-for-ever",
    summary: "Relu with a list: with a list that is one shorter",
    phase: "clean",
    roots: ["Relu"],
    rewrite(root, build) {
      const length = root.inputs[1]!.initializer!.size - 1;
      const list = build.initializer("list", valueTensor("float32", [length], new Float64Array(length)));
      return new Replacement([root], [[root.output, build.like(root, [root.inputs[0], list])]]);
    },
  };
  const model = chain(["Relu"], { initializers: { list: random([4096]) } });
  model.nodes[0].inputs.push("list");
  const error = await assertRejects(() => rewritten(model, mergeRelus, shave), RuleError);
  assert(error.message.includes("'shave-for-ever'"), error.message);
});
