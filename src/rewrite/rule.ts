import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "../ops/builder.ts";
import type { Skip } from "../ops/skip.ts";
import type { Runtime } from "./runtime.ts";

/**
 * When a rule is tried: each phase runs to its fixed point before the next begins, and again where a later one gave it something
 * to do. A rule of a later phase never takes a match from an earlier one. `reorder` may part what a runtime runs as one operator
 * for a good part less arithmetic, `decompose` takes more operators for it, `lower` writes the same arithmetic in operators that
 * a runtime has better kernels for: its rules apply only where that was measured to pay.
 */
export const PHASES = [
  "clean",
  "idiom",
  "absorb",
  "merge",
  "compose",
  "reorder",
  "decompose",
  "lower",
  "tidy",
] as const;

/** One of {@linkcode PHASES}. */
export type Phase = typeof PHASES[number];

/** How a rule is tried. */
export interface RuleOptions {
  /** Whether it leaves alone what its calibrated gate says is no faster: always, but where that is what is measured. */
  readonly isGated: boolean;
}

/** One equation that makes a model smaller or faster without changing what it computes. */
export interface Rule {
  /** Verb first, as its file: `fuse-affine-into-layer`. */
  readonly name: string;
  /** One line for `layerfuse rules`: what becomes what. */
  readonly summary: string;
  /** When it is tried. */
  readonly phase: Phase;
  /** Operators at which the rule looks, those of other domains with theirs in front: `ai.onnx.ml.Scaler`; `*` for every one. */
  readonly roots: readonly string[];
  /** The runtimes that gain from it; every one where absent. */
  readonly runtimes?: readonly Runtime[];
  /** Whether it pays on some machines and costs on others: done only where it is measured, or asked for by name. */
  readonly isForMeasuring?: true;
  /**
   * What to put in place of the root and its neighbours, why that must not be done, or undefined where the rule has
   * nothing to say about this root. It changes nothing itself; the driver commits all or nothing.
   */
  rewrite(root: Node, build: Builder, options: RuleOptions): Replacement | Skip | undefined;
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
