/**
 * What operators say of single entries, against ONNX Runtime, without being named here: some entries of a result are what the node
 * makes of the entries of its inputs that its view names, and what is said to be taken is what is there.
 */
import type { Node, Value } from "../../src/graph/graph.ts";
import { Builder } from "../../src/ops/builder.ts";
import { ConstantPool } from "../../src/ops/constant_pool.ts";
import { inferNode } from "../../src/ops/infer.ts";
import { dropAxis, takeEntries } from "../../src/ops/taken.ts";
import { commit } from "../../src/rewrite/commit.ts";
import { Replacement } from "../../src/rewrite/rule.ts";
import type { TestModel } from "../onnx_model.ts";
import { type Check, checkEach } from "./view_checks.ts";
import { assertClose, nodeOf, type Numbers, run } from "./view_conformance.ts";

/** Entries of numbers along an axis. */
function taken({ dims, values }: Numbers, axis: number, indices: readonly number[]): Numbers {
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1), outer = dims.slice(0, axis).reduce((a, b) => a * b, 1);
  const out: number[] = [];
  for (let at = 0; at < outer; at++) {
    for (const index of indices) {
      for (let i = 0; i < inner; i++) out.push(values[(at * dims[axis] + index) * inner + i]);
    }
  }
  return { dims: dims.with(axis, indices.length), values: out };
}

/** The model with its node replaced, as a run shows it. */
async function replaced(model: TestModel, feeds: Record<string, Numbers>, by: (node: Node, build: Builder) => Value) {
  const { model: opened, graphs, node } = await nodeOf(model);
  const build = new Builder(graphs.graph, new ConstantPool([graphs.graph]), inferNode), now = by(node, build);
  commit(graphs.graph, node, new Replacement([node], [[node.output, now]]), build);
  const result = (await run(await opened.with(graphs).bytes(), feeds))?.o0;
  return result && asNumbers(result);
}

const asNumbers = ({ dims, values }: Numbers): Numbers => ({ dims, values: Array.from(values, Number) });

const treatsEntries: Check = async (op, { model, node, feeds, own: given, what }) => {
  const own = asNumbers(given);
  let count = 0;
  for (const axis of own.dims.keys()) {
    if (!(own.dims[axis] > 0) || !op.entries!(node, axis)) continue;
    const indices = [own.dims[axis] - 1, 0];
    const result = await replaced(model, feeds, (node, build) => {
      const entries = op.entries!(node, axis)!, { per = 1 } = entries;
      const picks = indices.flatMap((index) => Array.from({ length: per }, (_, at) => index * per + at));
      const inputs = node.inputs.map((input, at) => {
        const along = entries.axes[at];
        return input && along !== null ? takeEntries(input, { axis: along, indices: picks }, build) : input;
      });
      return entries.emit?.(inputs, indices.length, build) ?? build.like(node, inputs);
    });
    assertClose(result, taken(own, axis, indices), `${what}, entries along axis ${axis}`);
    count++;
  }
  return count > 0;
};

const takesEntries: Check = async (op, { model, node, feeds, own, what }) => {
  if (!op.taken!(node)) return false;
  const result = await replaced(model, feeds, (node, build) => {
    const { x, axis, indices, isDropped } = op.taken!(node)!;
    const part = takeEntries(x, { axis, indices }, build);
    return isDropped ? dropAxis(part, axis, {}, build) : part;
  });
  assertClose(result, asNumbers(own), `${what}, taken`);
  return true;
};

checkEach({ entries: treatsEntries, taken: takesEntries });
