/** The command line was not understood, or what it names cannot be used: one line on stderr, exit code 2. */
export class UsageError extends Error {
  /** The error's name, `UsageError`. */
  override readonly name = "UsageError";
}
