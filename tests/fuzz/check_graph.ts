/** What must be true of a model and its fused form, whatever the model. */
import * as ort from "onnxruntime-node";
import { fuse, type FuseOptions, type FusionReport } from "../../src/fusion/mod.ts";
import { messageType } from "../../src/proto/schema.ts";
import { feedsFor, modelBytes, type TestModel } from "../onnx_model.ts";

/** Largest relative L2 error of an output, by its type. */
export const MOST_ERROR: Readonly<Record<string, number>> = { float32: 1e-5, float64: 1e-12 };

/**
 * Values are drawn so that they stay about 1. An output of smaller norm is a difference of larger terms, whose rounding shows:
 * it is measured by this norm. Of few elements all may be small by chance, of many only where equal things are subtracted.
 */
const LEAST_RMS = { few: 0.5, many: 0.05 };

/** One output of a run. */
export interface Output {
  type: string;
  dims: readonly number[];
  data: ArrayLike<number>;
}

interface Proto {
  graph: GraphProto;
  functions: GraphProto[];
}

interface GraphProto {
  node: {
    name: string;
    op_type: string;
    domain: string;
    input: string[];
    output: string[];
    attribute: { g?: GraphProto; graphs: GraphProto[] }[];
  }[];
  initializer: { name: string }[];
  input: { name: string }[];
  output: object[];
  value_info: { name: string; type: { tensor_type?: { shape?: { dim: { dim_value?: number }[] } } } }[];
}

/** A decoded ModelProto as a plain object. */
export function decode(bytes: Uint8Array): Proto {
  const type = messageType("ModelProto");
  return type.toObject(type.decode(bytes), { longs: Number, arrays: true, defaults: false }) as Proto;
}

/** Outputs of a model (bytes or path) in ONNX Runtime with its optimizations off. */
export async function outputsOf(
  model: Uint8Array | string,
  feeds: Record<string, ort.Tensor>,
): Promise<Record<string, Output>> {
  const session = await ort.InferenceSession.create(model as string, {
    graphOptimizationLevel: "disabled",
    logSeverityLevel: 4,
    intraOpNumThreads: 1,
  });
  try {
    const results = await session.run(feeds);
    return Object.fromEntries(
      Object.entries(results).map((
        [name, { type, dims, data }],
      ) => [name, { type, dims, data: data as ArrayLike<number> }]),
    );
  } finally {
    await session.release();
  }
}

/** The error of one output against another, relative to its norm. */
export function errorOf(a: Output, b: Output): number {
  let difference = 0, norm = 0;
  for (let i = 0; i < a.data.length; i++) {
    const x = Number(a.data[i]), y = Number(b.data[i]);
    norm += x * x;
    if (x !== y && !(Number.isNaN(x) && Number.isNaN(y))) difference += (x - y) ** 2;
  }
  const rms = a.data.length < 16 ? LEAST_RMS.few : LEAST_RMS.many;
  const least = rms * Math.sqrt(Math.max(1, a.data.length));
  return Math.sqrt(difference) / Math.max(Math.sqrt(norm), least);
}

/** Every name is given once, and before it is used. Returns what is not, in words. */
export function disorderOf(graph: GraphProto, outer: ReadonlySet<string> = new Set()): string[] {
  const found: string[] = [], made = new Set<string>();
  const names = (ports: readonly (string | { name: string })[]) =>
    ports.map((port) => typeof port === "string" ? port : port.name);
  for (const name of names(graph.input)) made.add(name);
  for (const name of names(graph.initializer ?? [])) made.add(name);
  for (const node of graph.node) {
    for (const name of node.input) {
      if (name !== "" && !made.has(name) && !outer.has(name)) {
        found.push(`${node.op_type} uses '${name}' before it is made`);
      }
    }
    for (const attribute of node.attribute) {
      for (const inner of [...attribute.g ? [attribute.g] : [], ...attribute.graphs]) {
        found.push(...disorderOf(inner, new Set([...outer, ...made])));
      }
    }
    for (const name of node.output) {
      if (name !== "" && made.has(name)) found.push(`'${name}' is made twice`);
      made.add(name);
    }
  }
  for (const name of names(graph.output as { name: string }[])) {
    if (!made.has(name) && !outer.has(name)) found.push(`output '${name}' is never made`);
  }
  return found;
}

function usedNames(graph: GraphProto): Set<string> {
  const used = new Set((graph.output as { name: string }[]).map(({ name }) => name));
  for (const node of graph.node) {
    for (const name of node.input) used.add(name);
    for (const { g, graphs } of node.attribute) {
      for (const inner of [...g ? [g] : [], ...graphs]) usedNames(inner).forEach((name) => used.add(name));
    }
  }
  return used;
}

function batchNormalizations(graph: GraphProto): string[] {
  return graph.node.flatMap((node) => [
    ...node.op_type === "BatchNormalization" ? [node.name || `BatchNormalization → ${node.output[0]}`] : [],
    ...node.attribute.flatMap(({ g, graphs }) => [...g ? [g] : [], ...graphs].flatMap(batchNormalizations)),
  ]);
}

/** A model that breaks a promise of `fuse`. */
export class BrokenPromise extends Error {
  readonly before: Uint8Array;
  readonly after?: Uint8Array;
  readonly report?: FusionReport;

  constructor(
    message: string,
    before: Uint8Array,
    after?: Uint8Array,
    report?: FusionReport,
  ) {
    super(message);
    this.before = before;
    this.after = after;
    this.report = report;
  }
}

/** What the check of a model found. */
export interface Checked {
  report: FusionReport;
  /** Largest error of an output, as a part of what is allowed. */
  error: number;
}

/**
 * Fuses a model and throws a {@link BrokenPromise} unless the result is a valid model of the same outputs (names, types, shapes,
 * values), fusing it again changes nothing, and each BatchNormalization left is explained.
 */
export async function checkGraph(model: TestModel, options: FuseOptions): Promise<Checked> {
  const before = modelBytes(model);
  const feeds = { ...feedsFor(model), ...overrides(model) };
  const expected = await outputsOf(before, feeds);
  let after: Uint8Array | undefined, report: FusionReport | undefined;
  const demand = (condition: boolean, what: () => string) => {
    if (!condition) throw new BrokenPromise(what(), before, after, report);
  };
  try {
    const result = await fuse(before, options);
    report = result.report;
    after = await result.model.bytes();
  } catch (error) {
    throw new BrokenPromise(`fuse() throws ${(error as Error).stack}`, before);
  }
  const [old, now] = [decode(before), decode(after)];
  const disorder = [now.graph, ...now.functions].flatMap((graph) => disorderOf(graph));
  demand(disorder.length === 0, () => `not valid: ${disorder.join("; ")}`);
  demand(
    JSON.stringify(now.graph.output) === JSON.stringify(old.graph.output),
    () => `the outputs were ${JSON.stringify(old.graph.output)} and are ${JSON.stringify(now.graph.output)}`,
  );
  const ports = (graph: GraphProto, weights = model.ir! < 4 ? model.initializers ?? {} : {}) =>
    JSON.stringify(
      graph.input.filter(({ name }) => !weights[name] && old.graph.input.some((input) => input.name === name)),
    );
  demand(
    ports(now.graph) === ports(old.graph),
    () => `the inputs were ${ports(old.graph)} and are ${ports(now.graph)}`,
  );
  const weights = new Set(old.graph.initializer.map(({ name }) => name)), used = usedNames(now.graph);
  const unused = now.graph.initializer.filter(({ name }) => !used.has(name) && !weights.has(name));
  demand(unused.length === 0, () => `new initializers that nothing uses: ${unused.map(({ name }) => name)}`);

  let actual: Record<string, Output>;
  const told = now.graph.value_info;
  try {
    actual = await outputsOf(told.length > 0 ? withOutputs(after, told) : after, feeds);
  } catch (error) {
    throw new BrokenPromise(`the fused model does not run: ${(error as Error).message}`, before, after, report);
  }
  let most = 0;
  for (const [name, a] of Object.entries(expected)) {
    const b = actual[name];
    demand(
      b?.type === a.type && b.dims.join() === a.dims.join(),
      () => `output '${name}' was ${a.type}[${a.dims}] and is ${b?.type}[${b?.dims}]`,
    );
    const error = errorOf(a, b);
    most = Math.max(most, error / MOST_ERROR[a.type]);
    demand(error <= MOST_ERROR[a.type], () => `output '${name}' has a relative L2 error of ${error}`);
  }
  for (const { name, type } of told) {
    const dims = type.tensor_type?.shape?.dim.map(({ dim_value }) => dim_value);
    const has = actual[name]?.dims;
    demand(
      !dims || has?.length === dims.length && dims.every((dim, axis) => dim === undefined || dim === has[axis]),
      () => `value info says '${name}' is [${dims}], it is [${has}]`,
    );
  }
  const said = new Set(report.skipped.map(({ node }) => node));
  const silent = [now.graph, ...now.functions].flatMap(batchNormalizations).filter((name) => !said.has(name));
  demand(silent.length === 0, () => `nothing says why these BatchNormalizations stay: ${silent.join(", ")}`);

  const again = await fuse(after, options), [first] = again.report.applied;
  // what would have made the file grow too much may fit when it is fused again: each run has a bound of its own
  const isLeft = report.skipped.some(({ code, rule }) => code === "file-growth" && rule === first?.rule);
  if (isLeft) return { report, error: most };
  demand(again.report.applied.length === 0, () => `fusing again applies ${JSON.stringify(again.report.applied)}`);
  const same = await again.model.bytes();
  demand(
    same.length === after.length && same.every((byte, i) => byte === after![i]),
    () => "fusing again changes bytes",
  );
  return { report, error: most };
}

/** Other values for the initializers that a caller may override: from IR version 4 on those that are inputs too. */
function overrides({ ir = 8, inputs = {}, initializers = {} }: TestModel): Record<string, ort.Tensor> {
  const open = Object.entries(initializers).filter(([name, { type = 1 }]) =>
    ir >= 4 && inputs[name] && (type === 1 || type === 11)
  );
  return Object.fromEntries(open.map(([name, { dims, values, type }]) => {
    const others = Float64Array.from(values, (value) => value * 1.25);
    return [
      name,
      type === 11
        ? new ort.Tensor("float64", others, dims)
        : new ort.Tensor("float32", Float32Array.from(others), dims),
    ];
  }));
}

/** The model with more values among its outputs. */
export function withOutputs(bytes: Uint8Array, more: readonly { name: string }[]): Uint8Array {
  const type = messageType("ModelProto");
  const model = type.decode(bytes) as unknown as { graph: { output: { name: string }[] } };
  const has = new Set(model.graph.output.map(({ name }) => name));
  model.graph.output.push(...more.filter(({ name }) => !has.has(name)));
  return type.encode(model as never).finish();
}
