import type { Dim } from "../graph/graph.ts";
import { constantValues } from "./constant.ts";
import { fromStart } from "./dims.ts";
import type { Op, Ops } from "./op.ts";
import { elementsOf } from "./shape_elements.ts";

/** Half of a spectrum, its middle included. */
function half(length: Dim): Dim {
  return typeof length === "number" ? Math.floor(length / 2) + 1 : null;
}

const dft: Op = {
  inputs: [1, 3],
  infer(node, [{ type, shape }, given]) {
    if (!shape) return [{ type }];
    const rank = shape.length, fromInput = node.has(2) ? constantValues(node.inputs[2])?.[0] : undefined;
    if (node.has(2) && fromInput === undefined) return [{ type, shape: shape.map(() => null) }];
    const chosen = node.opset >= 20 ? fromInput ?? -2 : node.number("axis", 1);
    const axis = fromStart(chosen, rank);
    const length = node.has(1) ? elementsOf(given)?.[0] ?? null : shape[axis];
    const isOneSided = node.number("onesided", 0) !== 0, isInverse = node.number("inverse", 0) !== 0;
    const to = shape.with(axis, isOneSided && !isInverse ? half(length) : length);
    return [{ type, shape: to.with(rank - 1, isOneSided && isInverse ? 1 : 2) }];
  },
};

const stft: Op = {
  inputs: [2, 4],
  infer(node, [{ type, shape }, step, window, frame]) {
    if (!shape) return [{ type }];
    const size = node.has(3) ? elementsOf(frame)?.[0] : window.shape?.[0],
      by = elementsOf(step)?.[0],
      length = shape[1];
    const isKnown = typeof size === "number" && typeof by === "number" && typeof length === "number";
    const bins = node.number("onesided", 1) !== 0 ? half(size ?? null) : size ?? null;
    return [{ type, shape: [shape[0], isKnown ? Math.floor((length - size) / by) + 1 : null, bins, 2] }];
  },
};

/** Losses are one number, or one for each class position. */
const loss: Op = {
  inputs: [2, 3],
  infer: (node, [{ type, shape }, labels]) => [
    { type, shape: node.text("reduction", "mean") === "none" ? labels.shape : [] },
    { type, shape },
  ],
};

/** Spectra, and losses. */
export const SIGNAL_OPS = {
  DFT: dft,
  STFT: stft,
  NegativeLogLikelihoodLoss: loss,
  SoftmaxCrossEntropyLoss: loss,
} satisfies Ops;
