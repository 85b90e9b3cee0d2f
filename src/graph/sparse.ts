import { ModelFormatError } from "../io/errors.ts";
import type { Payload } from "../proto/skeleton.ts";
import { contentsOf, wireFields } from "../proto/wire.ts";
import { messageType } from "../proto/schema.ts";
import { measuredBound, sizeOf, type Tensor, valuesOf } from "../tensor/tensor.ts";
import { type ImportedTensor, importTensor } from "./tensor_proto.ts";

/** Larger ones are refused: a few bytes must not ask for gigabytes. */
const MOST_ELEMENTS = 2 ** 25;

/** Reads a SparseTensorProto as the dense tensor it stands for; what is stored is read when an element is asked for. */
export function importSparse(proto: Uint8Array, payloads: readonly Payload[]): ImportedTensor {
  const wire = wireFields(proto);
  const [valuesProto, ...more] = contentsOf(wire, 1), [indicesProto, ...others] = contentsOf(wire, 2);
  const { dims } = messageType("SparseTensorProto").decode(proto) as unknown as { dims: unknown[] };
  const shape = dims.map(Number);
  if (!valuesProto) throw new ModelFormatError("a sparse tensor has no values.");
  if (more.length + others.length > 0) throw new ModelFormatError("a sparse tensor has values or indices twice.");
  const { name, tensor: values, stored } = importTensor(valuesProto, payloads);
  if (!shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
    throw new ModelFormatError(`sparse tensor '${name}': its shape [${shape}] is none.`);
  }
  const size = sizeOf(shape);
  if (!(size <= MOST_ELEMENTS)) {
    throw new ModelFormatError(
      `sparse tensor '${name}': its shape [${shape}] has more than ${MOST_ELEMENTS} elements.`,
    );
  }
  const indices = indicesProto ? importTensor(indicesProto, payloads).tensor : undefined;
  let cells: Cells | undefined;
  const tensor: Tensor = {
    type: values.type,
    dims: shape,
    size,
    read(start, into) {
      const { places, numbers } = cells ??= cellsOf(name, shape, values, indices);
      into.fill(0);
      for (let at = firstFrom(places, start); places[at] < start + into.length; at++) {
        into[places[at] - start] = numbers[at];
      }
    },
    bound: () => measuredBound(tensor),
  };
  return { name, tensor, stored };
}

/** What a sparse tensor has, in the order of its places. */
interface Cells {
  readonly places: Float64Array;
  readonly numbers: Float64Array;
}

/** Throws a {@link ModelFormatError} for indices that are not of its values, or outside the shape. */
function cellsOf(name: string, shape: readonly number[], values: Tensor, indices: Tensor | undefined): Cells {
  const count = values.size, rank = shape.length, width = indices?.dims.length === 2 ? rank : 1;
  if (count === 0) return { places: new Float64Array(), numbers: new Float64Array() };
  if (!indices || !/^int/.test(indices.type) || indices.size !== count * width || indices.dims[0] !== count) {
    const found = indices ? `${indices.type} [${indices.dims}]` : "not there";
    throw new ModelFormatError(
      `sparse tensor '${name}': its indices are ${found}, expected int64 [${count}] or [${count},${rank}].`,
    );
  }
  const at = valuesOf(indices), size = sizeOf(shape), numbers = valuesOf(values);
  const within = indices.dims.length === 2 ? shape : [size];
  const places = numbers.map((_, i) => {
    const index = at.subarray(i * width, (i + 1) * width);
    if (index.every((place, axis) => place >= 0 && place < within[axis])) {
      return index.reduce((sum, place, axis) => sum * within[axis] + place, 0);
    }
    throw new ModelFormatError(`sparse tensor '${name}': index ${index} is outside its shape [${shape}].`);
  });
  const order = Uint32Array.from(places, (_, i) => i).sort((a, b) => places[a] - places[b] || a - b); // the last of a place counts
  return { places: Float64Array.from(order, (i) => places[i]), numbers: Float64Array.from(order, (i) => numbers[i]) };
}

/** The first of sorted numbers that is not below another one. */
function firstFrom(sorted: Float64Array, least: number): number {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
