/**
 * What ONNX Runtime's CPU kernels run in their blocked layout (NCHWc), which keeps 8 or 16 channels of a pixel together: a chain of
 * such operators is not copied in between.
 *
 * @module
 */
import type { Convolution } from "../linear/convolution.ts";
import { Skip } from "../skip.ts";

/** Channels of a block on a machine with AVX-512; 8 elsewhere, so what fits this fits any. */
export const BLOCK = 16;
/** Input channels below which a convolution reads the plain layout. */
export const UNBLOCKED = 8;
/** What more of them must be multiples of. */
const ALIGNED = 4;

/** Why a convolution does not run in the blocked layout on every machine. */
export function whyNotBlocked({ parts: { weight: { dims, type }, group }, label }: Convolution): Skip | undefined {
  const [out, perGroup] = dims;
  if (dims.length !== 4) {
    return new Skip(
      "unsupported-form",
      `${label} has a kernel of ${dims.length - 2} axes: the blocked layout has images only`,
    );
  }
  if (type !== "float32") {
    return new Skip("element-type", `${label} has ${type} weights: the blocked layout is for float32`);
  }
  const fits = group === 1
    ? perGroup < UNBLOCKED || perGroup % ALIGNED === 0
    : out % BLOCK === 0 && (perGroup === 1 ? out === group : perGroup % BLOCK === 0 && (out / group) % BLOCK === 0);
  if (fits) return undefined;
  return new Skip("other-channels", `${label} has ${perGroup} input channels in ${group} groups, which fill no blocks`);
}
