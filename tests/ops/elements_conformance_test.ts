/**
 * What is worked out of an operator before it runs, against ONNX Runtime, without being named here: where the elements of an input go
 * of which not all are known, and how many multiply-accumulates there are.
 */
import { assert, assertEquals } from "@std/assert";
import { inferNode } from "../../src/ops/infer.ts";
import { elementCount } from "../../src/ops/dims.ts";
import { Skip } from "../../src/ops/skip.ts";
import { viewsOf } from "../../src/ops/views.ts";
import { OPS } from "../../src/ops/table.ts";
import { modelBytes, type TestTensor } from "../onnx_model.ts";
import type { OpName } from "./conformance.ts";
import { type Example, TYPE } from "./example.ts";
import { examplesOf } from "./examples/mod.ts";
import { feedOf, modelOf, nodeOf, run } from "./view_conformance.ts";

/** Operator sets at which the forms of operators differ, by domain. */
const OPSETS: Record<string, number[]> = { "": [7, 9, 11, 13, 18, 24], "ai.onnx.ml": [1], "com.microsoft": [1] };

/** The examples of an operator in all operator sets. */
function* examplesIn({ domain, opType }: OpName): Generator<[opset: number, example: Example, what: string]> {
  for (const opset of OPSETS[domain]) {
    for (const example of examplesOf({ domain, opType }, { opset, seed: opset })) {
      const inputs = example.inputs.map((input) => input ? `[${input.dims}]` : "–").join(" ");
      yield [
        opset,
        example,
        `${opType} at operator set ${opset}, inputs ${inputs}, attributes ${JSON.stringify(example.attributes ?? {})}`,
      ];
    }
  }
}

/** Inputs that are moved as whole numbers, each another one. */
function numbered({ inputs, ...rest }: Example, isMoved: (at: number) => boolean): Example {
  const of = ({ dims }: TestTensor, at: number): TestTensor => ({
    dims,
    type: TYPE.int64,
    values: Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, index) => 1000 * (at + 1) + index),
  });
  return { ...rest, inputs: inputs.map((input, at) => input && isMoved(at) ? of(input, at) : input) };
}

async function isMovedAsSaid(
  name: OpName,
  opset: number,
  given: Example,
  moved: (at: number) => boolean,
  what: string,
) {
  if (given.before) return 0; // it moves what others made of the inputs
  const isMoved = (at: number) => moved(at) && !given.parameters?.includes(at), example = numbered(given, isMoved);
  const model = modelOf(name, opset, example, isMoved), { node } = await nodeOf(model);
  const results = await run(
    modelBytes(model),
    Object.fromEntries(Object.keys(model.inputs!).map((key) => [key, feedOf(example.inputs[Number(key.slice(1))]!)])),
  );
  if (!results) return 0;
  const hidden = new Set<number>(); // every third one is not known
  for (const [at, value] of node.inputs.entries()) {
    if (!value || !isMoved(at)) continue;
    const numbers = Array.from(example.inputs[at]!.values);
    value.elements = numbers.map((number, index) => index % 3 === 2 ? null : number);
    for (const number of numbers.filter((_, index) => index % 3 === 2)) hidden.add(number);
  }
  inferNode(node);
  let count = 0;
  for (const value of node.outputs) {
    if (!value?.elements) continue;
    const { dims, values } = results[value.name];
    assertEquals(value.shape, [...dims], what);
    const wanted = Array.from(values, (number) => hidden.has(number) ? null : number);
    assertEquals(value.elements, wanted, `${what}: elements of '${value.name}'`);
    count++;
  }
  return count;
}

/** An example in which every product that there is adds one: both operands are ones, or one is `x`, and all that is added zeros. */
function ofOnes({ inputs, attributes, ...rest }: Example, x: number): Example {
  const isWhole = (input: TestTensor | null) => input !== null && (input.type ?? TYPE.float) !== TYPE.float;
  const isMatrix = (input: TestTensor | null) => input !== null && input.dims.length > 1;
  const weight = inputs.findIndex((input, at) => at > 0 && isMatrix(input));
  const isScale = (input: TestTensor) => inputs.some((one) => isWhole(one) && isMatrix(one)) && !isWhole(input);
  const of = (input: TestTensor, at: number): TestTensor => {
    const value = at === 0 ? x : at === weight || isScale(input) ? 1 : 0;
    return { ...input, values: new Array<number>(input.values.length).fill(value) };
  };
  const { alpha: _, ...others } = attributes ?? {};
  return { ...rest, attributes: others, inputs: inputs.map((input, at) => input && of(input, at)) };
}

/**
 * Multiply-accumulates beside those of a run: as many where nothing is padded or cropped, fewer there, and in any case each weight is
 * used. What is not linear (the gates of a recurrent layer) shows no more.
 */
async function isWorkAsRun(name: OpName, opset: number, given: Example, what: string): Promise<number> {
  const model = modelOf(name, opset, given, () => true), { node } = await nodeOf(model);
  const { macs } = OPS[name.domain][name.opType].work!(node), positions = viewsOf(node).positions?.(node);
  const sumFor = async (x: number) => {
    const { inputs, ...example } = ofOnes(given, x), ones = modelOf(name, opset, { ...example, inputs }, () => true);
    const feeds = Object.keys(ones.inputs!).map((key) => [key, feedOf(inputs[Number(key.slice(1))]!)]);
    const results = await run(modelBytes(ones), Object.fromEntries(feeds));
    return results && Array.from(results.o0.values).reduce((sum, value) => sum + value, 0);
  };
  const [none, one, two] = [await sumFor(0), await sumFor(1), await sumFor(2)];
  if (none === undefined || one === undefined || two === undefined || macs === null) return 0;
  assert(macs > 0 && Number.isInteger(macs), `${what}: ${macs} multiply-accumulates`);
  if (positions && !(positions instanceof Skip)) {
    assertEquals(macs, Math.round(elementCount(node.output.shape)! * (positions.taps ?? positions.ratio!)), what);
    return 1;
  }
  const weights = given.inputs.slice(1).map((input) => input && input.dims.length > 1 ? input.values.length : 0);
  assert(macs >= Math.max(...weights), `${what}: ${macs} multiply-accumulates, fewer than there are weights`);
  const isLinear = Math.abs(two - none - 2 * (one - none)) <= 1e-4 * Math.abs(two);
  if (!isLinear) return 1;
  assert(one - none <= macs + 1e-3, `${what}: ${macs} multiply-accumulates, a run shows ${one - none}`);
  return Math.abs(one - none - macs) < 1e-3 ? 1 : 0;
}

for (const [domain, ops] of Object.entries(OPS)) {
  for (const [opType, { moves, work }] of Object.entries(ops)) {
    const name = { domain, opType };
    if (moves) {
      Deno.test(`${domain || "ai.onnx"}.${opType} moves the elements that its entry says`, async () => {
        const isMoved = (at: number) => moves === "all" || moves.includes(at);
        let count = 0;
        for (const [opset, example, what] of examplesIn(name)) {
          count += await isMovedAsSaid(name, opset, example, isMoved, what);
        }
        assert(count > 0, "no example of it was compared");
      });
    }
    if (work) {
      Deno.test(`${domain || "ai.onnx"}.${opType} takes the multiply-accumulates that its entry says`, async () => {
        let count = 0;
        for (const [opset, example, what] of examplesIn(name)) count += await isWorkAsRun(name, opset, example, what);
        assert(count > 0, "no example of it was compared");
      });
    }
  }
}
