import { broadcast } from "./dims.ts";
import type { Ops } from "./op.ts";

/** Text. */
export const TEXT_OPS = {
  StringNormalizer: {
    inputs: [1],
    infer: (
      _node,
      [{ shape }],
    ) => [{ type: "string", shape: shape?.map((_, axis) => axis === shape.length - 1 ? null : 1) }],
  },
  StringConcat: { inputs: [2], infer: (_node, [a, b]) => [{ type: "string", shape: broadcast([a.shape, b.shape]) }] },
  StringSplit: {
    inputs: [1],
    infer: (_node, [{ shape }]) => [{ type: "string", shape: shape && [...shape, null] }, { type: "int64", shape }],
  },
  RegexFullMatch: { inputs: [1], infer: (_node, [{ shape }]) => [{ type: "bool", shape }] },
  TfIdfVectorizer: {
    inputs: [1],
    infer(node, [{ shape }]) {
      const indexes = node.numbers("ngram_indexes"),
        size = indexes ? indexes.reduce((most, index) => Math.max(most, index), -1) + 1 : null;
      return [{ type: "float32", shape: shape && [...shape.slice(0, -1), size] }];
    },
  },
} satisfies Ops;
