import type { Choices } from "../choices.ts";
import { type Draft, sizeOf, type Wire } from "../draft.ts";
import type { Step } from "./layers.ts";

export const transpose: Step = (draft, x, choices) => {
  const order = x.dims.map((_, axis) => axis);
  // the batch mostly stays first
  const from = choices.once(5) ? 0 : 1;
  for (let axis = order.length - 1; axis > from; axis--) {
    const other = from + choices.below(axis - from + 1);
    [order[axis], order[other]] = [order[other], order[axis]];
  }
  const perm = choices.once(8) ? undefined : order;
  const used = perm ?? x.dims.map((_, axis) => x.dims.length - 1 - axis);
  return draft.node("Transpose", [x.name], used.map((axis) => x.dims[axis]), { perm });
};

/** A target shape of the same size: channel shuffle's split, merged axes, or anything that fits. */
function target(x: Wire, choices: Choices): number[] | undefined {
  const [n, c, ...rest] = x.dims;
  if (c === undefined) return undefined;
  const group = choices.pick([2, 3]);
  switch (choices.below(5)) {
    case 0:
      return [n, sizeOf(x.dims) / n];
    case 1:
      return rest.length > 0 ? [n, c, sizeOf(rest)] : undefined;
    case 2:
      return c % group === 0 && rest.length < 3 ? [n, group, c / group, ...rest] : undefined;
    case 3:
      return rest.length > 0 ? [n, c * rest[0], ...rest.slice(1)] : [n, c, 1, 1];
    default: {
      const last = x.dims[x.dims.length - 1];
      return last % group === 0 && x.dims.length < 5 ? [...x.dims.slice(0, -1), last / group, group] : undefined;
    }
  }
}

/** The sizes as exporters write `x.view(x.size(0), -1, 4)`: those of an axis of x are asked of x at every run. */
function computed(draft: Draft, x: Wire, dims: readonly number[], choices: Choices): string {
  const open = choices.once(3) ? choices.below(dims.length) : -1;
  const parts = dims.map((dim, at) => {
    const axis = x.dims[at] === dim ? at : x.dims.indexOf(dim);
    if (at === open || axis < 0 || axis > 0 && choices.once(2)) return draft.integers([at === open ? -1 : dim]);
    const sizes = draft.hidden("Shape", [x.name]);
    const size = draft.hidden("Gather", [sizes, draft.integers([axis], [])], { axis: 0 });
    return draft.hidden("Unsqueeze", [size, draft.integers([0])]);
  });
  return draft.hidden("Concat", parts, { axis: 0 });
}

export const view: Step = (draft, x, choices) => {
  const dims = draft.opset < 13 ? undefined : target(x, choices);
  return dims && draft.node("Reshape", [x.name, computed(draft, x, dims, choices)], dims);
};

/** x beside its largest entries along an axis, which are expanded as `x - x.amax(1, True).expand_as(x)` is written. */
export const expanded: Step = (draft, x, choices) => {
  if (draft.opset < 8) return undefined;
  const axis = choices.below(x.dims.length), dims = x.dims.map((dim, at) => at === axis ? 1 : dim);
  const most = draft.opset < 18
    ? draft.node("ReduceMax", [x.name], dims, { axes: [axis], keepdims: 1 })
    : draft.node("ReduceMax", [x.name, draft.integers([axis])], dims, { keepdims: 1 });
  if (!most) return undefined;
  const sizes = choices.once(2) ? draft.integers(x.dims) : draft.hidden("Shape", [x.name]);
  const wide = draft.node("Expand", [most.name, sizes], x.dims);
  return wide && draft.node("Sub", choices.once(3) ? [wide.name, x.name] : [x.name, wide.name], x.dims);
};

export const reshape: Step = (draft, x, choices) => {
  const dims = target(x, choices);
  if (!dims) return undefined;
  const shape = dims.map((dim, axis) => dim === x.dims[axis] && choices.once(2) ? 0 : dim);
  if (choices.once(3)) shape[choices.below(shape.length)] = -1;
  return draft.node("Reshape", [x.name, draft.integers(shape)], dims);
};

/** Reshape, Transpose, Reshape as ShuffleNet's channel shuffle. */
export const channelShuffle: Step = (draft, x, choices) => {
  const [n, c, ...rest] = x.dims, groups = choices.pick([2, 3]);
  if (rest.length !== 2 || c % groups !== 0) return undefined;
  const split = draft.node("Reshape", [x.name, draft.integers([n, groups, c / groups, ...rest])], [
    n,
    groups,
    c / groups,
    ...rest,
  ]);
  const turned = split &&
    draft.node("Transpose", [split.name], [n, c / groups, groups, ...rest], { perm: [0, 2, 1, 3, 4] });
  return turned && draft.node("Reshape", [turned.name, draft.integers([n, -1, ...rest])], x.dims);
};

export const flatten: Step = (draft, x, choices) => {
  const rank = x.dims.length;
  const axis = choices.once(4) ? choices.below(rank + 1) : 1;
  const dims = [sizeOf(x.dims.slice(0, axis)), sizeOf(x.dims.slice(axis))];
  return draft.node("Flatten", [x.name], dims, { axis: axis === 1 && choices.once(2) ? undefined : axis });
};

function withAxes(draft: Draft, op: string, x: Wire, axes: number[], dims: number[]): Wire | undefined {
  return draft.opset < 13
    ? draft.node(op, [x.name], dims, { axes })
    : draft.node(op, [x.name, draft.integers(axes)], dims);
}

export const squeeze: Step = (draft, x, choices) => {
  const ones = x.dims.flatMap((dim, axis) => dim === 1 && axis > 0 ? [axis] : []);
  if (ones.length === 0) return undefined;
  if (choices.once(4)) return draft.node("Squeeze", [x.name], x.dims.filter((dim) => dim !== 1));
  const axes = ones.slice(0, 1 + choices.below(ones.length));
  const negative = draft.opset >= 11 && choices.once(2);
  return withAxes(
    draft,
    "Squeeze",
    x,
    axes.map((axis) => negative ? axis - x.dims.length : axis),
    x.dims.filter((_, axis) => !axes.includes(axis)),
  );
};

export const unsqueeze: Step = (draft, x, choices) => {
  const rank = x.dims.length + 1;
  if (rank > 5) return undefined;
  const axis = choices.pick([rank - 1, 1 + choices.below(rank - 1)]);
  const dims = [...x.dims.slice(0, axis), 1, ...x.dims.slice(axis)];
  return withAxes(draft, "Unsqueeze", x, [draft.opset >= 11 && choices.once(3) ? axis - rank : axis], dims);
};

/** What is more than an Identity by its name only, and here and there a little more. */
export const nothing: Step = (draft, x, choices) => {
  const [, channels, ...spatial] = x.dims;
  const one = choices.once(5) ? 2 : 1;
  switch (choices.below(4)) {
    case 0: {
      if (spatial.length === 0 || spatial.length > 2) return undefined;
      const kernel_shape = spatial.map((_, axis) => axis === 0 ? 1 : one),
        op = choices.pick(["AveragePool", "MaxPool"]);
      const dims = x.dims.map((dim, axis) => axis > 2 ? dim - one + 1 : dim);
      return draft.node(op, [x.name], dims, { kernel_shape });
    }
    case 1: {
      if (channels === undefined) return undefined;
      const all = Array.from({ length: channels }, (_, at) => one === 1 ? at : channels - 1 - at);
      return draft.node("Gather", [x.name, draft.integers(all)], x.dims, { axis: 1 });
    }
    case 2:
      return draft.node("LeakyRelu", [x.name], x.dims, { alpha: { float: one } });
    default: {
      const axis = x.dims.lastIndexOf(1);
      if (axis < 0 || draft.opset >= 18) return undefined;
      return draft.node(choices.pick(["ReduceMax", "ReduceMean"]), [x.name], x.dims, { axes: [axis] });
    }
  }
};

export const identity: Step = (draft, x, choices) => {
  if (choices.once(2)) return draft.node("Identity", [x.name], x.dims);
  if (draft.opset < 12) return draft.node("Dropout", [x.name], x.dims, { ratio: { float: 0.3 } });
  const ratio = choices.once(2) ? [draft.constant(choices, { dims: [], values: [0.3] })] : [];
  return draft.node("Dropout", [x.name, ...ratio], x.dims);
};

/** Concat with another value that fits, or with itself. */
export const concat: Step = (draft, x, choices) => {
  const axis = choices.pick([Math.min(1, x.dims.length - 1), choices.below(x.dims.length)]);
  const fits = draft.wires.filter(({ name, dims }) =>
    name !== x.name && dims.length === x.dims.length && dims.every((dim, at) => at === axis || dim === x.dims[at])
  );
  const parts = [x, ...fits.length > 0 ? [fits[fits.length - 1 - choices.below(fits.length)]] : [x]];
  if (choices.once(2)) parts.reverse();
  const dims = x.dims.map((dim, at) => at === axis ? parts.reduce((sum, part) => sum + part.dims[at], 0) : dim);
  const given = draft.opset >= 11 && choices.once(4) ? axis - x.dims.length : axis;
  return draft.node("Concat", parts.map(({ name }) => name), dims, { axis: given });
};

/** Split in two or three; the step goes on with the first part, later steps may take the others. */
export const split: Step = (draft, x, choices) => {
  const axis = choices.pick([Math.min(1, x.dims.length - 1), choices.below(x.dims.length)]), length = x.dims[axis];
  if (length < 2) return undefined;
  const even = length % 2 === 0 && choices.once(2);
  const sizes = even ? [length / 2, length / 2] : length > 2 && choices.once(2) ? [1, 1, length - 2] : [1, length - 1];
  const shapes = sizes.map((size) => x.dims.map((dim, at) => at === axis ? size : dim));
  const given = !even || choices.once(2);
  if (draft.opset >= 11 && choices.once(4)) {
    const lengths = even && !given ? draft.integers([length / 2], []) : draft.integers(sizes);
    const sequence = draft.hidden("SplitToSequence", [x.name, lengths], { axis }), taken = choices.below(sizes.length);
    if (choices.once(2)) draft.node("SequenceAt", [sequence, draft.integers([-sizes.length], [])], shapes[0]);
    return draft.node("SequenceAt", [sequence, draft.integers([taken], [])], shapes[taken]);
  }
  if (draft.opset < 13) return draft.nodeOf("Split", [x.name], shapes, { axis, split: given ? sizes : undefined })?.[0];
  const inputs = given ? [x.name, draft.integers(sizes)] : [x.name];
  return draft.nodeOf("Split", inputs, shapes, {
    axis,
    num_outputs: draft.opset >= 18 && !given ? sizes.length : undefined,
  })?.[0];
};
