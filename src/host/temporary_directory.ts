import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/**
 * A directory that is removed when the work is done, when it fails, and when the process exits. It listens to no signal: who
 * runs the process decides what those do.
 */
export class TemporaryDirectory {
  /** Its path. */
  readonly path: string;
  #onExit = () => this.#remove();

  /** Makes it. Throws an error with the system's code that says where, and what to do. */
  constructor() {
    try {
      this.path = mkdtempSync(join(tmpdir(), "layerfuse_"));
    } catch (error) {
      const { message, code } = error as Error & { code?: string };
      const reason = `no temporary folder can be made in ${tmpdir()} (${message.replace(/, mkdtemp.*/, "")})`;
      throw Object.assign(new Error(`${reason}. Set TMPDIR to one with room.`, { cause: error }), { code });
    }
    process.on("exit", this.#onExit);
  }

  /** Removes the directory and everything in it. */
  [Symbol.dispose](): void {
    process.off("exit", this.#onExit);
    this.#remove();
  }

  #remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
