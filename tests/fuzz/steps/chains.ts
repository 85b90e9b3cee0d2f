/** Steps made of others. */

import type { Wire } from "../draft.ts";
import { batchNormalization, elementwise } from "./affines.ts";
import { convOf, square, type Step } from "./layers.ts";

/** Steps one after the other; those that do not fit are left out. */
export function chain(...steps: Step[]): Step {
  return (draft, x, choices) => {
    let last: Wire | undefined;
    for (const step of steps) last = step(draft, last ?? x, choices) ?? last;
    return last;
  };
}

/** One of several steps. */
export function anyOf(...steps: Step[]): Step {
  return (draft, x, choices) => choices.pick(steps)(draft, x, choices);
}

/** Any affine map. */
export const affine = anyOf(batchNormalization, elementwise);

/** So many channels, by a 1×1 convolution. */
export const widenedTo = (channels: number): Step => (draft, x, choices) => {
  if (x.dims.length !== 4) return undefined;
  const wide = convOf(draft, x, choices, square(2, 1), channels);
  return wide && draft.node("Relu", [wide.name], wide.dims);
};
