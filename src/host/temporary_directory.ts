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
  readonly path: string = mkdtempSync(join(tmpdir(), "layerfuse_"));
  #onExit = () => this.#remove();

  /** Makes it. */
  constructor() {
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
