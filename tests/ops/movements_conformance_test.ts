/**
 * Movements of elements one after another against ONNX Runtime, without being named here: what a node says that fewer do is what both
 * do. Every example of an operator that only moves elements is put before every example that takes what it makes.
 */
import { assert } from "@std/assert";
import { Builder } from "../../src/ops/builder.ts";
import { ConstantPool } from "../../src/ops/constant_pool.ts";
import { inferNode } from "../../src/ops/infer.ts";
import { OPS } from "../../src/ops/table.ts";
import { commit } from "../../src/rewrite/commit.ts";
import { Replacement } from "../../src/rewrite/rule.ts";
import { open } from "../../src/fusion/mod.ts";
import { modelBytes, type TestModel, type TestNode } from "../onnx_model.ts";
import { type Example, TYPE } from "./example.ts";
import { examplesOf } from "./examples/mod.ts";
import { assertClose, feedOf, modelOf, nodeOf, type Results, run } from "./view_conformance.ts";

/** Operator sets at which what movements take as inputs differs. */
const OPSETS = [9, 13, 18];

/** An example that moves floats, with the shape it makes. */
interface Movement {
  readonly opType: string;
  readonly example: Example;
  readonly dims: string;
}

const isData = ({ inputs, parameters }: Example, at: number): boolean =>
  inputs[at] !== null && (inputs[at]!.type ?? TYPE.float) === TYPE.float && !parameters?.includes(at);

async function movementsAt(opset: number): Promise<Movement[]> {
  const found: Movement[] = [];
  for (const [opType, { moves }] of Object.entries(OPS[""])) {
    for (const example of moves ? examplesOf({ domain: "", opType }, { opset, seed: opset }) : []) {
      if (example.before || (example.outputs ?? 1) > 1 || !isData(example, 0)) continue;
      const { node } = await nodeOf(modelOf({ domain: "", opType }, opset, example, (at) => isData(example, at)));
      if (node.output.shape?.every((dim) => typeof dim === "number")) {
        found.push({ opType, example, dims: `${node.output.shape}` });
      }
    }
  }
  return found;
}

/** A movement, and a node that takes what it makes as its input `at`. */
function behind(first: Movement, opType: string, opset: number, example: Example, at: number): [TestModel, Results] {
  const feeds: Results = {}, initializers: NonNullable<TestModel["initializers"]> = {};
  const named = ({ inputs }: Example, prefix: string, isFed: (at: number) => boolean) =>
    inputs.map((input, index) => {
      const name = `${prefix}${index}`;
      if (!input) return "";
      if (isFed(index)) feeds[name] = feedOf(input);
      else initializers[name] = input;
      return name;
    });
  const own = named(example, "i", () => false).with(at, "moved");
  delete initializers[`i${at}`];
  const node = (op: string, inputs: string[], output: string, { attributes = {} }: Example): TestNode => ({
    op,
    inputs,
    outputs: [output],
    attributes: Object.fromEntries(Object.entries(attributes).flatMap(([k, v]) => v === undefined ? [] : [[k, v]])),
  });
  const nodes = [
    node(first.opType, named(first.example, "x", (index) => isData(first.example, index)), "moved", first.example),
    node(opType, own, "o0", example),
  ];
  const inputs = Object.fromEntries(Object.entries(feeds).map(([name, { dims }]) => [name, [...dims]]));
  return [{ opset, ir: 8, inputs, initializers, outputs: { o0: null }, nodes }, feeds];
}

/** Whether fewer nodes were said to do the same as these, and did. */
async function areFewer([model, feeds]: [TestModel, Results], what: string): Promise<boolean> {
  const opened = await open(modelBytes(model)),
    graphs = opened.graphs(),
    { graph } = graphs,
    node = graph.nodes.at(-1)!;
  const build = new Builder(graph, new ConstantPool([graph]), inferNode);
  const found = OPS[""][node.opType].fewerMovements!(node, build), wanted = (await run(modelBytes(model), feeds))?.o0;
  if (!found || !wanted) return false;
  assert(build.nodes.length < found.nodes.length, `${what}: ${build.nodes.length} nodes for ${found.nodes.length}`);
  commit(graph, node, new Replacement(found.nodes, [[node.output, found.result]]), build);
  assertClose((await run(await opened.with(graphs).bytes(), feeds))?.o0, wanted, what);
  return true;
}

const movements = new Map(await Promise.all(OPSETS.map(async (opset) => [opset, await movementsAt(opset)] as const)));

for (const [opType, { fewerMovements }] of Object.entries(OPS[""])) {
  if (!fewerMovements) continue;
  Deno.test(`ai.onnx.${opType} and the movements before it are as few as its entry says`, async () => {
    let count = 0;
    for (const opset of OPSETS) {
      for (const example of examplesOf({ domain: "", opType }, { opset, seed: opset })) {
        for (const at of example.inputs.keys()) {
          if (!isData(example, at)) continue;
          for (const first of movements.get(opset)!.filter(({ dims }) => dims === `${example.inputs[at]!.dims}`)) {
            const what = `${first.opType}, then ${opType} at operator set ${opset}, of [${first.dims}]`;
            if (await areFewer(behind(first, opType, opset, example, at), what)) count++;
          }
        }
      }
    }
    assert(count > 0, "no two examples in tests/ops/examples/ are fewer nodes");
  });
}
