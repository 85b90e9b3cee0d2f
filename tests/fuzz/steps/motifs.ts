/** Sequences that networks have and single steps seldom make. */
import type { Draft, Wire } from "../draft.ts";
import { activation, batchNormalization, elementwise } from "./affines.ts";
import { conv, convOf, depthwise, gemm, matmul, pointwise, square, type Step } from "./layers.ts";
import { parallelConvolutions, parallelLinear, residualBlock } from "./branches.ts";
import { averagePool, globalPool, pad, pool, poolOf, resize } from "./pools.ts";
import { channelShuffle, concat, flatten, split, transpose } from "./shapes.ts";

/** Steps one after the other; those that do not fit are left out. */
function chain(...steps: Step[]): Step {
  return (draft, x, choices) => {
    let last: Wire | undefined;
    for (const step of steps) last = step(draft, last ?? x, choices) ?? last;
    return last;
  };
}

function anyOf(...steps: Step[]): Step {
  return (draft, x, choices) => choices.pick(steps)(draft, x, choices);
}

const affine = anyOf(batchNormalization, elementwise);

/** DenseNet's transition: a 1×1 convolution before an average pool, now and then with the Pad of nothing that exporters leave. */
export const transition: Step = chain(
  anyOf(batchNormalization, (draft, x) => draft.node("Relu", [x.name], x.dims)),
  pointwise,
  (draft, x, choices) => choices.once(2) ? padOfNothing(draft, x) : undefined,
  anyOf(averagePool, globalPool, pool),
);

function padOfNothing(draft: Draft, x: Wire): Wire | undefined {
  const pads = new Array<number>(2 * x.dims.length).fill(0);
  return draft.opset < 11
    ? draft.node("Pad", [x.name], x.dims, { pads })
    : draft.node("Pad", [x.name, draft.integers(pads)], x.dims);
}

/** Several layers of one input side by side, then an affine. */
export const inception: Step = (draft, x, choices) => {
  if (x.dims.length < 3 || x.dims.length > 5) return undefined;
  const branch = () => {
    const made = convOf(draft, x, choices, square(x.dims.length - 2, choices.pick([1, 3])), choices.pick([2, 4, 1]));
    return made && choices.once(3) ? affine(draft, made, choices) ?? made : made;
  };
  const parts = [branch(), branch(), ...choices.once(3) ? [x] : []];
  if (
    parts.some((part) =>
      !part || part.dims.slice(2).join() !== x.dims.slice(2).join() || part.dims.length !== x.dims.length
    )
  ) {
    return undefined;
  }
  const wires = parts as Wire[], channels = wires.reduce((sum, { dims }) => sum + dims[1], 0);
  const joined = draft.node("Concat", wires.map(({ name }) => name), [x.dims[0], channels, ...x.dims.slice(2)], {
    axis: 1,
  });
  return joined && (affine(draft, joined, choices) ?? joined);
};

/** Enough channels for a 1×1 convolution to be worth moving. */
const widened: Step = (draft, x, choices) => {
  if (x.dims.length !== 4) return undefined;
  const wide = convOf(draft, x, choices, square(2, 1), 20);
  return wide && draft.node("Relu", [wide.name], wide.dims);
};

export const upsampling: Step = chain(anyOf(affine, pointwise, widened, widened), resize, anyOf(pointwise, affine));
/** A pool that pads by itself, whether it counts that or not. */
const padded: Step = (draft, x, choices) =>
  x.dims.length < 3 ? undefined : poolOf(
    draft,
    x,
    choices,
    choices.pick(["AveragePool", "MaxPool"]),
    square(x.dims.length - 2, 3, 1),
    false,
    choices.once(2),
  );

export const paddedLayer: Step = chain(pad, anyOf(conv, depthwise, averagePool, padded));

/** A shift before a sum or difference whose result a layer takes. */
export const shiftedJoin: Step = (draft, x, choices) => {
  if (x.dims.length < 3 || x.dims.length > 5) return undefined;
  const constant = draft.constant(
    choices,
    draft.values(choices.pick([[], [x.dims[1], ...x.dims.slice(2).map(() => 1)]]), 0.1, 0.6),
  );
  const shifted = draft.node("Add", [x.name, constant], x.dims), other = draft.node("Relu", [x.name], x.dims);
  if (!shifted || !other) return undefined;
  const inputs = [shifted.name, other.name];
  const sum = draft.node(choices.pick(["Sub", "Add"]), choices.once(2) ? inputs : inputs.reverse(), x.dims);
  return sum && pointwise(draft, sum, choices);
};
/** Two layers side by side, added or subtracted, then an affine that both could take. */
export const joined: Step = chain(anyOf(residualBlock, parallelLinear, parallelConvolutions), affine);
export const carriedDown: Step = chain(
  affine,
  anyOf(activation, pool, flatten, transpose, concat),
  anyOf(conv, gemm, matmul),
);
export const carriedUp: Step = chain(
  anyOf(conv, gemm, matmul),
  anyOf(activation, pool, flatten, transpose, split),
  affine,
);
export const shuffledUnit: Step = chain(conv, channelShuffle, affine, depthwise);
export const classifier: Step = chain(pointwise, globalPool, flatten, anyOf(gemm, matmul), affine);
