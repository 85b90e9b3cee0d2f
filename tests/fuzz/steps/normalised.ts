/** What has a scale and a shift, or a table, of its own, and ways round which one number comes to a layer; maps behind them. */
import type { Choices } from "../choices.ts";
import type { Draft, Wire } from "../draft.ts";
import { batchNormalization, elementwise } from "./affines.ts";
import type { Step } from "./layers.ts";

const behind = (draft: Draft, x: Wire | undefined, choices: Choices): Wire | undefined =>
  x && (choices.once(3) ? batchNormalization(draft, x, choices) : elementwise(draft, x, choices)) || x;

/** LayerNormalization, RMSNormalization or InstanceNormalization; ε is large, so that rounding does not show. */
export const normalised: Step = (draft, x, choices) => {
  const rank = x.dims.length, isInstance = rank > 2 && choices.once(2), epsilon = { float: 0.1 };
  const along = [isInstance ? x.dims[1] : x.dims[rank - 1]];
  if (!isInstance && draft.opset < 17) return undefined;
  const scale = draft.constant(choices, draft.values(along, 0.5, 1.5));
  const shift = draft.constant(choices, draft.values(along, 0.05, 0.5));
  if (isInstance) {
    return behind(draft, draft.node("InstanceNormalization", [x.name, scale, shift], x.dims, { epsilon }), choices);
  }
  const inputs = choices.once(2) ? [x.name, scale, shift] : [x.name, scale];
  return behind(draft, draft.node("LayerNormalization", inputs, x.dims, { epsilon }), choices);
};

const INT64 = 7;

/** Rows of a table by an input of whole numbers. */
export const embedded: Step = (draft, x, choices) => {
  const { opset, shared } = draft, lead = choices.pick([[x.dims[0]], [x.dims[0], 3]]);
  if (draft.parent || opset < 10) return undefined;
  const count = choices.pick([5, 3, 12]), width = choices.pick([3, 4, 6]), places = draft.fresh("places");
  shared.extraInputs[places] = lead;
  shared.types[places] = INT64;
  const picks = draft.hidden("Mod", [places, draft.integers([count], [])]);
  const table = draft.constant(choices, draft.values([count, width], 0.2, 1));
  return behind(draft, draft.node("Gather", [table, picks], [...lead, width]), choices);
};

/** x·a + turn(x)·b of a layer's result, as rotary positions, times a number. */
export const rotated: Step = (draft, x, choices) => {
  const rank = x.dims.length, width = choices.pick([4, 6]), dims = x.dims.with(rank - 1, width), half = width / 2;
  if (rank < 2 || draft.opset < 13) return undefined;
  const weight = draft.constant(choices, draft.values([x.dims[rank - 1], width], 0.1, 0.6));
  const q = draft.node("MatMul", [x.name, weight], dims);
  const parts = q && draft.nodeOf("Split", [q.name, draft.integers([half, half])], [
    dims.with(rank - 1, half),
    dims.with(rank - 1, half),
  ], { axis: choices.pick([-1, rank - 1]) });
  const minus = parts && draft.node("Neg", [parts[1].name], parts[1].dims);
  const turned = minus && draft.node("Concat", [minus.name, parts[0].name], dims, { axis: -1 });
  const cos = draft.constant(choices, draft.values(dims.slice(-2), 0.2, 1));
  const sin = draft.constant(choices, draft.values(dims.slice(-2), 0.2, 1));
  const [a, b] = [q && draft.node("Mul", [q.name, cos], dims), turned && draft.node("Mul", [turned.name, sin], dims)];
  const sum = a && b && draft.node("Add", [a.name, b.name], dims);
  return sum && draft.node("Mul", [sum.name, draft.constant(choices, draft.values([], 0.6, 1.5))], dims);
};

/** An attention of two heads whose values come from a layer, put together again, with a map behind it. */
export const heads: Step = (draft, x, choices) => {
  const [n, length, channels] = x.dims, width = 2 * choices.pick([2, 3]), each = width / 2;
  if (x.dims.length !== 3 || draft.opset < 13 || length * channels > 64) return undefined;
  const layer = () => {
    const weight = draft.constant(choices, draft.values([channels, width], 0.1, 0.6));
    const made = draft.node("MatMul", [x.name, weight], [n, length, width]);
    const apart = made &&
      draft.node("Reshape", [made.name, draft.integers([0, 0, 2, each])], [n, length, 2, each]);
    return apart && draft.node("Transpose", [apart.name], [n, 2, length, each], { perm: [0, 2, 1, 3] });
  };
  const [q, v] = [layer(), layer()];
  const turned = q && draft.node("Transpose", [q.name], [n, 2, each, length], { perm: [0, 1, 3, 2] });
  const scores = turned && draft.node("MatMul", [q.name, turned.name], [n, 2, length, length]);
  const weights = scores && draft.node(choices.pick(["Softmax", "Softmax", "Tanh"]), [scores.name], scores.dims);
  const mixed = weights && v && draft.node("MatMul", [weights.name, v.name], [n, 2, length, each]);
  const back = mixed && draft.node("Transpose", [mixed.name], [n, length, 2, each], { perm: [0, 2, 1, 3] });
  const whole = back && draft.node("Reshape", [back.name, draft.integers([0, -1, width])], [n, length, width]);
  return behind(draft, whole, choices);
};

/** A layer's result repeated, a Sum of layers, or the least or the total of one, with a map behind it. */
export const gathered: Step = (draft, x, choices) => {
  const rank = x.dims.length, width = choices.pick([3, 4]), dims = x.dims.with(rank - 1, width);
  if (rank < 2 || draft.opset < 18) return undefined;
  const layer = () =>
    draft.node("MatMul", [x.name, draft.constant(choices, draft.values([x.dims[rank - 1], width], 0.1, 0.6))], dims);
  const made = layer();
  if (!made) return undefined;
  switch (choices.below(4)) {
    case 0: {
      const repeats = dims.map((_, axis) => axis === 0 ? 1 : 1 + choices.below(2));
      const wide = dims.map((dim, axis) => dim * repeats[axis]);
      return behind(draft, draft.node("Tile", [made.name, draft.integers(repeats)], wide), choices);
    }
    case 1: {
      const others = [layer(), layer()];
      return behind(draft, draft.node("Sum", [made, ...others].map((one) => one!.name), dims), choices);
    }
    default: {
      const op = choices.pick(["ReduceMin", "ReduceSum"]), axis = rank - 2;
      const least = draft.node(op, [made.name, draft.integers([axis])], dims.with(axis, 1));
      return behind(draft, least, choices);
    }
  }
};
