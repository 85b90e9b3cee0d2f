import type { Op, Ops } from "./op.ts";

/** A sequence, a map or an optional value is no tensor, and what is in one is not followed. */
const unknown: Op = { infer: () => [] };

const number: Op = { infer: () => [{ type: "int64", shape: [] }] };

/** Sequences and optional values. */
export const SEQUENCE_OPS = {
  ConcatFromSequence: unknown,
  Optional: unknown,
  OptionalGetElement: unknown,
  OptionalHasElement: { infer: () => [{ type: "bool", shape: [] }] },
  SequenceAt: unknown,
  SequenceConstruct: unknown,
  SequenceEmpty: unknown,
  SequenceErase: unknown,
  SequenceInsert: unknown,
  SequenceLength: number,
  SequenceMap: unknown,
  SplitToSequence: unknown,
} satisfies Ops;
