/** Models of the suite turned into ones that fusion has something to do with. */
import type * as ort from "onnxruntime-node";
import { messageType } from "../../src/proto/schema.ts";
import { random, tensorProto } from "../onnx_model.ts";

// deno-lint-ignore no-explicit-any
type Proto = any;
type Feeds = Record<string, ort.Tensor>;

const CODES: Record<string, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
};
const FLOATS = ["float32", "float64", "float16"];

function edit(bytes: Uint8Array, change: (model: Proto) => void): Uint8Array {
  const type = messageType("ModelProto");
  const model = type.toObject(type.decode(bytes), { arrays: true });
  change(model);
  return type.encode(type.fromObject(model)).finish();
}

function initializer(name: string, { type, dims, data }: ort.Tensor): object {
  const view = data as Float32Array;
  return {
    name,
    dims: [...dims],
    data_type: CODES[type],
    raw_data: new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice(),
  };
}

/** Every input but the first becomes an initializer. */
export function weightsBaked(bytes: Uint8Array, feeds: Feeds): { bytes: Uint8Array; feeds: Feeds } | undefined {
  const [first, ...rest] = Object.entries(feeds);
  if (!first || rest.length === 0 || rest.some(([, { type }]) => !CODES[type])) return undefined;
  return { feeds: Object.fromEntries([first]), bytes: baked(bytes, rest) };
}

/** Every input becomes an initializer, so that all the model computes is constant. */
export function allBaked(bytes: Uint8Array, feeds: Feeds): Uint8Array | undefined {
  return Object.values(feeds).every(({ type }) => CODES[type]) ? baked(bytes, Object.entries(feeds)) : undefined;
}

function baked(bytes: Uint8Array, inputs: [string, ort.Tensor][]): Uint8Array {
  const names = new Set(inputs.map(([name]) => name));
  return edit(bytes, (model) => {
    model.graph.input = model.graph.input.filter(({ name }: { name: string }) => !names.has(name));
    model.graph.initializer.push(...inputs.map(([name, tensor]) => initializer(name, tensor)));
    model.ir_version = Math.max(4, Number(model.ir_version));
  });
}

/**
 * The model between layers and affines: x → MatMul → Mul, Add along the last axis → the model → Mul, Add along axis 1 → MatMul.
 * Whatever is carried through the model's operator must have been allowed to. Inputs but the first become initializers.
 */
export function sandwiched(bytes: Uint8Array, feeds: Feeds): { bytes: Uint8Array; feeds: Feeds } | undefined {
  if (Object.keys(feeds).length === 0) return undefined;
  const plain = Object.keys(feeds).length > 1 ? weightsBaked(bytes, feeds) : { bytes, feeds };
  if (!plain) return undefined;
  const [[name, x]] = Object.entries(feeds);
  if (!FLOATS.includes(x.type) || x.dims.length < 2 || x.dims.some((dim) => dim > 512)) return undefined;
  const code = CODES[x.type], last = x.dims[x.dims.length - 1];
  const along = (length: number, rank: number, axis: number) =>
    new Array(rank).fill(1).map((_, at) => at === axis ? length : 1);
  let fits = true;
  const changed = edit(plain.bytes, (model) => {
    const { graph } = model;
    fits = Number(model.opset_import.find(({ domain }: Proto) => !domain)?.version ?? 0) >= 7;
    const constants: [string, ReturnType<typeof random>][] = [
      ["sandwich_w", random([last, last], 3, code)],
      ["sandwich_s", random(along(last, x.dims.length, x.dims.length - 1), 4, code)],
      ["sandwich_t", random(along(x.dims[1], x.dims.length, 1), 5, code)],
    ];
    const before = [
      { op_type: "MatMul", input: [name, "sandwich_w"], output: ["sandwich_a"], name: "sandwich_a" },
      { op_type: "Mul", input: ["sandwich_a", "sandwich_s"], output: ["sandwich_b"], name: "sandwich_b" },
      { op_type: "Add", input: ["sandwich_b", "sandwich_t"], output: ["sandwich_x"], name: "sandwich_x" },
    ];
    for (const node of graph.node) {
      node.input = node.input.map((input: string) => input === name ? "sandwich_x" : input);
    }
    const [y] = graph.output,
      type = y.type?.tensor_type,
      dims = type?.shape?.dim.map((d: Proto) => Number(d.dim_value));
    const after: object[] = [];
    if (
      FLOATS.includes(typeName(type?.elem_type)) && dims?.length >= 2 &&
      dims.every((dim: number) => dim > 0 && dim <= 512)
    ) {
      const own = type.elem_type, columns = dims[dims.length - 1];
      constants.push(
        ["sandwich_s2", random(along(dims[1], dims.length, 1), 6, own)],
        ["sandwich_t2", random(along(columns, dims.length, dims.length - 1), 7, own)],
        ["sandwich_v", random([columns, 3], 8, own)],
      );
      after.push(
        { op_type: "Mul", input: [y.name, "sandwich_s2"], output: ["sandwich_c"], name: "sandwich_c" },
        { op_type: "Add", input: ["sandwich_c", "sandwich_t2"], output: ["sandwich_d"], name: "sandwich_d" },
        { op_type: "MatMul", input: ["sandwich_d", "sandwich_v"], output: ["sandwich_y"], name: "sandwich_y" },
      );
      graph.output = [{ name: "sandwich_y", type: { tensor_type: { elem_type: own } } }, ...graph.output.slice(1)];
    }
    graph.node = [...before, ...graph.node, ...after];
    graph.initializer.push(...constants.map(([name, tensor]) => tensorProto(name, tensor)));
    model.ir_version = Math.max(4, Number(model.ir_version));
  });
  return fits ? { bytes: changed, feeds: plain.feeds } : undefined;
}

function typeName(code: number | undefined): string {
  return Object.entries(CODES).find(([, value]) => value === code)?.[0] ?? "";
}
