import { ModelFormatError } from "../io/errors.ts";
import type { Payload } from "../proto/skeleton.ts";
import { contentsOf, wireFields } from "../proto/wire.ts";
import { messageType } from "../proto/schema.ts";
import { computedTensor, sizeOf, type Tensor, valuesOf } from "../tensor/tensor.ts";
import { importTensor } from "./tensor_proto.ts";

/** Larger ones are refused: a few bytes must not ask for gigabytes. */
const MOST_ELEMENTS = 2 ** 25;

/** Reads a SparseTensorProto as the dense tensor it stands for; it is filled in when it is first read. */
export function importSparse(proto: Uint8Array, payloads: readonly Payload[]): { name: string; tensor: Tensor } {
  const wire = wireFields(proto);
  const [valuesProto] = contentsOf(wire, 1), [indicesProto] = contentsOf(wire, 2);
  const { dims } = messageType("SparseTensorProto").decode(proto) as unknown as { dims: unknown[] };
  const shape = dims.map(Number);
  if (!valuesProto) throw new ModelFormatError("a sparse tensor has no values.");
  const { name, tensor: values } = importTensor(valuesProto, payloads);
  if (!shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
    throw new ModelFormatError(`sparse tensor '${name}': its shape [${shape}] is none.`);
  }
  if (!(sizeOf(shape) <= MOST_ELEMENTS)) {
    throw new ModelFormatError(
      `sparse tensor '${name}': its shape [${shape}] has more than ${MOST_ELEMENTS} elements.`,
    );
  }
  const indices = indicesProto ? importTensor(indicesProto, payloads).tensor : undefined;
  const compute = () => {
    const dense = new Float64Array(sizeOf(shape));
    if (!indices || values.size === 0) return dense;
    const at = valuesOf(indices), rank = shape.length;
    valuesOf(values).forEach((value, i) => {
      const linear = indices.dims.length === 1
        ? at[i]
        : shape.reduce((sum, dim, axis) => sum * dim + at[i * rank + axis], 0);
      if (!(linear >= 0 && linear < dense.length)) {
        throw new ModelFormatError(`sparse tensor '${name}': index ${linear} is outside its shape [${shape}].`);
      }
      dense[linear] = value;
    });
    return dense;
  };
  return { name, tensor: computedTensor(values.type, shape, compute) };
}
