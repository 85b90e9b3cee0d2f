import type { Op, Ops } from "./op.ts";

/** A sequence, a map or an optional value is no tensor, and what is in one is not followed. */
function unknown(...inputs: Op["inputs"]): Op {
  return { inputs, infer: () => [] };
}

/** Sequences and optional values. */
export const SEQUENCE_OPS = {
  ConcatFromSequence: unknown(1),
  Optional: unknown(0, 1),
  OptionalGetElement: unknown(1),
  OptionalHasElement: { inputs: [0, 1], infer: () => [{ type: "bool", shape: [] }] },
  SequenceAt: unknown(2),
  SequenceConstruct: unknown(1, Infinity),
  SequenceEmpty: unknown(0),
  SequenceErase: unknown(1, 2),
  SequenceInsert: unknown(2, 3),
  SequenceLength: { inputs: [1], infer: () => [{ type: "int64", shape: [] }] },
  SequenceMap: unknown(1, Infinity),
  SplitToSequence: unknown(1, 2),
} satisfies Ops;
