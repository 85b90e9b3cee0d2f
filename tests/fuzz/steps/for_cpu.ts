/** Sequences that the rules for the CPU kernels alone look at. */
import type { Wire } from "../draft.ts";
import { activation, batchNormalization } from "./affines.ts";
import { affine, anyOf, chain, widenedTo } from "./chains.ts";
import { convOf, layerWeight, square, type Step } from "./layers.ts";
import { pool } from "./pools.ts";
import { concat } from "./shapes.ts";

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
