/**
 * Sums, maps along positions and paddings against ONNX Runtime, without being named here: a node is what its view says, or a view
 * of which no example is compared fails.
 */
import { assert, assertEquals } from "@std/assert";
import { newAttribute } from "../../src/graph/attribute.ts";
import type { Value } from "../../src/graph/graph.ts";
import { Builder } from "../../src/ops/builder.ts";
import { ConstantPool } from "../../src/ops/constant_pool.ts";
import { inferNode } from "../../src/ops/infer.ts";
import { Skip } from "../../src/ops/skip.ts";
import { OPS } from "../../src/ops/table.ts";
import type { Op } from "../../src/ops/op.ts";
import type { Views } from "../../src/ops/view.ts";
import { commit } from "../../src/rewrite/commit.ts";
import { Replacement } from "../../src/rewrite/rule.ts";
import { valueTensor } from "../../src/tensor/tensor.ts";
import { modelBytes, random, randomIn, type TestModel, type TestNode } from "../onnx_model.ts";
import { type Case, type Check, checkEach, isWritten, spread } from "./view_checks.ts";
import { assertClose, nodeOf, type Numbers, run } from "./view_conformance.ts";

/** Numbers with every channel scaled and shifted by numbers of its own. */
function perChannel({ dims, values }: Numbers, change: (value: number, channel: number) => number, axis = 1): Numbers {
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  return { dims, values: Float64Array.from(values, (value, at) => change(value, Math.floor(at / inner) % dims[axis])) };
}

const isSum: Check = (views, { node, feeds, own, what }) => {
  const terms = views.terms!(node);
  if (!terms || terms.some(({ value }) => !feeds[value.name])) return false;
  const sum = new Float64Array(own.values.length);
  for (const { value, sign } of terms) spread(feeds[value.name], own.dims).forEach((x, at) => sum[at] += sign * x);
  assertClose({ dims: own.dims, values: sum }, own, `${what}, terms`);
  return true;
};

const isPositionMap: Check = async (views, { model, node, feeds, own, what }) => {
  const map = views.positions!(node);
  // rules ask for a layer whose channels lie along no axis that is combined
  if (!map || map instanceof Skip || !feeds[map.x.name] || map.axes.includes(1)) return false;
  const given = feeds[map.x.name], channels = given.dims[1], bytes = modelBytes(model);
  const scale = randomIn(0.5, 2, [channels], 5).values, shift = random([channels], 6).values;
  const axis = map.dropsAxes && map.axes.includes(0) ? 0 : 1; // where the channels are in the result
  const after = async (change: (value: number, channel: number) => number) =>
    (await run(bytes, { ...feeds, [map.x.name]: perChannel(given, change) }))?.o0;
  assertClose(
    await after((value, c) => value * scale[c]),
    perChannel(own, (value, c) => value * scale[c], axis),
    `${what}, a scale per channel`,
  );
  if (!map.whyNotAverage) {
    assertClose(
      await after((value, c) => value + shift[c]),
      perChannel(own, (value, c) => value + shift[c], axis),
      `${what}, a shift per channel`,
    );
  }
  const positions = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1) / channels;
  const ratio = positions(given.dims) / positions(own.dims);
  assert(map.ratio === undefined || map.ratio <= ratio + 1e-9, `${what}: ratio ${map.ratio}, is ${ratio}`);
  assertEquals(own.dims.length, map.dropsAxes ? given.dims.length - map.axes.length : given.dims.length, what);
  return await isWritten({ model, node, feeds, own, what: `${what}, emitted` }, (again, build) => {
    const other = views.positions!(again);
    return other && !(other instanceof Skip) ? other.emit(other.x, channels, build) : undefined;
  });
};

/** The same with a Pad before the node, of all axes but the first two. */
function behindPad(model: TestModel, feeds: Case["feeds"]): TestModel {
  const [name] = Object.keys(feeds), rank = feeds[name].dims.length, given = model.nodes![0];
  const pads = Array.from({ length: 2 * rank }, (_, at) => at % rank > 1 ? 1 + at % 2 : 0);
  const isInput = model.opset! >= 11;
  const pad: TestNode = isInput
    ? { op: "Pad", name: "pad", inputs: [name, "pads"], outputs: ["padded"] }
    : { op: "Pad", name: "pad", inputs: [name], outputs: ["padded"], attributes: { pads } };
  const user = { ...given, inputs: given.inputs.map((input) => input === name ? "padded" : input) };
  const pads64 = { dims: [2 * rank], values: pads, type: 7 };
  return {
    ...model,
    initializers: { ...model.initializers, ...isInput && { pads: pads64 } },
    nodes: [pad, user],
  };
}

/** The node, alone or behind a Pad, and a Pad of what it says is without zeros: each is run. */
const isPadding: Check = async (views, { model, feeds, what }) => {
  for (const whole of [model, behindPad(model, feeds)]) {
    const { model: opened, graphs } = await nodeOf(whole), { graph } = graphs, node = graph.nodes.at(-1)!;
    const build = new Builder(graph, new ConstantPool([graph]), inferNode), padding = views.padding!(node, build);
    if (!padding || padding instanceof Skip) continue;
    const wanted = (await run(modelBytes(whole), feeds))?.o0, pads = [...padding.begin, ...padding.end];
    if (!wanted) continue;
    const given = valueTensor("int64", [pads.length], Float64Array.from(pads));
    const now = node.opset < 11
      ? build.node("Pad", [padding.x], { attributes: [newAttribute("pads", pads)] })
      : build.node("Pad", [padding.x, build.initializer("pads", given)]);
    commit(graph, node, new Replacement([...padding.nodes], [[node.output, now]]), build);
    assertClose((await run(await opened.with(graphs).bytes(), feeds))?.o0, wanted, `${what}, padding`);
    return true;
  }
  return false;
};

/** Pad → node, with the node taking over the zeros: each is run. */
const takesPadding: Check = async (views, { model, feeds, what }) => {
  const both = behindPad(model, feeds),
    { model: opened, graphs } = await nodeOf(both),
    [first, second] = graphs.graph.nodes;
  const build = new Builder(graphs.graph, new ConstantPool([graphs.graph]), inferNode);
  const padding = (OPS[""].Pad as Views).padding!(first, build);
  assert(padding && !(padding instanceof Skip), what);
  const now: Value | Skip = views.takePadding!(second, padding, build);
  if (now instanceof Skip) return now.code !== "unknown-shape";
  const wanted = (await run(modelBytes(both), feeds))?.o0;
  if (!wanted) return false;
  commit(graphs.graph, second, new Replacement([first, second], [[second.output, now]]), build);
  assertClose((await run(await opened.with(graphs).bytes(), feeds))?.o0, wanted, `${what}, with padding taken over`);
  return true;
};

/** A map behind the node, and the node that has taken it into its parameters: the result of the one is mapped, the other is run. */
const takesAffine: Check = async (views, { model, feeds, own, what }) => {
  let count = 0;
  for (const axis of [null, ...own.dims.keys()]) {
    for (const hasShift of [false, true]) {
      const { model: opened, graphs, node } = await nodeOf(model), length = axis === null ? 1 : own.dims[axis];
      const build = new Builder(graphs.graph, new ConstantPool([graphs.graph]), inferNode);
      const scale = Float64Array.from(randomIn(0.5, 2, [length], 5).values);
      const shift = hasShift ? Float64Array.from(random([length], 6).values) : new Float64Array(length);
      const now = views.takeAffine!(node, { axis, scale, shift }, build),
        made = now instanceof Skip ? undefined : now?.producer;
      if (!made) continue;
      const outputs = node.outputs.flatMap((old, at) => old ? [[old, made.outputs[at]!] as const] : []);
      commit(graphs.graph, node, new Replacement([node], outputs), build);
      const wanted = axis === null
        ? { dims: own.dims, values: Array.from(own.values, (value) => value * scale[0] + shift[0]) }
        : perChannel(own, (value, entry) => value * scale[entry] + shift[entry], axis);
      assertClose(
        (await run(await opened.with(graphs).bytes(), feeds))?.o0,
        wanted,
        `${what}, a map along ${axis} taken`,
      );
      count++;
    }
  }
  return count > 0;
};

const CHECKS: Partial<Record<keyof Op, Check>> = {
  takeAffine: takesAffine,
  terms: isSum,
  positions: isPositionMap,
  padding: isPadding,
  takePadding: takesPadding,
};

checkEach(CHECKS);
