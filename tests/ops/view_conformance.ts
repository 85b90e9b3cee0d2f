/** Holds the views of operators against ONNX Runtime: an affine, linear or carried map is what the node computes. */
import { assert, assertEquals } from "@std/assert";
import * as ort from "onnxruntime-node";
import { type Model, open } from "../../src/fusion/mod.ts";
import type { Node, Value } from "../../src/graph/graph.ts";
import type { AffineMap } from "../../src/ops/affine_map.ts";
import { Builder } from "../../src/ops/builder.ts";
import type { Commuted, Transfer } from "../../src/ops/carry/carry.ts";
import { ConstantPool } from "../../src/ops/constant_pool.ts";
import { inferNode } from "../../src/ops/infer.ts";
import type { LinearMap } from "../../src/ops/linear/linear_map.ts";
import { Skip } from "../../src/ops/skip.ts";
import type { Views } from "../../src/ops/view.ts";
import { affineOf, carryOf, linearOf } from "../../src/ops/views.ts";
import { commit } from "../../src/rewrite/commit.ts";
import { Replacement } from "../../src/rewrite/rule.ts";
import { modelBytes, random, randomIn, type TestModel, type TestTensor } from "../onnx_model.ts";
import { fed, modelOf as modelWith, type OpName } from "./conformance.ts";
import type { Example } from "./example.ts";

/** How often each view of an operator was compared with a run. */
export type ViewCounts = Record<"affine" | "linear" | "together" | "up" | "down", number>;

/** Largest difference, relative to the largest element: float32 arithmetic in another order. */
const TOLERANCE = 1e-4;

/** Numbers and shape of a result. */
export interface Numbers {
  readonly dims: readonly number[];
  readonly values: ArrayLike<number>;
  /** Element type by its number; float32 where absent. */
  readonly type?: number;
}

export type Results = Record<string, Numbers>;

/** A model of one example with some of its inputs fed, the others constant. */
export function modelOf(name: OpName, opset: number, example: Example, isFed: (index: number) => boolean): TestModel {
  return modelWith(name, opset, example, (index) => isFed(index) ? "fed" : "constant");
}

/** What ONNX Runtime said last of a model that it does not run. */
export let lastRefusal = "";

/** Sessions of the models that ran last, by their bytes: most run again, with other numbers. */
const sessions = new Map<string, ort.InferenceSession>();

/** Sessions that are kept. */
const MOST_SESSIONS = 8;

async function sessionFor(bytes: Uint8Array): Promise<ort.InferenceSession> {
  const key = new TextDecoder("latin1").decode(bytes), known = sessions.get(key);
  if (known) return known;
  const session = await ort.InferenceSession.create(bytes, {
    graphOptimizationLevel: "disabled",
    logSeverityLevel: 4,
    intraOpNumThreads: 1,
  });
  sessions.set(key, session);
  for (const [oldest, other] of [...sessions].slice(0, -MOST_SESSIONS)) {
    sessions.delete(oldest);
    await other.release();
  }
  return session;
}

/** Runs a model; undefined where ONNX Runtime does not run it. */
export async function run(bytes: Uint8Array, feeds: Record<string, Numbers>): Promise<Results | undefined> {
  try {
    const session = await sessionFor(bytes),
      results = await session.run(
        Object.fromEntries(
          Object.entries(feeds).map(([name, numbers]) => [name, fed({ ...numbers, dims: [...numbers.dims] })]),
        ),
      );
    return Object.fromEntries(
      Object.entries(results).map(([name, { dims, data, type }]) => [
        name,
        { dims, values: type === "float32" ? data as unknown as ArrayLike<number> : Array.from(data as never, Number) },
      ]),
    );
  } catch (error) {
    lastRefusal = (error as Error).message;
    return undefined;
  }
}

/** A map of numbers in float64. */
function mapped({ dims, values }: Numbers, { axis, scale, shift }: AffineMap): Numbers {
  const inner = axis === null ? 1 : dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  return {
    dims,
    values: Float64Array.from(values, (value, at) => {
      const entry = axis === null ? 0 : Math.floor(at / inner) % dims[axis];
      return value * scale[entry] + shift[entry];
    }),
  };
}

export function assertClose(
  found: Numbers | undefined,
  expected: Numbers,
  what: string,
): void {
  assert(found, `${what}: ONNX Runtime does not run it: ${lastRefusal}`);
  assertEquals([...found.dims], [...expected.dims], what);
  const largest = Array.from(expected.values).reduce((most, x) => Math.max(most, Math.abs(x) || 0), 0);
  const worst = Array.from(expected.values).findIndex((x, at) =>
    !(Math.abs(x - found.values[at]) <= TOLERANCE * Math.max(largest, 1e-3)) && !Object.is(x, found.values[at])
  );
  assert(worst < 0, `${what}: element ${worst} is ${found.values[worst]}, should be ${expected.values[worst]}`);
}

/** One example of one operator under test. */
interface Case {
  readonly name: OpName;
  readonly opset: number;
  readonly example: Example;
  readonly counts: ViewCounts;
  readonly what: string;
}

/** Opens an example for a view; each call gives a graph of its own. */
export async function nodeOf(
  model: TestModel,
): Promise<{ model: Model; graphs: ReturnType<Model["graphs"]>; node: Node }> {
  const opened = await open(modelBytes(model)), graphs = opened.graphs();
  const { graph: { nodes } } = graphs;
  return { model: opened, graphs, node: nodes.find(({ name }) => name === "node") ?? nodes[0] };
}

/** Checks every view of an example. */
export async function checkViews(views: Views, subject: Omit<Case, "what">): Promise<void> {
  const { name, opset, example } = subject;
  const what = `${name.domain || "ai.onnx"}.${name.opType} at operator set ${opset}, inputs ${
    example.inputs.map((input) => input ? `[${input.dims}]` : "–").join(" ")
  }, attributes ${JSON.stringify(example.attributes ?? {})}`;
  const floats = example.inputs.flatMap((tensor, index) => tensor && (tensor.type ?? 1) === 1 ? [index] : []);
  for (const index of floats) {
    if (views.affine) await checkAffine({ ...subject, what: `${what}, input ${index} fed` }, index);
    if (views.linear || views.together) await checkLinear({ ...subject, what: `${what}, input ${index} fed` }, index);
  }
  if (!views.carry) return;
  const data = floats.filter((index) => !example.parameters?.includes(index));
  for (const fed of [data, data.slice(0, 1)]) {
    for (const affine of mapsFor()) await checkCarry({ ...subject, what: `${what}, inputs ${fed} fed` }, fed, affine);
  }
}

export const feedOf = ({ dims, values, type }: TestTensor): Numbers => ({
  dims,
  values: Float32Array.from(values),
  type,
});

async function checkAffine({ name, opset, example, counts, what }: Case, index: number): Promise<void> {
  const model = modelOf(name, opset, example, (at) => at === index), { node } = await nodeOf(model);
  const affine = affineOf(node);
  if (!affine || affine instanceof Skip) return;
  const feeds = { [`i${index}`]: feedOf(example.inputs[index]!) }, actual = await run(modelBytes(model), feeds);
  if (!actual) return;
  counts.affine++;
  assertEquals(affine.x.name, `i${index}`, what);
  assertClose(actual.o0, mapped(feeds[affine.x.name], affine), `${what}, affine`);
}

/** A map along an axis of so many entries. */
function randomMap(axis: number, length: number, hasShift: boolean): AffineMap {
  const scale = Float64Array.from(randomIn(0.5, 2, [length], 5).values);
  return { axis, scale, shift: hasShift ? Float64Array.from(random([length], 6).values) : new Float64Array(length) };
}

/** What a change of a layer must compute: its map in, and how the result is compared. */
interface LinearCheck {
  readonly said: string;
  change(map: LinearMap): LinearMap | Skip;
  expected(
    model: Uint8Array,
    feeds: Record<string, Numbers>,
    own: Numbers,
    map: LinearMap,
  ): Promise<Numbers | undefined>;
}

const LINEAR_CHECKS: readonly LinearCheck[] = [
  { said: "emit", change: (map) => map, expected: (_model, _feeds, own) => Promise.resolve(own) },
  {
    said: "after",
    change: (map) => map.after(randomMap(map.output.axis, map.output.channels, true)),
    expected: (_model, _feeds, own, { output }) =>
      Promise.resolve(mapped(own, randomMap(output.axis, output.channels, true))),
  },
  ...[false, true].map((hasShift): LinearCheck => ({
    said: hasShift ? "before a scale and a shift" : "before a scale",
    change: (map) => map.before(randomMap(map.input.axis, map.input.channels, hasShift), map.x),
    async expected(model, feeds, _own, { x, input }) {
      const affine = randomMap(input.axis, input.channels, hasShift);
      return (await run(model, { [x.name]: mapped(feeds[x.name], affine) }))?.o0;
    },
  })),
  {
    said: "plus",
    change: (map) => map.plus(map),
    expected: (_model, _feeds, own) =>
      Promise.resolve({ dims: own.dims, values: Array.from(own.values, (value) => 2 * value) }),
  },
  {
    said: "then",
    change: (map) => map.then(map),
    async expected(model, feeds, own, { x }) {
      const [dims, given] = [own.dims, feeds[x.name].dims];
      return dims.length === given.length ? (await run(model, { [x.name]: own }))?.o0 : undefined;
    },
  },
];

async function checkLinear({ name, opset, example, counts, what }: Case, index: number): Promise<void> {
  const model = modelOf(name, opset, example, (at) => at === index), bytes = modelBytes(model);
  const feeds = { [`i${index}`]: feedOf(example.inputs[index]!) };
  let own: Numbers | undefined;
  for (const { said, change, expected } of LINEAR_CHECKS) {
    const { model: opened, graphs, node } = await nodeOf(model), map = linearOf(node);
    if (!map || map instanceof Skip) return;
    const changed = change(map), told = `${what}, ${said}`;
    own ??= (await run(bytes, feeds))?.o0;
    if (!own) return;
    if (map.x.name !== `i${index}`) return; // what was fed is the bias
    if (changed instanceof Skip) continue;
    const build = new Builder(graphs.graph, new ConstantPool([graphs.graph]), inferNode), now = changed.emit(build);
    const wanted = await expected(bytes, feeds, own, map);
    if (now instanceof Skip || !wanted) continue;
    const made = now.producer?.outputs ?? [];
    const others = node.outputs.flatMap((old, at) => at > 0 && old ? [[old, made[at]!] as const] : []);
    commit(graphs.graph, node, new Replacement(map.nodes.toReversed(), [[node.output, now], ...others]), build);
    const result = await run(await opened.with(graphs).bytes(), feeds);
    assertClose(result?.o0, wanted, told);
    counts[map.nodes.length > 1 ? "together" : "linear"]++;
  }
}

/** Maps to be carried, before it is known along which axis: a scale > 0, one of any sign, a shift, both. */
function mapsFor(): { readonly scale: [number, number]; readonly hasShift: boolean; readonly axis: number | null }[] {
  return [null, 0, 1, 2, 3].flatMap((axis) =>
    [
      { scale: [0.5, 2], hasShift: false, axis },
      { scale: [-2, -0.5], hasShift: false, axis },
      { scale: [1, 1], hasShift: true, axis },
      { scale: [0.5, 2], hasShift: true, axis },
    ] as const
  ).map((map) => ({ ...map, scale: [...map.scale] as [number, number] }));
}

function mapOf(
  dims: readonly number[],
  { scale, hasShift, axis }: ReturnType<typeof mapsFor>[0],
): AffineMap | undefined {
  if (axis !== null && axis >= dims.length) return undefined;
  const length = axis === null ? 1 : dims[axis];
  return {
    axis,
    scale: Float64Array.from(randomIn(scale[0], scale[1], [length], 8).values),
    shift: hasShift ? Float64Array.from(random([length], 9).values) : new Float64Array(length),
  };
}

/** Applies transfers to named numbers. */
function transferred(numbers: Results, transfers: readonly Transfer[]): Results {
  return {
    ...numbers,
    ...Object.fromEntries(transfers.map(({ value, affine }) => [value.name, mapped(numbers[value.name], affine)])),
  };
}

async function checkCarry(subject: Case, fed: readonly number[], shape: ReturnType<typeof mapsFor>[0]): Promise<void> {
  const { name, opset, example, counts, what } = subject;
  const model = modelOf(name, opset, example, (at) => fed.includes(at)), bytes = modelBytes(model);
  const feeds = Object.fromEntries(fed.map((index) => [`i${index}`, feedOf(example.inputs[index]!)]));
  const { node } = await nodeOf(model), carry = carryOf(node);
  if (!carry || affineOf(node)) return;
  const own = await run(bytes, feeds);
  if (!own) return;
  const told = `${what}, a map ${JSON.stringify(shape)} carried`;
  for (const output of node.outputs as Value[]) {
    const affine = own[output.name] && mapOf(own[output.name].dims, shape);
    const commuted = affine && carry.up(node, output, affine);
    if (!commuted || commuted instanceof Skip) continue;
    for (const transfers of commuted.alternatives) {
      if (transfers.some(({ value }) => !feeds[value.name])) continue;
      const results = await run(await rebuilt(model, output, affine, commuted), transferred(feeds, transfers));
      for (const { name } of node.outputs as Value[]) {
        assertClose(
          results?.[name],
          name === output.name ? mapped(own[name], affine) : own[name],
          `${told} up to '${name}'`,
        );
      }
      counts.up++;
    }
  }
  for (const input of new Set(node.inputs.filter((value) => value && feeds[value.name]) as Value[])) {
    const affine = mapOf(feeds[input.name].dims, shape), commuted = affine && carry.down(node, input, affine);
    if (!commuted || commuted instanceof Skip) continue;
    const results = await run(bytes, transferred(feeds, [{ value: input, affine }]));
    const base = commuted.rebuild ? await run(await rebuilt(model, input, affine, commuted), feeds) : own;
    for (const transfers of commuted.alternatives) {
      const expected = transferred(base!, transfers);
      for (const { name } of node.outputs as Value[]) {
        assertClose(results?.[name], expected[name], `${told} down to '${name}'`);
      }
      counts.down++;
    }
  }
}

/** The model with the node as it must be for a map: the same where it stays as it is. */
async function rebuilt(model: TestModel, at: Value, affine: AffineMap, commuted: Commuted): Promise<Uint8Array> {
  if (!commuted.rebuild) return modelBytes(model);
  const { model: opened, graphs, node } = await nodeOf(model), carry = carryOf(node)!;
  const same = node.outputs.find((value) => value?.name === at.name);
  const again = same
    ? carry.up(node, same, affine)
    : carry.down(node, node.inputs.find((value) => value?.name === at.name)!, affine);
  const build = new Builder(graphs.graph, new ConstantPool([graphs.graph]), inferNode);
  const now = (again as Commuted).rebuild!(node.inputs[0]!, build);
  commit(graphs.graph, node, new Replacement([node], [[node.output, now]]), build);
  return await opened.with(graphs).bytes();
}
