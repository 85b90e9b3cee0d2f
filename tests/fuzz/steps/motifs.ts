/** Sequences that networks have and single steps seldom make. */
import type { Choices } from "../choices.ts";
import type { Draft, Wire } from "../draft.ts";
import { activation, batchNormalization, elementwise } from "./affines.ts";
import { parallelConvolutions, parallelLinear, residualBlock } from "./branches.ts";
import { affine, anyOf, chain, widenedTo } from "./chains.ts";
import {
  conv,
  convOf,
  convTranspose,
  depthwise,
  gemm,
  layerWeight,
  matmul,
  pointwise,
  square,
  type Step,
} from "./layers.ts";
import { averagePool, globalPool, pad, pool, poolOf, resize } from "./pools.ts";
import { channelShuffle, concat, flatten, split, transpose } from "./shapes.ts";

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
const widened = widenedTo(20);

export const upsampling: Step = chain(anyOf(affine, pointwise, widened, widened), resize, anyOf(pointwise, affine));
/** A convolution wide enough to be worth composing with the average pool behind it. */
export const pooledConvolution: Step = chain(
  widened,
  (draft, x, choices) =>
    x.dims.length === 4 ? convOf(draft, x, choices, square(2, 3, 1), choices.pick([4, 6])) : undefined,
  averagePool,
);

/** A convolution wide enough to be split where what it takes repeats cells. */
export const upsampledConvolution: Step = chain(
  widenedTo(40),
  resize,
  (draft, x, choices) =>
    x.dims.length === 4 ? convOf(draft, x, choices, square(2, 7, 3), choices.pick([3, 5])) : undefined,
  anyOf(affine, activation),
);

/** One position of what layers, sums and activations make of all, or several. */
export const takenPositions: Step = (draft, x, choices) => {
  const y = chain(matmul, anyOf(affine, activation, transpose, matmul), anyOf(residualBlock, elementwise, activation))(
    draft,
    x,
    choices,
  );
  if (!y || y.dims.length < 2) return y;
  const axis = choices.below(y.dims.length), length = y.dims[axis], isOne = choices.once(2);
  const index = choices.below(length) - (choices.once(2) ? length : 0);
  const dims = isOne ? y.dims.toSpliced(axis, 1) : y.dims.with(axis, 2);
  const picks = draft.integers(isOne ? [index] : [index, choices.below(length)], isOne ? [] : [2]);
  return draft.node("Gather", [y.name, picks], dims, { axis });
};

/** Entries of both axes of a product that is large enough for another kernel. */
const LONG = 60;

/**
 * A product with itself, or with a function of itself, over the last axis, the axes of the result in any order. At times with so
 * many entries that it is worth another kernel.
 */
export const contraction: Step = (draft, given, choices) => {
  const rank = given.dims.length;
  if (draft.opset < 12 || rank < 2 || rank > 4) return undefined;
  const times = given.dims.map((dim, axis) => axis < rank - 2 ? 1 : Math.ceil(LONG / dim));
  const long = choices.once(2)
    ? draft.node("Tile", [given.name, draft.integers(times)], given.dims.map((dim, axis) => dim * times[axis]))
    : undefined;
  const x = long ?? given, other = choices.once(2) ? draft.node("Relu", [x.name], x.dims) ?? x : x;
  const batch = "abc".slice(0, rank - 2), last = choices.pick(["mn", "nm"]), isFirst = choices.once(2);
  const dims = x.dims.with(-1, x.dims[rank - 2]), result = isFirst ? last + batch : batch + last;
  const shape = isFirst ? [...dims.slice(-2), ...dims.slice(0, -2)] : dims;
  return draft.node("Einsum", [x.name, other.name], shape, { equation: `${batch}mk,${batch}nk->${result}` });
};

/** A transposed convolution that keeps the size of a map, of enough channels for another kernel. */
export const wideTransposed: Step = (draft, x, choices) => {
  const wide = x.dims.length === 4 ? convOf(draft, x, choices, square(2, 1), 24) : undefined;
  if (!wide) return undefined;
  const weight = layerWeight(draft, choices, [24, 24, 3, 3], 216), attributes = { pads: [1, 1, 1, 1] };
  const y = draft.node("ConvTranspose", [wide.name, weight], wide.dims, attributes);
  return y && convOf(draft, y, choices, square(2, 1), 4);
};

/** An expectation over channels. */
export const expectation: Step = (draft, x, choices) => {
  if (x.dims.length < 3 || x.dims.length > 5 || draft.opset < 13) return undefined;
  const shares = draft.node("Softmax", [x.name], x.dims, { axis: choices.pick([1, 1 - x.dims.length, 2]) });
  return shares && convOf(draft, shares, choices, square(x.dims.length - 2, 1), choices.pick([1, 2]));
};

/** An enlarged map of the size that another one has. */
const enlargedAs = (draft: Draft, x: Wire, like: Wire, choices: Choices): Wire | undefined => {
  if (draft.opset < 13) return undefined;
  const cut = ({ name }: Wire, from: number, to: number) =>
    draft.hidden("Slice", [draft.hidden("Shape", [name]), draft.integers([from]), draft.integers([to])]);
  const sizes = draft.hidden("Concat", [cut(x, 0, 2), cut(like, 2, 4)], { axis: 0 });
  const dims = [...x.dims.slice(0, 2), ...like.dims.slice(2)];
  return draft.node("Resize", [x.name, "", "", sizes], dims, { mode: choices.pick(["nearest", "linear"]) });
};

/** A convolution of an enlarged map and another one. */
export const enlargedJoin: Step = (draft, x, choices) => {
  if (x.dims.length !== 4) return undefined;
  const small = convOf(draft, x, choices, square(2, 1), 40), large = small && resize(draft, small, choices);
  if (!large || large === small) return undefined;
  const wide = convOf(draft, large, choices, square(2, 1), choices.pick([4, 8])),
    other = wide && activation(draft, wide, choices);
  if (!other) return undefined;
  const again = choices.pick([
    () => large,
    () => resize(draft, small, choices),
    () => enlargedAs(draft, small, other, choices),
  ]);
  const enlarged = again() ?? large;
  if (enlarged.dims.slice(2).join() !== other.dims.slice(2).join()) return undefined;
  const parts = choices.once(2) ? [enlarged, other] : [other, enlarged];
  const dims = other.dims.with(1, enlarged.dims[1] + other.dims[1]);
  const joined = draft.node("Concat", parts.map(({ name }) => name), dims, { axis: 1 });
  if (!joined) return undefined;
  return choices.once(3)
    ? convOf(draft, joined, choices, square(2, 7, 3), choices.pick([3, 5]))
    : convOf(draft, joined, choices, square(2, 1), choices.pick([16, 32, 64]));
};

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

/** Fewer cells at the ends of what a layer makes, as causal convolutions are written. */
export const trimmedLayer: Step = (draft, x, choices) => {
  const rank = x.dims.length - 2;
  if (rank < 1 || rank > 3 || draft.opset < 10) return undefined;
  const stride = choices.pick([1, 1, 2]), axis = 2 + choices.below(rank), begin = choices.below(2);
  const y = choices.once(3)
    ? convTranspose(draft, x, choices)
    : convOf(draft, x, choices, square(rank, 3, 2, stride), choices.pick([2, 4]));
  const end = choices.pick([0, 1, 2, 4]), left = (y?.dims[axis] ?? 0) - begin - end;
  if (!y || left < 1) return undefined;
  const inputs = [[begin], [end > 0 ? -end : 2 ** 31 - 1], [axis]].map((values) => draft.integers(values));
  return draft.node("Slice", [y.name, ...inputs], y.dims.with(axis, left));
};

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
