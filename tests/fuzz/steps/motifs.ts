/** Sequences that networks have and single steps seldom make. */
import type { Choices } from "../choices.ts";
import type { Draft, Wire } from "../draft.ts";
import { activation, batchNormalization, elementwise } from "./affines.ts";
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

/** So many channels, by a 1×1 convolution. */
const widenedTo = (channels: number): Step => (draft, x, choices) => {
  if (x.dims.length !== 4) return undefined;
  const wide = convOf(draft, x, choices, square(2, 1), channels);
  return wide && draft.node("Relu", [wide.name], wide.dims);
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

/** A convolution, at times a large one, and an activation with a slope per channel. */
export const sloped: Step = (draft, given, choices) => {
  if (given.dims.length !== 4) return undefined;
  const wide = choices.once(2) ? widenedTo(24)(draft, given, choices) : undefined, x = wide ?? given;
  const made = convOf(
    draft,
    x,
    choices,
    square(2, wide ? 3 : choices.pick([1, 3])),
    choices.pick(wide ? [24] : [4, 6]),
  );
  const slopes = made && draft.constant(choices, draft.values([made.dims[1], 1, 1], 0.1, choices.pick([0.9, 1.5])));
  return slopes ? draft.node("PRelu", [made.name, slopes], made.dims) : undefined;
};

/** A shift in front of padding: no layer takes it, and on blocks it is a BatchNormalization. */
export const shiftedImage: Step = (draft, x, choices) => {
  const wide = x.dims.length === 4 ? convOf(draft, x, choices, square(2, 1), 8) : undefined;
  const active = wide && draft.node("Relu", [wide.name], wide.dims);
  if (!active) return undefined;
  const shift = draft.constant(choices, draft.values([8, 1, 1], 0.1, 0.6));
  const shifted = draft.node("Add", [active.name, shift], active.dims);
  return shifted && convOf(draft, shifted, choices, square(2, 3), choices.pick([2, 4]));
};

/** A convolution with a bound written as an extreme, or a mean written as a reduction. */
export const boundedImage: Step = (draft, x, choices) => {
  const made = x.dims.length === 4 && draft.opset >= 8 ? convOf(draft, x, choices, square(2, 3), 8) : undefined;
  if (!made) return undefined;
  if (choices.once(2)) return draft.node(choices.pick(["Max", "Min"]), [made.name, draft.number(0.25)], made.dims);
  const keepdims = choices.below(2), dims = [...made.dims.slice(0, 2), ...keepdims ? [1, 1] : []];
  if (draft.opset >= 18) return draft.node("ReduceMean", [made.name, draft.integers([2, 3])], dims, { keepdims });
  return draft.node("ReduceMean", [made.name], dims, { keepdims, axes: [2, 3] });
};

/** Two convolutions on blocks and a shortcut, added in any order. */
export const branchesAndShortcut: Step = (draft, x, choices) => {
  const wide = x.dims.length === 4 ? convOf(draft, x, choices, square(2, 1), 8) : undefined;
  const start = wide && activation(draft, wide, choices);
  const branch = (from?: Wire) => from && convOf(draft, from, choices, square(2, 3, 1), 8);
  const a = branch(start), b = branch(start && draft.node("Sigmoid", [start.name], start.dims)); // else the two are one
  const inner = a && b && draft.node("Add", [a.name, b.name], a.dims);
  const normal = inner && choices.once(2) ? batchNormalization(draft, inner, choices) ?? inner : inner;
  if (!normal || normal.dims.join() !== start!.dims.join()) return undefined;
  const sum = draft.node("Add", choices.once(2) ? [normal.name, start!.name] : [start!.name, normal.name], normal.dims);
  return sum && choices.once(2) ? activation(draft, sum, choices) : sum;
};

/** A factor of a 3-D convolution, along time or of each frame, in whole blocks of channels. */
export const clips: Step = (draft, x, choices) => {
  if (x.dims.length !== 5) return undefined;
  const wide = convOf(draft, x, choices, square(3, 1), 16), isTime = choices.once(2);
  const active = wide && draft.node("Relu", [wide.name], wide.dims);
  const each = (time: number, image: number, pads = false) =>
    pads ? [time, image, image, time, image, image] : [time, image, image];
  const geometry = {
    ...square(3, 1),
    kernel: isTime ? each(3, 1) : each(1, 3),
    pads: isTime ? each(1, 0, true) : each(0, 1, true),
    strides: choices.once(2) ? each(1, 1) : isTime ? each(2, 1) : each(1, 2),
  };
  const factor = active && convOf(draft, active, choices, geometry, 16);
  return factor && (choices.once(2) ? activation(draft, factor, choices) : undefined) || factor;
};

/** Depthwise convolutions on lines with something between: in 2-D the runtime is faster at them. */
export const lines: Step = (draft, x, choices) => {
  if (x.dims.length !== 3) return undefined;
  const deep: Step = (draft, x, choices) => convOf(draft, x, choices, square(1, 3), x.dims[1], x.dims[1]);
  return chain(deep, anyOf(activation, affine, pool, concat, (draft, y) => draft.node("Relu", [y.name], y.dims)), deep)(
    draft,
    x,
    choices,
  );
};

/** A value and a scaled or shifted copy of it, added or subtracted. */
export const scaledCopy: Step = (draft, x, choices) => {
  const base = choices.once(2) ? affine(draft, x, choices) ?? x : x;
  const constant = draft.constant(choices, draft.values(choices.pick([[], [base.dims.at(-1) ?? 1]]), 0.1, 0.6));
  if (draft.opset < 7) return undefined;
  const copy = draft.node(choices.pick(["Mul", "Mul", "Add"]), [base.name, constant], base.dims);
  if (!copy || copy.dims.length !== base.dims.length) return undefined;
  const inputs = [copy.name, base.name];
  return draft.node(choices.pick(["Add", "Sub", "Add"]), choices.once(2) ? inputs : inputs.reverse(), base.dims);
};

/** A value times a function of it, with an affine before or behind: squeeze-and-excitation without its layers. */
export const gated: Step = (draft, x, choices) => {
  if (x.dims.length < 2) return undefined;
  const from = choices.once(2) ? anyOf(conv, gemm, matmul)(draft, x, choices) ?? x : affine(draft, x, choices) ?? x;
  const gate = draft.node("Sigmoid", [x.name], x.dims);
  if (!gate || gate.dims.join() !== from.dims.join() || draft.opset < 7) return undefined;
  const product = draft.node("Mul", choices.once(2) ? [from.name, gate.name] : [gate.name, from.name], from.dims);
  return product && (anyOf(affine, conv, gemm, matmul)(draft, product, choices) ?? product);
};

/** Two parts of the channels of a layer, each with an affine, joined again; now and then they overlap. */
export const slicedChannels: Step = (draft, x, choices) => {
  if (x.dims.length < 3 || x.dims.length > 5) return undefined;
  const wide = convOf(draft, x, choices, square(x.dims.length - 2, 1), 6);
  if (!wide || wide.dims[1] < 2) return undefined;
  const length = wide.dims[1], cut = 1 + choices.below(length - 1), from = choices.once(5) ? cut - 1 : cut;
  const part = (start: number, end: number): Wire | undefined => {
    const dims = wide.dims.map((dim, axis) => axis === 1 ? end - start : dim);
    const sliced = draft.opset < 10
      ? draft.node("Slice", [wide.name], dims, { starts: [start], ends: [end], axes: [1] })
      : draft.node("Slice", [wide.name, ...[[start], [end], [1]].map((values) => draft.integers(values))], dims);
    return sliced && (affine(draft, sliced, choices) ?? sliced);
  };
  const parts = [part(0, cut), part(from, length)];
  if (!parts.every((made) => made?.dims.length === x.dims.length && made.dims[0] === x.dims[0])) return undefined;
  const [a, b] = parts as Wire[];
  if (a.dims.slice(2).join() !== b.dims.slice(2).join()) return undefined;
  return draft.node("Concat", [a.name, b.name], [a.dims[0], a.dims[1] + b.dims[1], ...a.dims.slice(2)], { axis: 1 });
};

/** A GELU written out by its error function. */
export const writtenGelu: Step = (draft, x) => {
  if (draft.opset < 9) return undefined;
  const scaled = draft.node("Div", [x.name, draft.number(Math.SQRT2)], x.dims);
  const erf = scaled && draft.node("Erf", [scaled.name], x.dims);
  const sum = erf && draft.node("Add", [erf.name, draft.number(1)], x.dims);
  const product = sum && draft.node("Mul", [x.name, sum.name], x.dims);
  return product && draft.node("Mul", [product.name, draft.number(0.5)], x.dims);
};

/** A hard sigmoid written out by a clip, now and then times its input. */
export const writtenHardSigmoid: Step = (draft, x, choices) => {
  if (draft.opset < 11) return undefined;
  const shifted = draft.node("Add", [x.name, draft.number(3)], x.dims);
  const clipped = shifted && draft.node("Clip", [shifted.name, draft.number(0), draft.number(6)], x.dims);
  const gate = clipped && draft.node("Div", [clipped.name, draft.number(6)], x.dims);
  return gate && choices.once(2) ? draft.node("Mul", [x.name, gate.name], x.dims) : gate;
};

/** The difference of a value and its average, with affine maps around it: how PoolFormer mixes tokens. */
export const mixed: Step = (draft, x, choices) => {
  const rank = x.dims.length - 2, value = affine(draft, x, choices) ?? x;
  if (rank < 1 || rank > 3 || draft.opset < 7) return undefined;
  const y = choices.once(3) ? affine(draft, value, choices) ?? value : value;
  const mean = poolOf(draft, y, choices, "AveragePool", square(rank, 3), false, choices.once(3));
  if (!mean || y.dims.length !== x.dims.length || mean.dims.join() !== y.dims.join()) return undefined;
  const names = [mean.name, y.name], difference = draft.node("Sub", choices.once(2) ? names.reverse() : names, y.dims);
  return difference && (affine(draft, difference, choices) ?? difference);
};

/** Enough positions, and elements of enough channels at them, for a layer to be done in parts. */
const WIDE = 14, MANY = 1 << 15;

/** A wide convolution of a large map and an activation, whose channels are cut into two parts, each with something behind it. */
export const parted: Step = (draft, x, choices) => {
  const [n, channels, ...spatial] = x.dims;
  if (spatial.length !== 2 || draft.opset < 7) return undefined;
  const times = spatial.map((size) => Math.ceil(WIDE / size)), large = spatial.map((size, at) => size * times[at]);
  const tiled = draft.node("Tile", [x.name, draft.integers([1, 1, ...times])], [n, channels, ...large]);
  const weight = tiled && layerWeight(draft, choices, [64, channels, 1, 1], channels), most = MANY, axis = 1;
  const named = (op: string, inputs: string[]) => draft.node(op, inputs, [n, 64, ...large], {}, { most });
  const whole = tiled && named("Conv", [tiled.name, weight!]), gate = whole && named("Sigmoid", [whole.name]);
  const active = gate && (choices.once(2) ? gate : named("Mul", [whole.name, gate.name]));
  if (!active) return undefined;
  const split = choices.pick([[32, 32], [16, 48]]), shapes = split.map((length) => [n, length, ...large]);
  const [a, b] =
    (draft.opset < 13
      ? draft.nodeOf("Split", [active.name], shapes, { axis, split }, { most })
      : draft.nodeOf("Split", [active.name, draft.integers(split)], shapes, { axis }, { most })) ?? [];
  if (!a || !b) return undefined;
  const narrow = convOf(draft, a, choices, square(2, 1), choices.pick([4, 6]));
  return narrow && convOf(draft, b, choices, square(2, 1), 3) && narrow;
};
