import { type FeedSet, type InputOptions, readInputs, type TensorData } from "../bench/mod.ts";
import type { Model } from "../fusion/mod.ts";
import { importTensor } from "../graph/tensor_proto.ts";
import { formatOf } from "../tensor/element_type.ts";
import { valuesOf } from "../tensor/tensor.ts";

/** The tensor in a `.pb` file (a TensorProto, as ONNX's own test data has it). */
function decodeProto(bytes: Uint8Array): TensorData {
  const { tensor } = importTensor(bytes, []);
  const values = valuesOf(tensor);
  if (tensor.type === "int64" || tensor.type === "uint64") {
    const data = tensor.type === "int64" ? BigInt64Array.from(values, BigInt) : BigUint64Array.from(values, BigInt);
    return { type: tensor.type, dims: tensor.dims, data };
  }
  const data = new Uint8Array(tensor.size * formatOf(tensor.type).bytes);
  formatOf(tensor.type).encode(values, data);
  return { type: tensor.type, dims: tensor.dims, data: viewOf(tensor.type, data.buffer) };
}

function viewOf(type: string, buffer: ArrayBuffer): TensorData["data"] {
  switch (type) {
    case "float32":
      return new Float32Array(buffer);
    case "float64":
      return new Float64Array(buffer);
    case "float16":
    case "bfloat16":
    case "uint16":
      return new Uint16Array(buffer);
    case "int32":
      return new Int32Array(buffer);
    case "uint32":
      return new Uint32Array(buffer);
    case "int16":
      return new Int16Array(buffer);
    case "int8":
      return new Int8Array(buffer);
    default:
      return new Uint8Array(buffer);
  }
}

/** Reads a folder of input files for a model. */
export async function readInputFiles(
  folder: string,
  model: Model,
  { shape, shapes, size }: Pick<InputOptions, "shape" | "shapes" | "size">,
): Promise<FeedSet[]> {
  const inputs = model.inputs.map(({ name, type, shape }) => ({
    name,
    type: type ?? "float32",
    dims: (shape ?? []).map((dim) => dim ?? ""),
  }));
  return await readInputs(folder, inputs, { shape, shapes, size, decodeProto });
}
