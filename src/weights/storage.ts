import type { ByteSource } from "../io/source.ts";
import { forEachOffset, stridesOf } from "../tensor/arrange.ts";
import { formatOf, type NumericType } from "../tensor/element_type.ts";
import { computedTensor, sizeOf, storedTensor, type Tensor, valuesOf } from "../tensor/tensor.ts";
import { WeightsFormatError } from "./errors.ts";

/** PyTorch's storage classes by the name after `torch.`; an untyped one holds bytes. */
export const STORAGE_TYPES: Readonly<Record<string, NumericType>> = {
  FloatStorage: "float32",
  DoubleStorage: "float64",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
  "storage.UntypedStorage": "uint8",
};

/** PyTorch's element types by the name after `torch.`. */
export const ELEMENT_TYPES: Readonly<Record<string, NumericType>> = {
  float32: "float32",
  float64: "float64",
  float16: "float16",
  bfloat16: "bfloat16",
  int64: "int64",
  int32: "int32",
  int16: "int16",
  int8: "int8",
  uint8: "uint8",
  uint16: "uint16",
  uint32: "uint32",
  uint64: "uint64",
  bool: "bool",
};

/** A run of elements in a file, which tensors are views of. */
export class Storage {
  /** First byte in the file; a legacy file tells it only after its pickle. */
  offset: number | undefined = undefined;

  readonly source: ByteSource;
  readonly name: string;
  readonly type: NumericType;
  readonly size: number;

  /** `size` elements of one type; `name` is what messages call it. */
  constructor(
    source: ByteSource,
    name: string,
    type: NumericType,
    size: number,
  ) {
    this.source = source;
    this.name = name;
    this.type = type;
    this.size = size;
  }

  /** Fills `into` with the bytes from `at` on. */
  read(at: number, into: Uint8Array): void {
    this.source.read(this.offset! + at, into);
  }
}

/**
 * A view of a storage as a tensor: element (i, j, …) is at first + i·strides[0] + j·strides[1] + …. One whose elements lie in
 * order is a range of the file; another is gathered when it is read. `type` is by default the storage's.
 *
 * @throws {WeightsFormatError} If it reaches beyond the storage.
 */
export function storageView(
  storage: Storage,
  first: number,
  dims: readonly number[],
  strides: readonly number[],
  type: NumericType = storage.type,
): Tensor {
  const itemBytes = formatOf(type).bytes, size = sizeOf(dims);
  const whole = [first, ...dims, ...strides].every((number) => Number.isSafeInteger(number) && number >= 0);
  const last = dims.reduce((sum, dim, axis) => sum + (dim - 1) * strides[axis], first);
  const bytes = storage.size * formatOf(storage.type).bytes;
  if (!whole || dims.length !== strides.length || size > 0 && (last + 1) * itemBytes > bytes) {
    throw new WeightsFormatError(
      `${storage.source.name}: a tensor of shape [${dims}], strides [${strides}], from element ${first} on, reaches ` +
        `beyond its storage '${storage.name}' of ${bytes} bytes. The file is damaged.`,
    );
  }
  const contiguous = stridesOf(dims).every((stride, axis) => stride === strides[axis] || dims[axis] <= 1);
  if (contiguous || size === 0) {
    return storedTensor(type, dims, { read: (at, into) => storage.read(first * itemBytes + at, into) });
  }
  // a view that repeats elements (stride 0) may be larger than what it is a view of: it may not claim memory without end
  if (size > last + 1 - first) {
    throw new WeightsFormatError(
      `${storage.source.name}: a tensor of shape [${dims}] has elements that lie on one another (strides [${strides}]). ` +
        "Save it with .contiguous().",
    );
  }
  const span = storedTensor(type, [last + 1 - first], {
    read: (at, into) => storage.read(first * itemBytes + at, into),
  });
  return computedTensor(type, dims, () => {
    const from = valuesOf(span), to = new Float64Array(size);
    forEachOffset(dims, strides, (offset, index) => to[index] = from[offset]);
    return to;
  });
}
