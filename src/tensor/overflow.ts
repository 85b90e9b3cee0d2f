import { formatOf, roundsToFinite } from "./element_type.ts";
import { forgetRecent } from "./recent.ts";
import { forEachChunk, type Tensor } from "./tensor.ts";

/**
 * A value of the tensor that its own type cannot hold (it would be written as infinity or is not a number), or undefined
 * when there is none. Elements are read only where the tensor's bound does not settle it. `mayBeInfinite` lets pass what is
 * infinite or not a number by itself: a mask that a model computes.
 */
export function overflowOf(tensor: Tensor, mayBeInfinite: boolean = false): number | undefined {
  if (tensor.bound() <= formatOf(tensor.type).max) return undefined;
  let found: number | undefined;
  forEachChunk(tensor, (values) => {
    found ??= values.find((value) =>
      !roundsToFinite(tensor.type, value) && !(mayBeInfinite && !Number.isFinite(value))
    );
  });
  forgetRecent();
  return found;
}
