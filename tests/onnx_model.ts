/**
 * Small ONNX models for tests, written with protobufjs alone, so that they do not depend on what is tested; and running
 * them in ONNX Runtime with its own optimizations off.
 */
import * as ort from "onnxruntime-node";
import { disableTelemetry } from "../src/bench/telemetry.ts";
import { messageType } from "../src/proto/schema.ts";

disableTelemetry();

/** A tensor: shape and values. `type` is a TensorProto.DataType number, 1 (float) by default. */
export interface TestTensor {
  dims: number[];
  values: ArrayLike<number>;
  type?: number;
  /** The elements of a tensor of text (type 8). */
  text?: string[];
}

export interface TestNode {
  op: string;
  inputs: string[];
  outputs: string[];
  name?: string;
  domain?: string;
  /** Which of several functions with one name is called. */
  overload?: string;
  /** Whole numbers are INT(S); {float: 1}, {floats: [..]}, {strings: [..]}, {tensor: …}, {graph: …}, {ref: "name"} say otherwise. */
  attributes?: Record<string, TestAttribute>;
}

export type TestAttribute =
  | number
  | number[]
  | string
  | { float: number }
  | { strings: string[] }
  | { floats: number[] }
  | { tensor: TestTensor }
  | { graph: TestGraph }
  | { ref: string; type: number };

export interface TestGraph {
  nodes: TestNode[];
  /** Shape by name; a string is a named dimension, null an unknown one. `types` gives other types than float. */
  inputs?: Record<string, (number | string | null)[]>;
  outputs: Record<string, (number | string | null)[] | null>;
  initializers?: Record<string, TestTensor>;
  /** Shapes the file tells of values in between. */
  valueInfo?: Record<string, (number | string | null)[]>;
  /** Types other than float by name; 0 leaves the type to inference. */
  types?: Record<string, number>;
}

export interface TestModel extends TestGraph {
  /** Version of the default domain's operator set; null where it is not imported. */
  opset?: number | null;
  ir?: number;
  functions?: {
    name: string;
    domain: string;
    inputs: string[];
    outputs: string[];
    attributes?: string[];
    /** Attributes with a value for calls that leave them out. */
    defaults?: Record<string, TestAttribute>;
    overload?: string;
    /** Operator sets, where they are not the model's. */
    opsets?: Record<string, number>;
    nodes: TestNode[];
  }[];
  opsets?: Record<string, number>;
}

/** A float tensor. */
export function tensor(dims: number[], values: ArrayLike<number>, type = 1): TestTensor {
  return { dims, values, type };
}

/** Seeded values in [-1, 1), enough for a shape: the same for the same seed. */
export function random(dims: number[], seed = 1, type = 1): TestTensor {
  let state = (seed * 2654435761) >>> 0 || 1;
  const size = dims.reduce((a, b) => a * b, 1);
  const values = Float64Array.from({ length: size }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 31 - 1;
  });
  return { dims, values, type };
}

/** The same, shifted into [low, high). */
export function randomIn(low: number, high: number, dims: number[], seed = 1, type = 1): TestTensor {
  const { values } = random(dims, seed, type);
  return { dims, type, values: Float64Array.from(values, (value) => low + (value + 1) / 2 * (high - low)) };
}

/** Little-endian bytes of a tensor of numbers. */
export function rawData({ values, type = 1 }: TestTensor): Uint8Array {
  switch (type) {
    case 1:
      return new Uint8Array(Float32Array.from(values).buffer);
    case 7:
      return new Uint8Array(BigInt64Array.from(Array.from(values, wide)).buffer);
    case 6:
      return new Uint8Array(Int32Array.from(values).buffer);
    case 9:
    case 2:
      return Uint8Array.from(values);
    case 3:
      return new Uint8Array(Int8Array.from(values).buffer);
    case 4:
      return new Uint8Array(Uint16Array.from(values).buffer);
    case 5:
      return new Uint8Array(Int16Array.from(values).buffer);
    case 12:
      return new Uint8Array(Uint32Array.from(values).buffer);
    case 13:
      return new Uint8Array(BigUint64Array.from(Array.from(values, BigInt)).buffer);
    case 10:
      return new Uint8Array(Float16Array.from(values).buffer);
    case 11:
      return new Uint8Array(Float64Array.from(values).buffer);
    case 16:
      return new Uint8Array(
        Uint16Array.from(Array.from(values, (v) => new Uint32Array(Float32Array.of(v).buffer)[0] >>> 16)).buffer,
      );
    case 17:
    case 18:
    case 19:
    case 20: // 8-bit floats as their bits
      return Uint8Array.from(values);
    case 21:
    case 22: // two numbers a byte
      return Uint8Array.from(
        { length: Math.ceil(values.length / 2) },
        (_, at) => (values[2 * at] & 15) | ((values[2 * at + 1] & 15) << 4),
      );
    default:
      throw new TypeError(`no test tensor of type ${type}`);
  }
}

/** A whole number; 2^63 stands for INT64_MAX, as float64 has it. */
function wide(value: number): bigint {
  return value === 2 ** 63 ? 2n ** 63n - 1n : BigInt(value);
}

/** A TensorProto as an object. */
export function tensorProto(name: string, tensor: TestTensor): Record<string, unknown> {
  const head = { name, dims: tensor.dims, data_type: tensor.type ?? 1 };
  return tensor.text
    ? { ...head, string_data: tensor.text.map((text) => new TextEncoder().encode(text)) }
    : { ...head, raw_data: rawData(tensor) };
}

function attributeProto(name: string, value: TestAttribute): Record<string, unknown> {
  if (typeof value === "number") return { name, type: 2, i: value };
  if (typeof value === "string") return { name, type: 3, s: new TextEncoder().encode(value) };
  if (Array.isArray(value)) return { name, type: 7, ints: value };
  if ("float" in value) return { name, type: 1, f: value.float };
  if ("strings" in value) {
    return { name, type: 8, strings: value.strings.map((text) => new TextEncoder().encode(text)) };
  }
  if ("floats" in value) return { name, type: 6, floats: value.floats };
  if ("tensor" in value) return { name, type: 4, t: tensorProto("", value.tensor) };
  if ("graph" in value) return { name, type: 5, g: graphProto(value.graph) };
  return { name, type: value.type, ref_attr_name: value.ref };
}

function nodeProto(
  { op, inputs, outputs, name, domain, overload, attributes }: TestNode,
): Record<string, unknown> {
  return {
    op_type: op,
    overload,
    input: inputs,
    output: outputs,
    name: name ?? outputs[0],
    domain,
    attribute: Object.entries(attributes ?? {}).map(([name, value]) => attributeProto(name, value)),
  };
}

function valueInfo(name: string, dims: (number | string | null)[] | null, type: number): Record<string, unknown> {
  if (type === 0) return { name };
  const dim = dims?.map((d) => typeof d === "number" ? { dim_value: d } : d === null ? {} : { dim_param: d });
  return { name, type: { tensor_type: { elem_type: type, shape: dim && { dim } } } };
}

function graphProto(
  { nodes, inputs, outputs, initializers, valueInfo: told, types }: TestGraph,
): Record<string, unknown> {
  const infos = (ports: Record<string, (number | string | null)[] | null>) =>
    Object.entries(ports).map(([name, dims]) => valueInfo(name, dims, types?.[name] ?? 1));
  return {
    name: "test",
    node: nodes.map(nodeProto),
    input: infos(inputs ?? {}),
    output: infos(outputs),
    value_info: infos(told ?? {}),
    initializer: Object.entries(initializers ?? {}).map(([name, tensor]) => tensorProto(name, tensor)),
  };
}

/** The model as the bytes of an .onnx file. Opset 17, IR version 8 where not said. */
export function modelBytes(model: TestModel): Uint8Array {
  const type = messageType("ModelProto");
  const { opset = 17 } = model, own = { ...(opset === null ? {} : { "": opset }), ...model.opsets };
  const imports = (opsets: Record<string, number>) =>
    Object.entries(opsets).map(([domain, version]) => ({ domain, version }));
  return type.encode(type.fromObject({
    ir_version: model.ir ?? 8,
    producer_name: "layerfuse tests",
    opset_import: imports(own),
    graph: graphProto(model),
    functions: model.functions?.map((f) => ({
      name: f.name,
      domain: f.domain,
      input: f.inputs,
      output: f.outputs,
      attribute: f.attributes ?? [],
      attribute_proto: Object.entries(f.defaults ?? {}).map(([name, value]) => attributeProto(name, value)),
      overload: f.overload,
      node: f.nodes.map(nodeProto),
      opset_import: imports(f.opsets ?? own),
    })),
  })).finish();
}

/** Whole numbers are fed between this and its negative. */
const MOST_WHOLE = 8;

/** Seeded feeds for every input of a test model, its named or unknown dimensions set to 2. */
export function feedsFor(model: TestModel, seed = 7): Record<string, ort.Tensor> {
  const feeds: Record<string, ort.Tensor> = {};
  Object.entries(model.inputs ?? {}).forEach(([name, dims], index) => {
    if (model.initializers?.[name]) return;
    const shape = dims.map((dim) => typeof dim === "number" ? dim : 2);
    const { values } = random(shape, seed + index);
    const type = model.types?.[name] ?? 1;
    feeds[name] = type === 10
      ? float16Tensor(values, shape)
      : type === 11
      ? new ort.Tensor("float64", Float64Array.from(values), shape)
      : type === 7
      ? new ort.Tensor("int64", BigInt64Array.from(values, (v) => BigInt(Math.round(MOST_WHOLE * v))), shape)
      : type === 6
      ? new ort.Tensor("int32", Int32Array.from(values, (v) => Math.round(MOST_WHOLE * v)), shape)
      : type === 2
      ? new ort.Tensor("uint8", Uint8Array.from(values, (v) => Math.round(128 + 127 * v)), shape)
      : type === 9
      ? new ort.Tensor("bool", Uint8Array.from(values, (v) => v > 0 ? 1 : 0), shape)
      : new ort.Tensor("float32", Float32Array.from(values), shape);
  });
  return feeds;
}

/** A float16 tensor as its bits: Deno's Node-API does not know Float16Array, which onnxruntime-common makes of them. */
function float16Tensor(values: ArrayLike<number>, shape: number[]): ort.Tensor {
  const data = Float16Array.from(values);
  const tensor = new ort.Tensor("float16", data as unknown as Uint16Array, shape);
  Object.assign(tensor, { cpuData: new Uint16Array(data.buffer) });
  return tensor;
}

/** Runs a model (bytes or path) in ONNX Runtime with all graph optimizations off; outputs as float64 by name. */
export async function run(
  model: Uint8Array | string,
  feeds: Record<string, ort.Tensor>,
): Promise<Record<string, Float64Array>> {
  const session = await ort.InferenceSession.create(model as string, {
    graphOptimizationLevel: "disabled",
    logSeverityLevel: 3,
  });
  try {
    const results = await session.run(feeds);
    return Object.fromEntries(
      Object.entries(results).map(([name, { type, data }]) => [
        name,
        Float64Array.from(
          (type === "float16" && !(data instanceof Float16Array)
            ? new Float16Array((data as unknown as Uint16Array).buffer, (data as unknown as Uint16Array).byteOffset)
            : data) as ArrayLike<number>,
          Number,
        ),
      ]),
    );
  } finally {
    await session.release();
  }
}

/** ‖a − b‖ / ‖a‖ over all outputs; Infinity where names or sizes differ or something is not a number in one only. */
export function relativeL2(a: Record<string, Float64Array>, b: Record<string, Float64Array>): number {
  let difference = 0, norm = 0;
  if (Object.keys(a).join() !== Object.keys(b).join()) return Infinity;
  for (const [name, values] of Object.entries(a)) {
    if (values.length !== b[name].length) return Infinity;
    values.forEach((value, i) => {
      const other = b[name][i];
      if (Object.is(value, other) || value === other) return;
      difference += (value - other) ** 2;
      norm += value ** 2;
    });
    norm += values.reduce(
      (sum, value, i) => Object.is(value, b[name][i]) || value === b[name][i] ? sum + value ** 2 : sum,
      0,
    );
  }
  if (Number.isNaN(difference)) return Infinity;
  return difference === 0 ? 0 : Math.sqrt(difference / norm);
}
