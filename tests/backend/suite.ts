/** ONNX's own backend tests (Debian package libonnx-testdata): models with inputs and the outputs they must give. */
import * as ort from "onnxruntime-node";
import { disableTelemetry } from "../../src/bench/telemetry.ts";
import { messageType } from "../../src/proto/schema.ts";

disableTelemetry();

/** Where Debian puts them; LAYERFUSE_BACKEND_SUITE names another folder. */
export const SUITE = Deno.env.get("LAYERFUSE_BACKEND_SUITE") ?? "/usr/share/libonnx-testdata/data";

/** Whether it is there. */
export const isInstalled: boolean = (() => {
  try {
    return Deno.statSync(SUITE).isDirectory;
  } catch {
    return false;
  }
})();

/** Whether its absence fails the tests. */
export const isRequired: boolean = Boolean(Deno.env.get("LAYERFUSE_REQUIRE_BACKEND_SUITE"));

/** One model of the suite with its data sets. */
export interface BackendCase {
  name: string;
  bytes: Uint8Array;
  sets: { inputs: TensorProto[]; outputs: TensorProto[] }[];
}

/** A TensorProto as protobufjs decodes it. */
export interface TensorProto {
  dims: number[];
  data_type: number;
  raw_data?: Uint8Array;
  float_data: number[];
  int32_data: number[];
  int64_data: (number | bigint)[];
  double_data: number[];
  uint64_data: (number | bigint)[];
  string_data: Uint8Array[];
}

/** A tensor that can be fed and compared. */
export interface Tensor {
  type: string;
  dims: readonly number[];
  data: ArrayLike<unknown>;
}

// deno-lint-ignore no-explicit-any
type ArrayType = { new (buffer: ArrayBuffer): any; from(values: Iterable<any>): any };

const TYPES: Record<number, [type: string, array: ArrayType]> = {
  1: ["float32", Float32Array],
  2: ["uint8", Uint8Array],
  3: ["int8", Int8Array],
  4: ["uint16", Uint16Array],
  5: ["int16", Int16Array],
  6: ["int32", Int32Array],
  7: ["int64", BigInt64Array],
  9: ["bool", Uint8Array],
  10: ["float16", Float16Array as unknown as ArrayType],
  11: ["float64", Float64Array],
  12: ["uint32", Uint32Array],
  13: ["uint64", BigUint64Array],
};

/** What a file of the suite holds; undefined where it is no tensor of a type JavaScript has. */
export function tensorOf(proto: TensorProto): Tensor | undefined {
  const dims = proto.dims.map(Number);
  if (proto.data_type === 8) {
    return { type: "string", dims, data: proto.string_data.map((text) => new TextDecoder().decode(text)) };
  }
  const known = TYPES[proto.data_type];
  if (!known) return undefined;
  const [type, array] = known;
  if (proto.raw_data?.length) return { type, dims, data: new array(proto.raw_data.slice().buffer) };
  const fields = [proto.float_data, proto.int32_data, proto.int64_data, proto.double_data, proto.uint64_data];
  const values = fields.find((field) => field?.length > 0) ?? [];
  const big = type === "int64" || type === "uint64";
  if (type === "float16") return { type, dims, data: new array(Uint16Array.from(values as number[]).buffer) };
  return { type, dims, data: array.from((values as number[]).map((v) => big ? BigInt(v) : Number(v))) };
}

/** The tensor as ONNX Runtime takes it. */
export function fed({ type, dims, data }: Tensor): ort.Tensor {
  return new ort.Tensor(type as "float32", data as Float32Array, dims);
}

async function readTensor(path: string): Promise<TensorProto> {
  const type = messageType("TensorProto");
  const proto = type.decode(await Deno.readFile(path));
  return type.toObject(proto, { arrays: true }) as TensorProto;
}

/** Every model of the suite. Throws {@link Deno.errors.NotFound} where it is not installed. */
export async function* backendCases(): AsyncGenerator<BackendCase> {
  for (
    const kind of [...Deno.readDirSync(SUITE)].filter(({ isDirectory }) => isDirectory).map(({ name }) => name).sort()
  ) {
    for (const { name } of [...Deno.readDirSync(`${SUITE}/${kind}`)].sort((a, b) => a.name < b.name ? -1 : 1)) {
      const folder = `${SUITE}/${kind}/${name}`;
      let bytes: Uint8Array;
      try {
        bytes = await Deno.readFile(`${folder}/model.onnx`);
      } catch {
        continue; // `real` has data without models
      }
      yield { name: `${kind}/${name}`, bytes, sets: await dataSets(folder) };
    }
  }
}

async function dataSets(folder: string): Promise<BackendCase["sets"]> {
  const sets: BackendCase["sets"] = [];
  for (const { name } of Deno.readDirSync(folder)) {
    if (!name.startsWith("test_data_set_")) continue;
    const files = (kind: string) =>
      [...Deno.readDirSync(`${folder}/${name}`)].filter((file) => file.name.startsWith(kind))
        .map((file) => Number(/\d+/.exec(file.name)![0])).sort((a, b) => a - b)
        .map((at) => readTensor(`${folder}/${name}/${kind}${at}.pb`));
    sets.push({ inputs: await Promise.all(files("input_")), outputs: await Promise.all(files("output_")) });
  }
  return sets;
}

/** Runs a model with ONNX Runtime's own optimizations off. */
export async function run(bytes: Uint8Array, feeds: Record<string, ort.Tensor>): Promise<Record<string, Tensor>> {
  const options = { graphOptimizationLevel: "disabled", logSeverityLevel: 4, intraOpNumThreads: 1 } as const;
  const session = await ort.InferenceSession.create(bytes, options);
  try {
    return await session.run(feeds) as unknown as Record<string, Tensor>;
  } finally {
    await session.release();
  }
}

function numbers({ type, data }: Tensor): ArrayLike<unknown> {
  return type === "float16" && data instanceof Uint16Array
    ? new Float16Array(data.buffer as ArrayBuffer, data.byteOffset, data.length)
    : data;
}

/** Why a result is not what was expected, to the suite's tolerance (|a − b| ≤ atol + rtol·|b|); undefined where it is. */
export function differs(
  actual: Tensor | undefined,
  expected: Tensor,
  { rtol = 1e-3, atol = 1e-7 }: { rtol?: number; atol?: number } = {},
): string | undefined {
  if (!actual) return "there is no such output";
  if (actual.type !== expected.type || actual.dims.join() !== expected.dims.join()) {
    return `${actual.type}[${actual.dims}] instead of ${expected.type}[${expected.dims}]`;
  }
  const a = numbers(actual), b = numbers(expected);
  if (a.length !== b.length) return `${a.length} elements instead of ${b.length}`;
  for (let i = 0; i < b.length; i++) {
    if (a[i] === b[i] || expected.type === "string" && a[i] === b[i]) continue;
    const [x, y] = [Number(a[i]), Number(b[i])];
    if (Object.is(x, y) || Math.abs(x - y) <= atol + rtol * Math.abs(y)) continue;
    return `${x} instead of ${y} at ${i}`;
  }
}
