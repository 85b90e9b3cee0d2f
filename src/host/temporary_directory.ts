import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** A directory that is removed when the work is done, when it fails, and when the process is interrupted. */
export class TemporaryDirectory {
  /** Its path. */
  readonly path: string = mkdtempSync(join(tmpdir(), "layerfuse_"));
  #onExit = () => this.#remove();
  #onSignal = () => process.exit(130); // exiting fires "exit"
  #ownsSignals: boolean;

  /** @param handleInterrupt Whether Ctrl-C should clean up and exit: not where the caller stops by an AbortSignal. */
  constructor(handleInterrupt = true) {
    this.#ownsSignals = handleInterrupt;
    process.on("exit", this.#onExit);
    if (handleInterrupt) process.on("SIGINT", this.#onSignal);
  }

  /** Removes the directory and everything in it. */
  [Symbol.dispose](): void {
    process.off("exit", this.#onExit);
    if (this.#ownsSignals) process.off("SIGINT", this.#onSignal);
    this.#remove();
  }

  #remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
