/** Thrown by every assertion of this folder when it does not hold. */
export class AssertionError extends Error {
  /** Creates the error with its message and, optionally, a cause. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}
