import { formatOf, roundsToFinite } from "./element_type.ts";
import { forgetRecent } from "./recent.ts";
import { forEachChunk, type Tensor } from "./tensor.ts";

/**
 * A value of the tensor that its own type cannot hold (it would be written as infinity or is not a number), or undefined
 * when there is none. Elements are read only where the tensor's bound does not settle it.
 */
export function overflowOf(tensor: Tensor): number | undefined {
  if (tensor.bound() <= formatOf(tensor.type).max) return undefined;
  let found: number | undefined;
  forEachChunk(tensor, (values) => {
    found ??= values.find((value) => !roundsToFinite(tensor.type, value));
  });
  forgetRecent();
  return found;
}
