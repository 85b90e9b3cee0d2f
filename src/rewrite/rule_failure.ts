import type { Node } from "../graph/graph.ts";
import type { AppliedRewrite } from "./report.ts";

/** A rule that does not end. */
export class RuleError extends Error {
  /** The error's name, `RuleError`. */
  override readonly name = "RuleError";
}

/** A rule threw what is none of our errors: its name, and the node it was tried at. */
class RuleFailure extends Error {
  /** The error's name, `RuleFailure`. */
  override readonly name = "RuleFailure";

  /** Says of a rule where it failed, and of what. */
  constructor(rule: string, node: string, cause: Error) {
    super(`${rule} at ${node}: ${cause.message}`, { cause });
  }
}

/** What to throw for what a rule threw at a node: an error of the language itself is a {@link RuleFailure} of the rule there. */
export function failureOf(rule: string, node: Node, error: unknown): unknown {
  const isFault = [TypeError, RangeError, SyntaxError].some((type) => error instanceof type);
  return isFault ? new RuleFailure(rule, node.label, error as Error) : error;
}

/** That the rule which was applied most does not come to an end. */
export function endless(applied: readonly AppliedRewrite[], root: Node): RuleError {
  const counts = new Map<string, number>();
  for (const { rule } of applied) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  const [[rule, times]] = [...counts].sort((a, b) => b[1] - a[1]);
  return new RuleError(
    `the rule '${rule}' was applied ${times} times and does not come to an end, last at ${root.label}: each application ` +
      `must leave less than it found. Leave it out (--skip ${rule}) and report it.`,
  );
}
