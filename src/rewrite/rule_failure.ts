/** A rule threw what is none of our errors: its name, and the node it was tried at. */
class RuleFailure extends Error {
  /** The error's name, `RuleFailure`. */
  override readonly name = "RuleFailure";

  /** Says of a rule where it failed, and of what. */
  constructor(rule: string, node: string, cause: Error) {
    super(`${rule} at ${node}: ${cause.message}`, { cause });
  }
}

/** What `work` gives; an error of the language itself is a {@link RuleFailure} of this rule at this node. */
export function attempt<T>(rule: string, node: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const isFault = [TypeError, RangeError, SyntaxError].some((type) => error instanceof type);
    throw isFault ? new RuleFailure(rule, node, error as Error) : error;
  }
}
