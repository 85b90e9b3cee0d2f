import type { FuseOptions } from "../../src/fusion/mod.ts";
import { random, type TestAttribute, type TestTensor } from "../onnx_model.ts";

/** One linear layer x → c and what tests need to know of it. */
export interface Layer {
  op: string;
  /** Shape of x. */
  x: (number | string)[];
  weights: Record<string, TestTensor>;
  inputs?: string[];
  attributes?: Record<string, TestAttribute>;
  /** Channels, rank and channel axis (from the left) of the result. */
  channels: number;
  rank: number;
  axis: number;
  /** What is left of the layer when a shift is folded too, where that is not the operator alone. */
  withShift?: Record<string, number>;
  /** Axis of x, from the left, that holds its 4 channels; 1 where not said. */
  from?: number;
  /** Why a shift before it stays. */
  keepsShift?: RegExp;
  /** From which opset on. */
  since?: number;
}

const PADS = /pads/, SPREADS = /not 1×1 at stride 1/, NO_BIAS = /it would save nothing/;
const image = { channels: 6, rank: 4, axis: 1, x: ["n", 4, 7, 8] };
const w = (...dims: number[]) => ({ w: random(dims, 1) });
const biased = (size: number, ...dims: number[]) => ({ w: random(dims, 1), bias: random([size], 2) });

/** Transposed layers stay what they are, so that what is folded into them is seen. */
export const AS_WRITTEN: Pick<FuseOptions, "skip"> = { skip: ["turn-transposed-layer"] };

/** Every linear layer, by what is special about it. */
export const LAYERS: Record<string, Layer> = {
  "Conv 1-D": { ...image, op: "Conv", rank: 3, x: ["n", 4, 9], weights: biased(6, 6, 4, 3) },
  "Conv 2-D": { ...image, op: "Conv", weights: w(6, 4, 3, 3) },
  "Conv 3-D": { ...image, op: "Conv", rank: 5, x: ["n", 4, 5, 4, 4], weights: biased(6, 6, 4, 2, 3, 2) },
  "grouped Conv": {
    keepsShift: PADS,
    ...image,
    op: "Conv",
    weights: biased(6, 6, 2, 3, 3),
    attributes: { group: 2, pads: [1, 1, 1, 1] },
  },
  "depthwise Conv": { ...image, op: "Conv", channels: 8, weights: biased(8, 8, 1, 3, 3), attributes: { group: 4 } },
  "dilated Conv": { ...image, op: "Conv", weights: w(6, 4, 2, 2), attributes: { dilations: [2, 3] } },
  "strided Conv": {
    keepsShift: PADS,
    ...image,
    op: "Conv",
    weights: w(6, 4, 3, 3),
    attributes: { strides: [2, 1], pads: [1, 0, 1, 2] },
  },
  "Conv with auto_pad SAME_UPPER": {
    keepsShift: PADS,
    ...image,
    op: "Conv",
    weights: w(6, 4, 3, 3),
    attributes: { auto_pad: "SAME_UPPER" },
  },
  "Conv with auto_pad SAME_LOWER": {
    keepsShift: PADS,
    ...image,
    op: "Conv",
    weights: biased(6, 6, 4, 2, 2),
    attributes: { auto_pad: "SAME_LOWER", strides: [2, 2] },
  },
  "Conv with auto_pad VALID": { ...image, op: "Conv", weights: w(6, 4, 3, 3), attributes: { auto_pad: "VALID" } },
  "Conv with an empty bias name": { ...image, op: "Conv", weights: w(6, 4, 3, 3), inputs: ["x", "w", ""] },
  "ConvTranspose": { keepsShift: SPREADS, ...image, op: "ConvTranspose", weights: biased(6, 4, 6, 3, 3) },
  "1×1 ConvTranspose": { ...image, op: "ConvTranspose", weights: biased(6, 4, 6, 1, 1) },
  "ConvTranspose 1-D": {
    keepsShift: SPREADS,
    ...image,
    op: "ConvTranspose",
    rank: 3,
    x: ["n", 4, 9],
    weights: biased(6, 4, 6, 3),
  },
  "ConvTranspose with groups": {
    keepsShift: SPREADS,
    ...image,
    op: "ConvTranspose",
    weights: w(4, 3, 3, 2),
    attributes: { group: 2, strides: [2, 2], output_padding: [1, 0], pads: [1, 0, 0, 1] },
  },
  "depthwise ConvTranspose": {
    keepsShift: SPREADS,
    ...image,
    op: "ConvTranspose",
    channels: 8,
    weights: biased(8, 4, 2, 3, 3),
    attributes: { group: 4 },
  },
  "Gemm": { op: "Gemm", x: [5, 4], weights: biased(6, 4, 6), channels: 6, rank: 2, axis: 1 },
  "Gemm without C": { op: "Gemm", x: [5, 4], weights: w(4, 6), channels: 6, rank: 2, axis: 1, since: 11 },
  "Gemm with transA, transB, alpha and beta": {
    from: 0,
    op: "Gemm",
    x: [4, 5],
    weights: biased(6, 6, 4),
    attributes: { transA: 1, transB: 1, alpha: { float: 0.5 }, beta: { float: -2 } },
    channels: 6,
    rank: 2,
    axis: 1,
  },
  "Gemm with beta 0": {
    op: "Gemm",
    x: [5, 4],
    weights: biased(6, 4, 6),
    attributes: { beta: { float: 0 } },
    channels: 6,
    rank: 2,
    axis: 1,
  },
  ...Object.fromEntries(
    [[], [1], [6], [1, 1], [1, 6], [5, 1], [5, 6]].map((dims) => [`Gemm with C of shape [${dims}]`, {
      op: "Gemm",
      x: [5, 4],
      weights: { w: random([4, 6], 1), bias: random(dims, 2) },
      attributes: { beta: { float: 0.5 } },
      channels: 6,
      rank: 2,
      axis: 1,
    }]),
  ),
  "MatMul x·W": { op: "MatMul", x: ["n", 4], weights: w(4, 6), channels: 6, rank: 2, axis: 1, withShift: { Gemm: 1 } },
  "MatMul W·x": {
    from: 0,
    keepsShift: NO_BIAS,
    op: "MatMul",
    x: [4, 5],
    weights: w(6, 4),
    inputs: ["w", "x"],
    channels: 6,
    rank: 2,
    axis: 0,
    withShift: { Add: 1, MatMul: 1 },
  },
  "MatMul x·W of rank 3": {
    from: 2,
    keepsShift: NO_BIAS,
    op: "MatMul",
    x: ["n", 5, 4],
    weights: w(4, 6),
    channels: 6,
    rank: 3,
    axis: 2,
    withShift: { Add: 1, MatMul: 1 },
  },
  "MatMul W·x of rank 3": {
    keepsShift: NO_BIAS,
    op: "MatMul",
    x: ["n", 4, 5],
    weights: w(6, 4),
    inputs: ["w", "x"],
    channels: 6,
    rank: 3,
    axis: 1,
    withShift: { Add: 1, MatMul: 1 },
  },
  "MatMul x·W of rank 4 with batched W": {
    from: 3,
    keepsShift: /several matrices/,
    op: "MatMul",
    x: ["n", 3, 5, 4],
    weights: w(3, 4, 6),
    channels: 6,
    rank: 4,
    axis: 3,
    withShift: { Add: 1, MatMul: 1 },
  },
};
