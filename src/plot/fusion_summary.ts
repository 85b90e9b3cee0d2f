/**
 * The shape of a fusion report, as far as it is shown. `src/rewrite`'s report fits it; so does its JSON.
 *
 * @module
 */

/** Size and content of a model. */
export interface ModelStats {
  /** Nodes in all graphs. */
  nodes: number;
  /** Nodes by op type. */
  ops: Record<string, number>;
  /** Elements of all initializers. */
  parameters: number;
  /** Size in bytes. */
  bytes: number;
}

/** One rewrite that was made. */
export interface AppliedRule {
  /** The rule's name. */
  rule: string;
  /** Names of the nodes it replaced. */
  nodes: string[];
  /** Name of the node, or value, that stands for them now. */
  result: string;
}

/** One rewrite that was looked at and refused. */
export interface SkippedRule {
  /** The rule's name. */
  rule: string;
  /** Name of the node it would have begun at. */
  node: string;
  /** What kind of reason it is; reports saved by older versions have none. */
  code?: string;
  /** Why not, in words a person understands. */
  reason: string;
  /** What can be done about it, where there is something. */
  remedy?: string;
}

/** What was fused, what was not and why, and the model's size before and after. */
export interface FusionSummary {
  /** In the order applied. */
  applied: AppliedRule[];
  /** In the order looked at. */
  skipped: SkippedRule[];
  /** What each code in `skipped` means. */
  codes?: Record<string, string>;
  /** What the file claims of its values although its inputs say something else. */
  wrongClaims?: { value: string; claimed: string; inferred: string }[];
  /** Faults of the file that are not about a rewrite, in words. */
  notes?: string[];
  /** What timing said of each rule that was timed. */
  measured?: Record<string, string>;
  /** Of a web address, what was loaded of it. */
  loaded?: { bytes: number; of: number };
  /** Before fusion. */
  before: ModelStats;
  /** After fusion. */
  after: ModelStats;
}

/** A list grouped by a key, in order of first appearance. */
export function groupBy<T>(items: readonly T[], key: (item: T) => string): [string, T[]][] {
  return [...Map.groupBy(items, key)];
}

/** Operators whose count changed, with both counts, the greatest change first. */
export function changedOps(before: Record<string, number>, after: Record<string, number>): [string, number, number][] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((op): [string, number, number] => [op, before[op] ?? 0, after[op] ?? 0])
    .filter(([, from, to]) => from !== to)
    .sort((a, b) => Math.abs(b[1] - b[2]) - Math.abs(a[1] - a[2]) || (a[0] < b[0] ? -1 : 1));
}

/** Refusals of one rule for one kind of reason. */
export interface SkippedGroup {
  /** The rule. */
  rule: string;
  /** The reason, where all members have the same; else what their code means. With the remedy, where there is one. */
  reason: string;
  /** The refusals. */
  members: SkippedRule[];
}

/** Groups refusals by rule and code; those without a code by rule and reason. */
export function groupSkipped({ skipped, codes = {} }: Pick<FusionSummary, "skipped" | "codes">): SkippedGroup[] {
  return groupBy(skipped, ({ rule, code, reason }) => JSON.stringify([rule, code ?? reason])).map(([, members]) => {
    const [{ rule, code = "", reason, remedy }] = members;
    const isSame = members.every((each) => each.reason === reason);
    const why = isSame || !Object.hasOwn(codes, code) ? reason : codes[code];
    return { rule, reason: remedy === undefined ? why : `${why}: ${remedy}`, members };
  });
}
