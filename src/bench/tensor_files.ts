/**
 * NumPy's files as tensors, and tensors as an input takes them.
 *
 * @module
 */
import { describeInput } from "./describe_input.ts";
import type { InputDescription, NamedTensors, TensorData } from "./session.ts";

/** NumPy's dtype to ONNX Runtime's name. */
const NPY_TYPES: Record<string, string> = {
  f2: "float16",
  f4: "float32",
  f8: "float64",
  i1: "int8",
  u1: "uint8",
  i2: "int16",
  u2: "uint16",
  i4: "int32",
  u4: "uint32",
  i8: "int64",
  u8: "uint64",
  b1: "bool",
};

/** The tensor of a `.npy` file. @throws {Error} If it is damaged, in Fortran order, or of a type that cannot be fed. */
export async function readNpy(bytes: Uint8Array): Promise<TensorData> {
  const { load } = await import("npyjs");
  const { data, shape, dtype, fortranOrder } = await load(bytes, { convertFloat16: false });
  if (fortranOrder && shape.length > 1) throw new Error("in Fortran order; save it with numpy.ascontiguousarray");
  const type = NPY_TYPES[dtype];
  if (!type) throw new Error(`dtype ${dtype} cannot be fed; expected one of ${Object.keys(NPY_TYPES).join(", ")}`);
  return { type, dims: shape, data: data as unknown as TensorData["data"] };
}

/** Bytes that the arrays of a `.npz` file may have in all: a few kilobytes must not unpack to all of the memory. */
const MOST_UNPACKED = 2 ** 30;

/** The tensors of a `.npz` file by name. @throws {Error} As {@link readNpy}, with the array's name first; if they are too large. */
export async function readNpz(bytes: Uint8Array): Promise<NamedTensors> {
  const { unzipSync } = await import("fflate");
  const tensors: NamedTensors = {};
  let unpacked = 0;
  const isRead = ({ originalSize }: { originalSize: number }) => {
    unpacked += originalSize;
    if (unpacked > MOST_UNPACKED) throw new Error(`its arrays have more than ${MOST_UNPACKED} bytes`);
    return true;
  };
  for (const [file, content] of Object.entries(unzipSync(bytes, { filter: isRead }))) {
    const name = file.replace(/\.npy$/, "");
    try {
      tensors[name] = await readNpy(content);
    } catch (error) {
      throw new Error(`array ${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return tensors;
}

/** Checks a tensor against its input; adds a batch axis of 1 where just that is missing, and narrows float64 to float32. */
export function fitTensor(tensor: TensorData, input: InputDescription): TensorData {
  const { type, data } = tensor;
  const dims = tensor.dims.length === input.dims.length - 1 ? [1, ...tensor.dims] : [...tensor.dims];
  const fits = dims.length === input.dims.length &&
    input.dims.every((declared, axis) => typeof declared === "string" || declared === dims[axis]);
  if (!fits) throw new Error(`shape ${tensor.dims.join("x")} does not fit input ${describeInput(input)}`);
  if (type === input.type) return { type, dims, data };
  if (type === "float64" && input.type === "float32") {
    return { type: "float32", dims, data: Float32Array.from(data as ArrayLike<number>) };
  }
  throw new Error(`${type} does not fit input ${describeInput(input)}`);
}
