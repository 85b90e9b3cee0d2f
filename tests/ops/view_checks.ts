/** What the conformance suites of single views share: the cases an operator's examples are, and a test for each view of each operator. */
import { assert } from "@std/assert";
import type { Node, Value } from "../../src/graph/graph.ts";
import type { Op } from "../../src/ops/op.ts";
import { OPS } from "../../src/ops/table.ts";
import { Builder } from "../../src/ops/builder.ts";
import { ConstantPool } from "../../src/ops/constant_pool.ts";
import { inferNode } from "../../src/ops/infer.ts";
import { commit } from "../../src/rewrite/commit.ts";
import { Replacement } from "../../src/rewrite/rule.ts";
import { broadcastStrides, forEachOffset } from "../../src/tensor/arrange.ts";
import { modelBytes, type TestModel } from "../onnx_model.ts";
import type { OpName } from "./conformance.ts";
import { type Example, TYPE } from "./example.ts";
import { examplesOf } from "./examples/mod.ts";
import { assertClose, feedOf, modelOf, nodeOf, type Numbers, type Results, run } from "./view_conformance.ts";

/** One example as it runs. */
export interface Case {
  readonly model: TestModel;
  readonly node: Node;
  readonly feeds: Results;
  /** Its first output. */
  readonly own: Numbers;
  readonly what: string;
}

/** Compares what a field says of a case with a run; false where it says nothing of it. */
export type Check = (op: Op, subject: Case) => Promise<boolean> | boolean;

/** Numbers repeated over a larger shape, as numpy does. */
export function spread({ dims, values }: Numbers, over: readonly number[]): Float64Array {
  const out = new Float64Array(over.reduce((a, b) => a * b, 1));
  forEachOffset([...over], broadcastStrides([...dims], [...over]), (from, to) => out[to] = values[from]);
  return out;
}

/** Runs a case with its node written otherwise, and compares. False where it cannot be, or ONNX Runtime does not run it. */
export async function isWritten(
  { model, feeds, own, what }: Case,
  by: (node: Node, build: Builder) => Value | undefined,
): Promise<boolean> {
  const { graphs: { graph }, graphs, model: opened, node } = await nodeOf(model);
  const build = new Builder(graph, new ConstantPool([graph]), inferNode), now = by(node, build);
  if (!now) return false;
  commit(graph, node, new Replacement([node], [[node.output, now]]), build);
  assertClose((await run(await opened.with(graphs).bytes(), feeds))?.o0, own, what);
  return true;
}

/** Operator sets at which the forms of operators differ, by domain. */
const OPSETS: Record<string, number[]> = { "": [7, 9, 11, 13, 18, 24], "ai.onnx.ml": [1], "com.microsoft": [1] };

/** Which examples are taken: of an operator that computes no floats, those of other types. */
type Kind = "floats" | "others";

/** Whether an input is fed: all floating-point ones, but for weights; of what takes maps as parameters, indices or the first. */
function isFed(kind: Kind, opType: string, { inputs, parameters }: Example, field: string, at: number): boolean {
  const typeOf = (at: number) => inputs[at]?.type ?? TYPE.float;
  if (!inputs[at] || parameters?.includes(at)) return false;
  if (field === "takeAffine") return at === Math.max(0, inputs.findIndex((_, at) => typeOf(at) === TYPE.int64));
  if (kind === "others") return inputs.every((_, at) => typeOf(at) !== TYPE.float);
  return typeOf(at) === TYPE.float && !(opType.startsWith("Conv") && at > 0);
}

async function caseOf(
  { opset, ...name }: OpName & { opset: number },
  example: Example,
  field: string,
  kind: Kind,
): Promise<Case | undefined> {
  const model = modelOf(name, opset, example, (at) => isFed(kind, name.opType, example, field, at));
  const names = Object.keys(model.inputs!);
  if (names.length === 0) return undefined;
  const feeds = Object.fromEntries(names.map((name) => [name, feedOf(example.inputs[Number(name.slice(1))]!)]));
  const own = (await run(modelBytes(model), feeds))?.o0;
  const what = `${name.opType} at operator set ${opset}, inputs ${
    example.inputs.map((input) => input ? `[${input.dims}]` : "–").join(" ")
  }, attributes ${JSON.stringify(example.attributes ?? {})}`;
  return own && { model, node: (await nodeOf(model)).node, feeds, own, what };
}

/** A test for each operator that has one of the fields: one case at least is compared, and is right. */
export function checkEach(
  checks: Partial<Record<keyof Op, Check>>,
  { severalOutputs = false }: { severalOutputs?: boolean } = {},
): void {
  for (const [domain, ops] of Object.entries(OPS)) {
    for (const [opType, op] of Object.entries(ops)) {
      for (const [field, check] of Object.entries(checks)) {
        if (!op[field as keyof Op]) continue;
        Deno.test(`${domain || "ai.onnx"}.${opType} has the ${field} that its entry says`, async () => {
          let count = 0;
          for (const kind of ["floats", "others"] as const) {
            for (const opset of count > 0 ? [] : OPSETS[domain]) {
              for (const example of examplesOf({ domain, opType }, { opset, seed: opset })) {
                if ((example.outputs ?? 1) > 1 && !severalOutputs) continue;
                const subject = await caseOf({ domain, opType, opset }, example, field, kind);
                if (subject && await check(op, subject)) count++;
              }
            }
          }
          assert(count > 0, "no example of it was compared: tests/ops/examples/ needs one in which it shows");
        });
      }
    }
  }
}
