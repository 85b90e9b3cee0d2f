import type { Dim, Shape } from "../graph/graph.ts";
import { smallValues } from "./constant.ts";
import { broadcast } from "./dims.ts";
import { GATHER_OPS } from "./gather.ts";
import { MATMUL_OPS } from "./matmul.ts";
import type { Op, Ops } from "./op.ts";
import { inferPool } from "./pool.ts";
import { RECURRENT_OPS } from "./recurrent.ts";
import { elementsOf } from "./shape_elements.ts";

/** A Pad whose sizes are an input, whatever the operator set. */
const pad: Op = {
  inputs: [2, 3],
  infer(_node, [{ type, shape }, given]) {
    const sizes = smallValues(given.constant);
    const padded = (dim: Dim, axis: number): Dim => {
      const more = sizes && sizes[axis] + sizes[axis + shape!.length];
      return more === 0 ? dim : typeof dim === "number" && more ? dim + more : null;
    };
    return [{ type, shape: shape?.map(padded) }];
  },
};

/** Numbers from one on to another, by a step of 1 where none is given. */
const range: Op = {
  inputs: [2, 3],
  infer(node, [start, limit, step]) {
    const [from, to] = [start, limit].map(({ constant }) => smallValues(constant)?.[0] ?? NaN);
    const by = node.has(2) ? smallValues(step.constant)?.[0] ?? NaN : 1, count = Math.ceil((to - from) / by);
    return [{ type: start.type, shape: [count >= 0 ? count : null] }];
  },
};

/** Windows along an axis, put along a new last one. */
const unfoldTensor: Op = {
  inputs: [1],
  infer(node, [{ type, shape }]) {
    if (!shape) return [{ type }];
    const given = node.number("dim", -1), axis = given < 0 ? given + shape.length : given, length = shape[axis];
    const size = node.number("size", 1);
    const count = typeof length === "number" ? Math.floor((length - size) / node.number("step", 1)) + 1 : null;
    return [{ type, shape: [...shape.with(axis, count), size] }];
  },
};

const cropAndResize: Op = {
  inputs: [4],
  infer(_node, [{ type, shape }, regions, , size]) {
    const [height = null, width = null] = elementsOf(size) ?? [];
    return [{ type, shape: [regions.shape?.[0] ?? null, shape?.[1] ?? null, height, width] }];
  },
};

/** Only the channels are known: sizes follow from padding that is computed. */
const convTransposeWithDynamicPads: Op = {
  inputs: [2, 4],
  infer(node, [{ type, shape }, weight]) {
    const channels = weight.shape?.[1], batch = shape?.[0] ?? null;
    const all = typeof channels === "number" ? channels * node.number("group", 1) : null;
    return [{ type, shape: shape && [batch, all, ...shape.slice(2).map(() => null)] }];
  },
};

/** The words of an embedding of whole numbers. */
const qEmbedLayerNormalization: Op = {
  inputs: [18],
  infer(_node, inputs) {
    const [ids, words, { type }] = [inputs[0], inputs[2], inputs[8]];
    const shape: Shape | undefined = ids.shape && [...ids.shape, words.shape?.[1] ?? null];
    return [{ type, shape }, { type: "int32", shape: ids.shape && [ids.shape[0]] }];
  },
};

/** An LSTM whose weights are whole numbers, with the axes of each direction the other way around. */
const dynamicQuantizeLSTM: Op = {
  inputs: [12],
  infer: (node, [x, w, { shape }]) =>
    RECURRENT_OPS.LSTM.infer(node, [x, w, { shape: shape && [shape[0], shape[2], shape[1]] }]),
};

/** com.microsoft: operators that older models, and those of single tasks, have. */
export const OTHER_CONTRIB_OPS = {
  ConvTransposeWithDynamicPads: convTransposeWithDynamicPads,
  CropAndResize: cropAndResize,
  DynamicQuantizeLSTM: dynamicQuantizeLSTM,
  GatherND: { inputs: [2], infer: GATHER_OPS.GatherND.infer },
  MatMulInteger16: { inputs: [2], infer: MATMUL_OPS.MatMulInteger.infer },
  MaxpoolWithMask: { inputs: [2], infer: inferPool },
  Pad: pad,
  QEmbedLayerNormalization: qEmbedLayerNormalization,
  QLinearWhere: {
    inputs: [9],
    infer: (_node, [condition, x, , , y]) => [{ type: x.type, shape: broadcast([condition.shape, x.shape, y.shape]) }],
  },
  Range: range,
  Tokenizer: { inputs: [1], infer: (_node, [{ shape }]) => [{ type: "string", shape: shape && [...shape, null] }] },
  UnfoldTensor: unfoldTensor,
  Unique: {
    inputs: [1],
    infer: (
      _node,
      [{ type }],
    ) => [{ type, shape: [null] }, ...[1, 2].map(() => ({ type: "int64" as const, shape: [null] }))],
  },
} satisfies Ops;
