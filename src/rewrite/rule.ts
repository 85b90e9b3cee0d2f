import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "../ops/builder.ts";
import type { Skip } from "../ops/skip.ts";

/**
 * When a rule is tried: each phase runs to its fixed point before the next begins, and again where a later one gave it something
 * to do. A rule of a later phase never takes a match from an earlier one.
 */
export const PHASES = ["clean", "idiom", "absorb", "merge", "compose", "reorder", "tidy"] as const;

/** One of {@linkcode PHASES}. */
export type Phase = typeof PHASES[number];

/** One equation that makes a model smaller or faster without changing what it computes. */
export interface Rule {
  /** Verb first, as its file: `fuse-affine-into-layer`. */
  readonly name: string;
  /** One line for `layerfuse rules`: what becomes what. */
  readonly summary: string;
  /** When it is tried. */
  readonly phase: Phase;
  /** Operators at which the rule looks, those of other domains with theirs in front: `ai.onnx.ml.Scaler`. */
  readonly roots: readonly string[];
  /**
   * What to put in place of the root and its neighbours, why that must not be done, or undefined where the rule has
   * nothing to say about this root. It changes nothing itself; the driver commits all or nothing.
   */
  rewrite(root: Node, build: Builder): Replacement | Skip | undefined;
}

/** What a rule wants done: `removed` go, each old value is from then on the new one. */
export class Replacement {
  /** The nodes that were matched. Each must be of use to nobody else, which the driver checks. */
  readonly removed: readonly Node[];
  /** Old outputs and what takes their place: a value the builder staged, or one that is there already. */
  readonly outputs: readonly (readonly [old: Value, now: Value])[];

  /** Made by a rule, committed by the driver. */
  constructor(
    removed: readonly Node[],
    outputs: readonly (readonly [old: Value, now: Value])[],
  ) {
    this.removed = removed;
    this.outputs = outputs;
  }
}
