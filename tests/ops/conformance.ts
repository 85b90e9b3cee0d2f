/** Holds entries of the operator table against ONNX Runtime: what they say before a run is what a run shows. */
import { assert, assertEquals } from "@std/assert";
import * as ort from "onnxruntime-node";
import { open } from "../../src/fusion/mod.ts";
import { Node, type Value } from "../../src/graph/graph.ts";
import { constantOf } from "../../src/ops/constant.ts";
import { factorsOf } from "../../src/ops/dims.ts";
import type { Op } from "../../src/ops/op.ts";
import { affineOf, linearOf } from "../../src/ops/views.ts";
import { formatOf, isFloat } from "../../src/tensor/element_type.ts";
import { rounded } from "../../src/tensor/encode.ts";
import { type Tensor, valuesOf } from "../../src/tensor/tensor.ts";
import { modelBytes, rawData, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";
import type { Example } from "./example.ts";

/** What is counted over the examples of one operator. */
export interface Coverage {
  /** Operator sets in which ONNX Runtime ran an example. */
  readonly opsets: Set<number>;
  /** Examples that ran. */
  runs: number;
  /** Results of constants that were compared. */
  evaluated: number;
  /** Nodes said to do nothing. */
  noOps: number;
  /** What ONNX Runtime said of an example it does not run. */
  refusal?: string;
}

/** An operator of a domain. */
export interface OpName {
  readonly domain: string;
  readonly opType: string;
}

const ORT_TYPES: Record<number, ort.Tensor.Type> = {
  1: "float32",
  2: "uint8",
  3: "int8",
  4: "uint16",
  5: "int16",
  6: "int32",
  7: "int64",
  9: "bool",
  10: "float16",
  11: "float64",
  12: "uint32",
  13: "uint64",
};

/** Numbers as the runtime takes them. */
export function fed(tensor: TestTensor): ort.Tensor {
  const { dims, type = 1 } = tensor;
  if (tensor.text) return new ort.Tensor("string", tensor.text, dims);
  const bytes = rawData(tensor), name = ORT_TYPES[type];
  const of = (Type: { new (buffer: ArrayBuffer): unknown }) => new Type(bytes.buffer as ArrayBuffer);
  const data = {
    float32: () => of(Float32Array),
    uint8: () => bytes,
    int8: () => of(Int8Array),
    uint16: () => of(Uint16Array),
    int16: () => of(Int16Array),
    int32: () => of(Int32Array),
    int64: () => of(BigInt64Array),
    bool: () => bytes,
    float16: () => of(Uint16Array),
    float64: () => of(Float64Array),
    uint32: () => of(Uint32Array),
    uint64: () => of(BigUint64Array),
  }[name as "float32"]();
  if (name !== "float16") return new ort.Tensor(name, data as never, dims);
  const tensor16 = new ort.Tensor("float16", data as never, dims);
  return Object.assign(tensor16, { cpuData: data });
}

/** How inputs are given: fed as they are, fed with unnamed sizes, or constants. */
type Given = "fed" | "named" | "constant";

/** A model of one example; `given` says of each input what it is there. */
export function modelOf(
  { domain, opType }: OpName,
  opset: number,
  example: Example,
  given: (index: number) => Given,
): TestModel {
  const model: TestModel & Required<Pick<TestModel, "inputs" | "initializers" | "types">> = {
    opset: domain === "" ? opset : 21,
    ir: 8,
    opsets: domain === "" ? {} : { [domain]: opset },
    inputs: {},
    initializers: {},
    types: {},
    outputs: {},
    nodes: [],
  };
  const inputs = example.inputs.map((tensor, index) => {
    if (!tensor) return "";
    const name = `i${index}`, how = given(index);
    if (how === "constant") model.initializers[name] = tensor;
    else {
      model.inputs[name] = tensor.dims.map((dim, axis) => how === "named" ? `${name}d${axis}` : dim);
      model.types[name] = tensor.type ?? 1;
    }
    return name;
  });
  const outputs = Array.from({ length: example.outputs ?? 1 }, (_, index) => `o${index}`);
  for (const name of example.after?.outputs ?? outputs) {
    model.outputs[name] = null;
    model.types[name] = 0;
  }
  const set = Object.entries(example.attributes ?? {}).filter(([, value]) => value !== undefined);
  const attributes = Object.fromEntries(set) as TestNode["attributes"];
  const own: TestNode = {
    op: opType,
    domain,
    name: "node",
    inputs: [...example.before?.inputs ?? inputs],
    outputs,
    attributes,
  };
  model.nodes.push(...example.before?.nodes ?? [], own, ...example.after?.nodes ?? []);
  return model;
}

/** Attributes that entries asked nodes for, by operator. */
const asked = new Map<string, Set<string>>();

const attributeOf = Node.prototype.attribute;
Node.prototype.attribute = function (this: Node, name: string) {
  const names = asked.get(this.operator);
  if (names) names.add(name);
  else asked.set(this.operator, new Set([name]));
  return attributeOf.call(this, name);
};

/** Attributes that the entry of an operator asked for, of its nodes in all models so far. */
export function attributesAskedFor({ domain, opType }: OpName): readonly string[] {
  return [...asked.get(domain === "" ? opType : `${domain}.${opType}`) ?? []];
}

/** Runs an example in ONNX Runtime: its outputs; undefined where it is refused. */
async function run(name: OpName, opset: number, example: Example, coverage: Coverage) {
  const model = modelOf(name, opset, example, (index) => example.parameters?.includes(index) ? "constant" : "fed");
  const feeds = Object.fromEntries(
    example.inputs.flatMap((tensor, index) => tensor && model.inputs![`i${index}`] ? [[`i${index}`, fed(tensor)]] : []),
  );
  try {
    const session = await ort.InferenceSession.create(modelBytes(model), {
      graphOptimizationLevel: "disabled",
      logSeverityLevel: 4,
      intraOpNumThreads: 1,
    });
    try {
      return await session.run(feeds);
    } finally {
      await session.release();
    }
  } catch (error) {
    coverage.refusal = (error as Error).message;
    return undefined;
  }
}

/** Compares everything an entry says of an example with a run of it. */
export async function checkExample(name: OpName, op: Op, opset: number, example: Example, coverage: Coverage) {
  const actual = await run(name, opset, example, coverage);
  if (!actual) return;
  coverage.opsets.add(opset);
  if (coverage.runs++ === 0) await checkInputs(name, op, opset, example);
  const where = `${name.domain || "ai.onnx"}.${name.opType} at operator set ${opset}, ${describe(example)}`;
  const isParameter = (index: number) => example.parameters?.includes(index) === true;
  const ways: Record<string, (index: number) => Given> = {
    "all inputs fed": () => "fed",
    "sizes named": () => "named",
    "parameters constant": (index) => isParameter(index) ? "constant" : "fed",
    "sizes named, parameters constant": (index) => isParameter(index) ? "constant" : "named",
    "all constant": () => "constant",
  };
  for (const [way, given] of Object.entries(ways)) {
    const model = modelOf(name, opset, example, given), { graph } = (await open(modelBytes(model))).graphs();
    const node = graph.nodes.find(({ name }) => name === "node")!, what = `${where}, ${way}`;
    linearOf(node); // asks for attributes that inference does not
    affineOf(node);
    const known = checkFacts(node, actual, example, what);
    if (way === "parameters constant" && !example.isOpen) assert(known, `${what}: not everything is inferred`);
    checkNoOp(op, node, actual, example, what, coverage);
    if (way === "all constant") checkConstants(node, actual, example, what, coverage);
  }
}

/** Whether it takes no more inputs than its entry says, and is refused with fewer. */
async function checkInputs(name: OpName, { inputs: [least, most = least] }: Op, opset: number, example: Example) {
  const inputs = example.before?.inputs ?? example.inputs,
    what = `its entry says that it has ${least} to ${most} inputs`;
  assert(inputs.length <= most, `${what}: an example has ${inputs.length}`);
  if (least === 0 || example.needsAll) return;
  const { before } = example, fewer = { ...example, inputs: example.inputs.slice(0, least - 1) };
  const short = before ? { ...example, before: { ...before, inputs: before.inputs.slice(0, least - 1) } } : fewer;
  const unheeded: Coverage = { opsets: new Set(), runs: 0, evaluated: 0, noOps: 0 };
  assert(!await run(name, opset, short, unheeded), `${what}: ONNX Runtime runs it with ${least - 1}`);
}

function describe({ inputs, attributes = {} }: Example): string {
  return `inputs ${inputs.map((input) => input ? `${input.type ?? 1}[${input.dims}]` : "–").join(" ")}, attributes ${
    JSON.stringify(attributes)
  }`;
}

type Results = Awaited<ReturnType<ort.InferenceSession["run"]>>;

/** Whether types and shapes were inferred whole; what is inferred must be true. */
function checkFacts(node: Node, actual: Results, example: Example, what: string): boolean {
  const named = new Map<string, number>();
  example.inputs.forEach((tensor, index) => tensor?.dims.forEach((dim, axis) => named.set(`i${index}d${axis}`, dim)));
  let isWhole = true;
  for (const value of node.outputs as Value[]) {
    const result = actual[value.name] as ort.Tensor | undefined, { type: inferred, shape } = value;
    if (!result) { // a sequence
      assertEquals([inferred, shape], [undefined, undefined], `${what}: '${value.name}' is no tensor`);
      continue;
    }
    const { type, dims } = result;
    const told = `${what}: '${value.name}' is inferred ${inferred}[${shape}], is ${type}[${dims}]`;
    if (inferred && inferred !== "opaque") assertEquals(inferred, type, told);
    isWhole &&= inferred !== undefined && shape !== undefined && !shape.includes(null);
    if (!shape) continue;
    assertEquals(shape.length, dims.length, told);
    shape.forEach((dim, axis) => {
      if (dim === null) return;
      const { count, name } = factorsOf(String(dim));
      assertEquals(typeof dim === "number" ? dim : count * named.get(name)!, dims[axis], told);
    });
  }
  return isWhole;
}

function checkNoOp(op: Op, node: Node, actual: Results, { inputs }: Example, what: string, coverage: Coverage): void {
  const value = op.isNoOp?.(node);
  if (!value) return;
  coverage.noOps++;
  const index = node.inputs.indexOf(value), same = fed(inputs[index]!), result = actual.o0 as ort.Tensor;
  assertEquals([result.type, result.dims], [same.type, same.dims], `${what}: said to do nothing`);
  assertEquals(bitsOf(result), bitsOf(same), `${what}: said to do nothing`);
}

function bitsOf({ data, type }: ort.Tensor): unknown {
  if (type === "string") return data;
  const cpu = data as unknown as Uint8Array;
  return [...new Uint8Array(cpu.buffer, cpu.byteOffset, cpu.byteLength)];
}

/** Relative to the largest element: what one rounding, or the runtime's own float32 arithmetic, may make of a result. */
const TOLERANCE: Record<string, number> = { float32: 2e-6, float64: 1e-12, float16: 2e-3, bfloat16: 1.6e-2 };

function checkConstants(node: Node, actual: Results, example: Example, what: string, coverage: Coverage): void {
  for (const value of node.outputs as Value[]) {
    const constant = constantOf(value), result = actual[value.name] as ort.Tensor;
    if (!constant || !result || constant.type === "string" || constant.type === "opaque") continue;
    coverage.evaluated++;
    assertEquals([constant.type as string, constant.dims], [result.type as string, result.dims], what);
    const expected = numbersOf(result), found = written(constant);
    const largest = expected.reduce((most, x) => Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most, 0);
    const tolerance = (example.tolerance ?? TOLERANCE[constant.type] ?? 0) * largest;
    expected.forEach((x, at) => {
      const isEqual = Object.is(x, found[at]) || x === found[at] || Math.abs(x - found[at]) <= tolerance;
      assert(isEqual, `${what}: element ${at} of '${value.name}' is evaluated ${found[at]}, is ${x}`);
    });
  }
}

function written(tensor: Tensor): Float64Array {
  return isFloat(tensor.type) || formatOf(tensor.type).bytes < 8
    ? rounded(tensor.type, valuesOf(tensor))
    : valuesOf(tensor);
}

function numbersOf({ data, type }: ort.Tensor): number[] {
  const cpu = data as unknown as Uint16Array;
  const numbers = type === "float16" && !(data instanceof Float16Array)
    ? new Float16Array(cpu.buffer, cpu.byteOffset, cpu.length)
    : data as unknown as ArrayLike<number>;
  return Array.from(numbers, Number);
}
