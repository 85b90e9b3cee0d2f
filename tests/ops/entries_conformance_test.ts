/**
 * What operators say of single entries, against ONNX Runtime, without being named here: some entries of a result are what the node
 * makes of the entries of its inputs that its view names, and what is said to be taken is what is there.
 */
import { assert } from "@std/assert";
import type { Node, Value } from "../../src/graph/graph.ts";
import { Builder } from "../../src/ops/builder.ts";
import { ConstantPool } from "../../src/ops/constant_pool.ts";
import { inferNode } from "../../src/ops/infer.ts";
import { OPS } from "../../src/ops/table.ts";
import { dropAxis, takeEntries } from "../../src/ops/taken.ts";
import type { Views } from "../../src/ops/view.ts";
import { commit } from "../../src/rewrite/commit.ts";
import { Replacement } from "../../src/rewrite/rule.ts";
import { modelBytes, type TestModel } from "../onnx_model.ts";
import type { Example } from "./example.ts";
import { examplesOf } from "./examples/mod.ts";
import { assertClose, feedOf, modelOf, nodeOf, type Numbers, run } from "./view_conformance.ts";

const OPSETS: Record<string, number[]> = { "": [7, 11, 13, 18, 24], "ai.onnx.ml": [1], "com.microsoft": [1] };

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
  return result && { dims: result.dims, values: Array.from(result.values, Number) };
}

async function compared(views: Views, model: TestModel, example: Example, what: string): Promise<number | undefined> {
  const feeds = Object.fromEntries(
    Object.keys(model.inputs!).map((name) => [name, feedOf(example.inputs[Number(name.slice(1))]!)]),
  );
  const given = (await run(modelBytes(model), feeds))?.o0;
  if (!given) return undefined;
  const own = { dims: given.dims, values: Array.from(given.values, Number) };
  const { node } = await nodeOf(model);
  let count = 0;
  for (const axis of own.dims.keys()) {
    if (!(own.dims[axis] > 0) || !views.entries?.(node, axis)) continue;
    const indices = [own.dims[axis] - 1, 0];
    const result = await replaced(model, feeds, (node, build) => {
      const entries = views.entries!(node, axis)!;
      const { per = 1 } = entries,
        own = indices.flatMap((index) => Array.from({ length: per }, (_, at) => index * per + at));
      const inputs = node.inputs.map((input, at) => {
        const along = entries.axes[at];
        return input && along !== null ? takeEntries(input, { axis: along, indices: own }, build) : input;
      });
      return entries.emit?.(inputs, indices.length, build) ?? build.like(node, inputs);
    });
    assertClose(result, taken(own, axis, indices), `${what}, entries along axis ${axis}`);
    count++;
  }
  if (views.taken?.(node)) {
    const result = await replaced(model, feeds, (node, build) => {
      const { x, axis, indices, isDropped } = views.taken!(node)!;
      const part = takeEntries(x, { axis, indices }, build);
      return isDropped ? dropAxis(part, axis, {}, build) : part;
    });
    assertClose(result, own, `${what}, taken`);
    count++;
  }
  return count;
}

for (const [domain, ops] of Object.entries(OPS)) {
  for (const [opType, views] of Object.entries<Views>(ops)) {
    if (!views.entries && !views.taken) continue;
    Deno.test(`${domain || "ai.onnx"}.${opType} treats entries as its entry says`, async () => {
      let count = 0, isRun = false;
      for (const opset of OPSETS[domain]) {
        for (const example of examplesOf({ domain, opType }, { opset, seed: opset })) {
          if ((example.outputs ?? 1) > 1) continue;
          const isFed = (at: number) => example.inputs[at] !== undefined && (example.inputs[at]!.type ?? 1) === 1;
          const model = modelOf(
            { domain, opType },
            opset,
            example,
            (at) => isFed(at) && !example.parameters?.includes(at),
          );
          const what = `${opType} at operator set ${opset}, inputs ${
            example.inputs.map((input) => input ? `[${input.dims}]` : "–").join(" ")
          }, attributes ${JSON.stringify(example.attributes ?? {})}`;
          if (Object.keys(model.inputs!).length === 0) continue;
          const found = await compared(views, model, example, what);
          isRun ||= found !== undefined;
          count += found ?? 0;
        }
      }
      assert(count > 0 || !isRun, "no example of it was compared");
    });
  }
}
