import { type ElementType, formatOf } from "../tensor/element_type.ts";
import { valuesOf } from "../tensor/tensor.ts";
import { importTensor } from "./tensor_proto.ts";

/** A tensor as arrays of the language: float16 and bfloat16 as their bits. */
export interface PlainTensor {
  /** Element type. */
  readonly type: ElementType;
  /** Shape. */
  readonly dims: readonly number[];
  /** Elements in row-major order. */
  readonly data: ArrayLike<number | bigint>;
}

/** The tensor in a `.pb` file (a TensorProto, as ONNX's own test data has it). */
export function plainTensor(bytes: Uint8Array): PlainTensor {
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

function viewOf(type: string, buffer: ArrayBuffer): PlainTensor["data"] {
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
