import type { WrongClaim } from "../ops/claims.ts";
import type { ModelStats } from "../graph/stats.ts";
import type { SkipCode } from "../ops/skip.ts";

/** What one piece of a model costs. */
export interface Cost {
  /** Number of nodes. */
  nodes: number;
  /** Operators that the runtime runs for them and for what they are one operator with. */
  operators?: number;
  /** Multiply-accumulates of one inference, for one item of a dynamic batch; null where shapes are not known. */
  macs: number | null;
  /** Elements of the weights. */
  parameters: number;
  /** Bytes the nodes read and write, weights included, for one item of a dynamic batch; null where shapes are not known. */
  bytes?: number | null;
}

/** One rewrite that was done. */
export interface AppliedRewrite {
  /** The rule. */
  rule: string;
  /** The nodes it replaced, by name. */
  nodes: string[];
  /** The value that now carries the result; its name is the one it had before. */
  result: string;
  /** What the replaced nodes cost. */
  before?: Cost;
  /** What the new ones cost. */
  after?: Cost;
}

/** One place a rule looked at and left alone. */
export interface SkippedRewrite {
  /** The rule. */
  rule: string;
  /** The node that stays. */
  node: string;
  /** What kind of reason it is; {@linkcode SKIP_CODES} says what each means. */
  code: SkipCode;
  /** Why. */
  reason: string;
  /** What the model's author can do about it, where there is something. */
  remedy?: string;
}

/** What {@linkcode fuse} did to a model and why it left the rest. */
export interface FusionReport {
  /** Every rewrite, in the order it was done. */
  applied: AppliedRewrite[];
  /** Every near miss, with its reason. */
  skipped: SkippedRewrite[];
  /** What each code in `skipped` means. */
  codes: Partial<Record<SkipCode, string>>;
  /** What the file claims of its values although its inputs say something else; absent where all claims agree. */
  wrongClaims?: WrongClaim[];
  /** Faults of the file that are not about a rewrite (names that several nodes have, …), in words; absent where there are none. */
  notes?: string[];
  /** Of a web address, what was loaded of it: whether a new weight would overflow its type was then not looked at. */
  loaded?: { bytes: number; of: number };
  /** What timing said of each optional rule that did something; only where `measure` was asked for. */
  measured?: Record<string, "faster" | "slower" | "same" | "inconclusive">;
  /** The model as it came. */
  before: ModelStats;
  /** The model as it is now. */
  after: ModelStats;
}
