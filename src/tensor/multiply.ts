import { limitDepth } from "./depth.ts";
import { exactText, expressed } from "./expression.ts";
import { sizeOf, type Tensor } from "./tensor.ts";
import { multiplyBy, scaleBy } from "./unrolled.ts";

/** A small array that broadcasts over a tensor: `dims` has the tensor's rank, each entry 1 or the tensor's own. */
export interface Factor {
  /** Shape, as long as that of the view it multiplies. */
  readonly dims: readonly number[];
  /** Values, row-major. */
  readonly values: Float64Array;
}

/** One loop of the walk over a tensor: `size` steps, each moving `stride` in the factor. */
interface Loop {
  size: number;
  stride: number;
}

/** Loops from outermost to innermost, neighbours merged where the factor moves through them evenly. */
function loopsOf(dims: readonly number[], factor: readonly number[]): Loop[] {
  const loops: Loop[] = [];
  let stride = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    const size = dims[axis];
    const step = factor[axis] === 1 ? 0 : stride;
    stride *= factor[axis];
    if (size === 1) continue;
    const inner = loops[0];
    if (inner && (step === 0 ? inner.stride === 0 : inner.stride * inner.size === step && inner.stride > 0)) {
      inner.size *= size;
    } else loops.unshift({ size, stride: step });
  }
  return loops.length > 0 ? loops : [{ size: 1, stride: 0 }];
}

/**
 * The tensor times a factor that broadcasts over it, in float64. `view` is the shape to see the tensor in (any shape of
 * the same size; the tensor's own by default), so that a grouped axis can be taken apart.
 */
export function multiplied(tensor: Tensor, factor: Factor, view: readonly number[] = tensor.dims): Tensor {
  if (sizeOf(view) !== tensor.size || view.length !== factor.dims.length) {
    throw new RangeError(`a factor of shape [${factor.dims}] does not broadcast over [${view}]`);
  }
  view.forEach((dim, axis) => {
    if (factor.dims[axis] !== 1 && factor.dims[axis] !== dim) {
      throw new RangeError(`a factor of shape [${factor.dims}] does not broadcast over [${view}]`);
    }
  });
  const loops = loopsOf(view, factor.dims);
  const inner = loops[loops.length - 1], outer = loops.slice(0, -1);
  const { values } = factor;
  let bound: number | undefined;
  const product: Tensor = {
    type: tensor.type,
    dims: tensor.dims,
    size: tensor.size,
    read(start, into) {
      tensor.read(start, into);
      let row = Math.floor(start / inner.size), from = start % inner.size;
      for (let at = 0; at < into.length; row++, from = 0) {
        let base = 0;
        for (let rest = row, axis = outer.length - 1; axis >= 0; axis--) {
          base += (rest % outer[axis].size) * outer[axis].stride;
          rest = Math.floor(rest / outer[axis].size);
        }
        const end = Math.min(into.length, at + inner.size - from);
        if (inner.stride === 0) scaleBy(into, at, end, values[base]);
        else multiplyBy(into, at, end, values, base + from);
        at = end;
      }
    },
    bound: () => bound ??= tensor.bound() * values.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
  };
  return limitDepth(
    expressed(product, "multiply", [tensor], () => `${view}|${factor.dims}|${exactText(values)}`),
    [tensor],
  );
}
