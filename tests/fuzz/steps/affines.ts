import type { Choices } from "../choices.ts";
import type { Draft, Wire } from "../draft.ts";
import type { Step } from "./layers.ts";

export const batchNormalization: Step = (draft, x, choices) => {
  if (x.dims.length < 2) return undefined;
  const channels = [x.dims[1]];
  const parameters = [
    draft.constant(choices, draft.values(channels, 0.5, 1.5, choices.once(3))),
    draft.constant(choices, draft.values(channels, 0, 0.5)),
    draft.constant(choices, draft.values(channels, 0, 0.5)),
    draft.constant(choices, draft.values(channels, 0.3, 2, false)),
  ];
  return draft.node("BatchNormalization", [x.name, ...parameters], x.dims, {
    epsilon: choices.once(3) ? { float: 1e-3 } : undefined,
    momentum: choices.once(3) ? { float: 0.8 } : undefined,
  }, { named: !choices.once(6) });
};

export const groupNormalization: Step = (draft, x, choices) => {
  if (draft.opset < 21 || x.dims.length < 3) return undefined;
  const channels = [x.dims[1]], gamma = draft.constant(choices, draft.values(channels, 0.5, 1.5));
  const beta = draft.constant(choices, draft.values(channels, 0.05, 0.5));
  const num_groups = choices.pick([1, 2, 3, x.dims[1]].filter((count) => x.dims[1] % count === 0));
  // ε is large: the runtime rounds the mean of squares of its own function, which a group of nearly equal values shows
  return draft.node("GroupNormalization", [x.name, gamma, beta], x.dims, { num_groups, epsilon: { float: 0.1 } });
};

/** Shapes a constant can have beside x: one number, one number an entry of one axis in its three spellings, more than that. */
function constantShape(x: Wire, choices: Choices): { dims: number[]; result: readonly number[] } {
  const rank = x.dims.length;
  const along = (axis: number, from: number) => x.dims.slice(from).map((dim, at) => at + from === axis ? dim : 1);
  const channel = Math.min(1, rank - 1);
  switch (choices.below(16)) {
    case 0:
    case 1:
      return { dims: [], result: x.dims };
    case 2:
      return { dims: [1], result: x.dims };
    case 3:
      return { dims: new Array(rank).fill(1), result: x.dims };
    case 4:
    case 5:
    case 6:
    case 7:
      return { dims: along(channel, channel), result: x.dims };
    case 8:
    case 9:
    case 10:
      return { dims: along(channel, 0), result: x.dims };
    case 11:
      return { dims: [x.dims[rank - 1]], result: x.dims };
    case 12: {
      const axis = choices.below(rank);
      return { dims: along(axis, axis), result: x.dims };
    }
    case 13:
      return { dims: [...x.dims], result: x.dims };
    case 14:
      return { dims: [2, ...new Array(rank).fill(1)], result: [2, ...x.dims] };
    default: {
      const axis = x.dims.indexOf(1);
      const dims = x.dims.map((_, at) => at === axis ? 3 : 1);
      return { dims, result: axis < 0 ? x.dims : x.dims.map((dim, at) => at === axis ? 3 : dim) };
    }
  }
}

export const elementwise: Step = (draft, x, choices) => {
  const op = choices.pick(["Mul", "Add", "Sub", "Div", "Mul", "Add"]);
  const { dims, result } = constantShape(x, choices);
  const data = op === "Mul" || op === "Div" ? draft.values(dims, 0.6, 1.5) : draft.values(dims, 0.05, 0.6);
  const constant = draft.constant(choices, data);
  const first = op !== "Div" && choices.once(3);
  return draft.node(op, first ? [constant, x.name] : [x.name, constant], result, {}, { named: !choices.once(8) });
};

/** A value and two constants that do not enlarge it, in any order. */
export const sumOfConstants: Step = (draft, x, choices) => {
  const shapes = [constantShape(x, choices), constantShape(x, choices)];
  if (draft.opset < 8 || shapes.some(({ result }) => String(result) !== String(x.dims))) return undefined;
  const names = shapes.map(({ dims }) => draft.constant(choices, draft.values(dims, 0.05, 0.6)));
  names.splice(choices.below(3), 0, x.name);
  return draft.node("Sum", names, x.dims, {}, { named: !choices.once(8) });
};

export const negation: Step = (draft, x) => draft.node("Neg", [x.name], x.dims);

export const activation: Step = (draft, x, choices) => {
  const rank = x.dims.length;
  switch (choices.below(10)) {
    case 0:
    case 1:
    case 2:
      return draft.node("Relu", [x.name], x.dims);
    case 3:
      return draft.node("LeakyRelu", [x.name], x.dims, { alpha: choices.once(2) ? { float: 0.2 } : undefined });
    case 4: {
      const dims = choices.pick([[1], rank > 1 ? x.dims.slice(1).map((dim, at) => at === 0 ? dim : 1) : [1]]);
      return draft.node("PRelu", [x.name, draft.constant(choices, draft.values(dims, 0.1, 0.5))], x.dims);
    }
    case 5:
      return clip(draft, x, choices);
    case 6:
      return draft.node("Sigmoid", [x.name], x.dims);
    case 7:
      return draft.node("Tanh", [x.name], x.dims);
    case 8: { // c / (1 + |x|): a constant divided by a value is no affine of it
      const size = draft.node("Abs", [x.name], x.dims);
      const positive = size &&
        draft.node("Add", [size.name, draft.constant(choices, { dims: [], values: [1] })], x.dims);
      const constant = draft.constant(choices, draft.values([], 0.6, 1.5));
      return positive && draft.node("Div", [constant, positive.name], x.dims);
    }
    default:
      return draft.node("Abs", [x.name], x.dims);
  }
};

function clip(draft: Draft, x: Wire, choices: Choices): Wire | undefined {
  const [low, high] = choices.pick([[0, 1], [-0.5, 0.75], [0, undefined], [undefined, 0.5]]);
  if (draft.opset < 11) {
    return draft.node("Clip", [x.name], x.dims, {
      min: low === undefined ? undefined : { float: low },
      max: high === undefined ? undefined : { float: high },
    });
  }
  const bound = (value: number | undefined) =>
    value === undefined ? "" : draft.constant(choices, { dims: [], values: [value] });
  return draft.node("Clip", [x.name, bound(low), ...high === undefined ? [] : [bound(high)]], x.dims);
}
