import { closeSync, constants, fsyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { tryLock } from "../host/deno.ts";

/** A file that is added to, made where it is not there, and locked against other processes where that can be. */
export class LockedFile implements Disposable {
  /** False where another process has it: it must not be written then. */
  readonly isOwn: boolean;
  readonly #fd: number;
  readonly #lock: ReturnType<typeof tryLock>;
  #end = 0;

  /** Opens it; throws the system's error where that fails. */
  constructor(path: string) {
    this.#fd = openSync(path, constants.O_WRONLY | constants.O_CREAT);
    this.#lock = tryLock(path);
    this.isOwn = this.#lock !== "held";
  }

  /** Cuts it to a length, from where it is written on. */
  truncate(length: number): void {
    ftruncateSync(this.#fd, length);
    this.#end = length;
  }

  /** Adds bytes to its end. */
  write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      const count = writeSync(this.#fd, bytes, done, bytes.length - done, this.#end);
      done += count;
      this.#end += count;
    }
  }

  /** Waits until its bytes are on the disk. */
  flush(): void {
    fsyncSync(this.#fd);
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    closeSync(this.#fd);
    if (typeof this.#lock === "object") this.#lock.close();
  }
}
