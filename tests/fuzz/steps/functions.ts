/** Values beside functions of themselves: copies, gates, means, and activations written out. */
import type { Wire } from "../draft.ts";
import { affine, anyOf } from "./chains.ts";
import { conv, convOf, gemm, matmul, square, type Step } from "./layers.ts";
import { poolOf } from "./pools.ts";

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
