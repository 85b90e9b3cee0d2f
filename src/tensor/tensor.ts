import { type ElementType, formatOf } from "./element_type.ts";
import { expressed, type Expression } from "./expression.ts";
import { recentValues } from "./recent.ts";
import { largestMagnitude } from "./unrolled.ts";

/** Something that gives bytes at an offset; a file range, say. */
export interface Bytes {
  /** Fills `into` from `offset` on. */
  read(offset: number, into: Uint8Array): void;
}

/**
 * A tensor whose elements are produced when they are asked for, as float64, a chunk at a time. Nothing is kept in memory
 * that is not small.
 */
export interface Tensor {
  /** Element type, to which values are rounded when they are written. */
  readonly type: ElementType;
  /** Shape; a scalar has none. */
  readonly dims: readonly number[];
  /** Number of elements. */
  readonly size: number;
  /** Fills `into` with the elements from `start` on, in row-major order. */
  read(start: number, into: Float64Array): void;
  /** An upper bound of the magnitude of all elements; Infinity where one is not a number. */
  bound(): number;
  /** Whether elements of a type that is only carried along can be read as numbers all the same. */
  readonly isReadable?: true;
  /** What it was read from, for a reader of this module that can copy it unchanged; never looked at here. */
  readonly origin?: unknown;
  /** How it is made of others, where that was said. On the tensor itself: what a WeakMap refers to outlives its key. */
  expression?: Expression<Tensor>;
}

/** Elements held by one call of {@link Tensor.read} when a whole tensor is streamed. */
export const CHUNK = 1 << 15;

/** Number of elements of a shape. */
export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Calls `visit` with each chunk of a tensor; the chunk is reused. */
export function forEachChunk(tensor: Tensor, visit: (values: Float64Array, start: number) => void): void {
  const buffer = new Float64Array(Math.min(CHUNK, tensor.size));
  for (let start = 0; start < tensor.size; start += CHUNK) {
    const values = buffer.subarray(0, Math.min(CHUNK, tensor.size - start));
    tensor.read(start, values);
    visit(values, start);
  }
}

/** The largest magnitude, read from all elements; Infinity where one is not a number. */
export function measuredBound(tensor: Tensor): number {
  let bound = 0;
  forEachChunk(tensor, (values) => {
    for (let i = 0; i < values.length; i++) {
      const magnitude = Math.abs(values[i]);
      if (!(magnitude <= bound)) bound = Number.isNaN(magnitude) ? Infinity : magnitude;
    }
  });
  return bound;
}

let scratch = new Uint8Array(CHUNK * 8);

/** Bytes to read into before they are decoded; the next call has the same ones. */
function scratchBytes(length: number): Uint8Array {
  if (scratch.length < length) scratch = new Uint8Array(length);
  return scratch.subarray(0, length);
}

/** The bound of stored float32 values, from their bits: without the sign, they are ordered like the magnitudes. */
function float32Bound(bytes: Bytes, size: number): number {
  let most = 0;
  for (let start = 0; start < size; start += CHUNK) {
    const part = scratchBytes(Math.min(CHUNK, size - start) * 4);
    bytes.read(start * 4, part);
    most = Math.max(most, largestMagnitude(new Int32Array(part.buffer, part.byteOffset, part.length / 4)));
  }
  const value = new Float32Array(Int32Array.of(most).buffer)[0];
  return Number.isNaN(value) ? Infinity : value;
}

/** All elements of a tensor. For vectors and small tensors. */
export function valuesOf(tensor: Tensor): Float64Array {
  const values = new Float64Array(tensor.size);
  tensor.read(0, values);
  return values;
}

/** A tensor stored as little-endian elements somewhere. */
export function storedTensor(type: ElementType, dims: readonly number[], bytes: Bytes, origin?: unknown): Tensor {
  let bound: number | undefined;
  const tensor: Tensor = {
    type,
    dims,
    size: sizeOf(dims),
    origin,
    read(start, into) {
      const format = formatOf(type), part = scratchBytes(into.length * format.bytes);
      bytes.read(start * format.bytes, part);
      format.decode(part, into);
    },
    bound: () => bound ??= type === "float32" ? float32Bound(bytes, tensor.size) : measuredBound(tensor),
  };
  return tensor;
}

/** A tensor of values in memory, as exact as float64; they are rounded to `type` when written. */
export function valueTensor(type: ElementType, dims: readonly number[], values: Float64Array): Tensor {
  if (values.length !== sizeOf(dims)) {
    throw new RangeError(`${values.length} values do not fill a tensor of shape [${dims}]`);
  }
  let bound: number | undefined;
  const tensor: Tensor = {
    type,
    dims,
    size: values.length,
    read: (start, into) => into.set(values.subarray(start, start + into.length)),
    bound: () => bound ??= measuredBound(tensor),
  };
  return tensor;
}

/** A tensor with the same value everywhere. */
export function filledTensor(type: ElementType, dims: readonly number[], value: number): Tensor {
  return {
    type,
    dims,
    size: sizeOf(dims),
    read: (_start, into) => into.fill(value),
    bound: () => Number.isNaN(value) ? Infinity : Math.abs(value),
  };
}

/** The elements of a tensor in another shape. */
export function reshaped(tensor: Tensor, dims: readonly number[]): Tensor {
  if (sizeOf(dims) !== tensor.size) {
    throw new RangeError(`a tensor of shape [${tensor.dims}] cannot have the shape [${dims}]`);
  }
  return expressed({ ...tensor, dims, expression: undefined }, "reshape", [tensor], () => `${dims}`);
}

/** A tensor whose values are computed as a whole, in float64, and kept as long as they are among those used last. */
export function computedTensor(type: ElementType, dims: readonly number[], compute: () => Float64Array): Tensor {
  let bound: number | undefined;
  const tensor: Tensor = {
    type,
    dims,
    size: sizeOf(dims),
    read: (start, into) => into.set(recentValues(tensor, compute).subarray(start, start + into.length)),
    bound: () => bound ??= measuredBound(tensor),
  };
  return tensor;
}
