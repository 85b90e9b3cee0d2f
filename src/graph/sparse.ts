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
  const [valuesProto] = contentsOf(wire, 1), [indicesProto] = contentsOf(wire, 2);
  const { dims } = messageType("SparseTensorProto").decode(proto) as unknown as { dims: unknown[] };
  const shape = dims.map(Number);
  if (!valuesProto) throw new ModelFormatError("a sparse tensor has no values.");
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

/** Throws a {@link ModelFormatError} for an index outside the shape. */
function cellsOf(name: string, shape: readonly number[], values: Tensor, indices: Tensor | undefined): Cells {
  if (!indices || values.size === 0) return { places: new Float64Array(), numbers: new Float64Array() };
  const at = valuesOf(indices), rank = shape.length, size = sizeOf(shape), numbers = valuesOf(values);
  const places = numbers.map((_, i) => {
    const place = indices.dims.length === 1
      ? at[i]
      : shape.reduce((sum, dim, axis) => sum * dim + at[i * rank + axis], 0);
    if (place >= 0 && place < size) return place;
    throw new ModelFormatError(`sparse tensor '${name}': index ${place} is outside its shape [${shape}].`);
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
