/**
 * What operators make of constants that float64 does not hold, or that a model computes anew at every run, against ONNX Runtime, without
 * being named here: the ends of int64, elements of 8 and 4 bits, and inputs that may as well be something simpler.
 */
import { assert, assertEquals } from "@std/assert";
import type { Value } from "../../src/graph/graph.ts";
import { Builder } from "../../src/ops/builder.ts";
import { constantOf } from "../../src/ops/constant.ts";
import { ConstantPool } from "../../src/ops/constant_pool.ts";
import { inferNode } from "../../src/ops/infer.ts";
import type { Op } from "../../src/ops/op.ts";
import { OPS } from "../../src/ops/table.ts";
import { commit } from "../../src/rewrite/commit.ts";
import { Replacement } from "../../src/rewrite/rule.ts";
import { isFloat } from "../../src/tensor/element_type.ts";
import { rounded } from "../../src/tensor/encode.ts";
import { valuesOf } from "../../src/tensor/tensor.ts";
import { modelBytes, type TestTensor } from "../onnx_model.ts";
import type { OpName } from "./conformance.ts";
import { type Example, TYPE } from "./example.ts";
import { examplesOf } from "./examples/mod.ts";
import { assertClose, feedOf, modelOf, nodeOf, run } from "./view_conformance.ts";

const OPSETS: Record<string, number[]> = { "": [7, 9, 11, 13, 18, 24], "ai.onnx.ml": [1], "com.microsoft": [1] };

/** An operator in an operator set, and one of its examples there. */
interface Subject {
  readonly name: OpName;
  readonly op: Op;
  readonly opset: number;
  readonly example: Example;
  readonly what: string;
}

/** Compares what is made of an example's inputs, all constant, with a run. Returns whether something is. */
async function isEvaluated({ name, opset, what }: Subject, example: Example): Promise<boolean> {
  const bytes = modelBytes(modelOf(name, opset, example, () => false));
  const { node } = await nodeOf(modelOf(name, opset, example, () => false)), constant = constantOf(node.output);
  const result = constant && constant.type !== "opaque" ? (await run(bytes, {}))?.o0 : undefined;
  if (!constant || !result) return false;
  assertEquals(constant.dims, [...result.dims], what);
  const { type } = constant, values = valuesOf(constant), found = isFloat(type) ? rounded(type, values) : values;
  assertEquals(Array.from(found), Array.from(result.values, Number), what);
  return true;
}

const typeOf = (tensor: TestTensor | null): number | undefined => tensor ? tensor.type ?? TYPE.float : undefined;

const ENDS = [2 ** 63, -(2 ** 63), 0, 1, -5, 7];

/** Ends of int64 among the elements of one input, beside numbers that change nothing, or ends again. */
async function keepsEnds(subject: Subject): Promise<number> {
  const { inputs } = subject.example;
  if (!inputs.every((input) => typeOf(input) === TYPE.int64)) return 0;
  let count = 0;
  for (const own of inputs.keys()) {
    for (const others of [[0], [1], ENDS]) {
      const ends = inputs.map((input, at) => {
        const from = at === own ? ENDS : others;
        return input && { ...input, values: Array.from(input.values, (_, index) => from[index % from.length]) };
      });
      if (await isEvaluated(subject, { ...subject.example, inputs: ends })) count++;
    }
  }
  return count;
}

/** 8-bit floats and 4-bit integers by their types' numbers, with how many bit patterns are finite numbers. */
const SMALL: readonly (readonly [type: number, patterns: number])[] = [[17, 126], [18, 127], [19, 124], [20, 127], [
  21,
  16,
], [22, 16]];

/** The first input, and those of its type, as numbers of 8 or 4 bits. */
async function decodesSmall(subject: Subject): Promise<number> {
  const { inputs } = subject.example, own = typeOf(inputs[0]);
  let count = 0;
  for (const [type, patterns] of SMALL) {
    const small = inputs.map((input) =>
      input && typeOf(input) === own
        ? { dims: input.dims, type, values: Array.from(input.values, (_, at) => 7 * at % patterns) }
        : input
    );
    if (await isEvaluated(subject, { ...subject.example, inputs: small })) count++;
  }
  return count;
}

/** The node with a computed input (sizes that are known, or zeros), and as its entry says that it may as well be: both are run. */
async function isSettled({ name, op, opset, example, what }: Subject): Promise<number> {
  let count = 0;
  for (const [at, input] of example.inputs.entries()) {
    if (!input || at === 0) continue;
    const isSizes = typeOf(input) === TYPE.int64, isData = (index: number) => !example.parameters?.includes(index);
    const model = modelOf(name, opset, example, (index) => index === at || isData(index)),
      feeds = Object.fromEntries(
        Object.keys(model.inputs!).map((key) => [key, feedOf(example.inputs[Number(key.slice(1))]!)]),
      );
    if (!isSizes) {
      delete model.inputs![`i${at}`];
      delete feeds[`i${at}`];
      model.inputs!.zeros = [input.dims.length];
      model.types!.zeros = TYPE.int64;
      feeds.zeros = { dims: [input.dims.length], values: input.dims, type: TYPE.int64 };
      model.nodes!.unshift({ op: "ConstantOfShape", inputs: ["zeros"], outputs: [`i${at}`] });
    }
    const { model: opened, graphs, node } = await nodeOf(model), { graph } = graphs, computed = node.inputs[at]!;
    if (isSizes) computed.elements = Array.from(input.values);
    for (const { index, instead = index, constant } of op.settled!(node)) {
      if (index !== at) continue;
      const build = new Builder(graph, new ConstantPool([graph]), inferNode),
        inputs: (Value | undefined)[] = [...node.inputs];
      inputs[index] = undefined;
      inputs[instead] = constant && build.initializer("settled", constant);
      const made = build.again(node, inputs), own = await run(modelBytes(model), feeds);
      const outputs = node.outputs.flatMap((old, place) => old ? [[old, made[place]!] as const] : []);
      if (!own) continue;
      commit(graph, node, new Replacement([node], outputs), build);
      const now = await run(await opened.with(graphs).bytes(), feeds);
      for (const [result, numbers] of Object.entries(own)) {
        assertClose(now?.[result], numbers, `${what}: '${result}' with input ${at} as it may as well be`);
      }
      count++;
    }
  }
  return count;
}

const CHECKS: Partial<Record<keyof Op, (subject: Subject) => Promise<number>>> = {
  takesEnds: keepsEnds,
  decodes: decodesSmall,
  settled: isSettled,
};

for (const [domain, ops] of Object.entries(OPS)) {
  for (const [opType, op] of Object.entries(ops)) {
    for (const [field, check] of Object.entries(CHECKS)) {
      if (!op[field as keyof Op]) continue;
      Deno.test(`${domain || "ai.onnx"}.${opType} has the ${field} that its entry says`, async () => {
        let count = 0;
        for (const opset of OPSETS[domain]) {
          for (const example of examplesOf({ domain, opType }, { opset, seed: opset })) {
            const inputs = example.inputs.map((input) => input ? `${typeOf(input)}[${input.dims}]` : "–").join(" ");
            const what = `${opType} at operator set ${opset}, inputs ${inputs}`;
            count += await check({ name: { domain, opType }, op, opset, example, what });
          }
        }
        assert(count > 0, "no example of it was compared: tests/ops/examples/ needs one in which it shows");
      });
    }
  }
}
