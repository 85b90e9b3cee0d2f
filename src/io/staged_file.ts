import { closeSync, fsyncSync, linkSync, lstatSync, openSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "./errors.ts";
import type { ExistingFile } from "./target.ts";

/** The names of files that are being written; what a killed process left is known by it. */
export const STAGED_NAME = /^\.layerfuse-[0-9a-f]{16}\.part$/;

/** A name for a file that is being written. */
export function stagedName(): string {
  const digits = crypto.getRandomValues(new Uint8Array(8)).toHex();
  return `.layerfuse-${digits}.part`;
}

/** How long to write before others get a turn: signals and timers wait until then. */
const TURN_MS = 20;

/** Lets everything else that waits have its turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/**
 * A new file beside its target, under a name of its own, locked as long as it is written: another process that cleans up knows
 * it is in use. Disposing of it removes that name.
 */
export class StagedFile implements Disposable {
  /** Its own name. */
  readonly path: string;
  readonly #file: Deno.FsFile;

  private constructor(path: string, file: Deno.FsFile) {
    this.path = path;
    this.#file = file;
  }

  /** Makes an empty one in a folder; throws the system's error where that fails. */
  static create(folder: string): StagedFile {
    for (;;) {
      const path = join(folder, stagedName());
      const file = Deno.openSync(path, { read: true, write: true, createNew: true });
      try {
        file.tryLockSync(true);
      } catch {
        // a file system without locks: the file's age has to do
      }
      if (lstatSync(path, { throwIfNoEntry: false })) return new StagedFile(path, file);
      file.close(); // another process took it for a leftover before it was locked
    }
  }

  /** Writes chunks, which may be reused after each is taken. Others get a turn now and then; throws where `signal` is aborted. */
  async write(
    chunks: Iterable<Uint8Array>,
    signal?: AbortSignal,
    onBytes: (count: number) => void = () => {},
  ): Promise<void> {
    let last = performance.now();
    for (const chunk of chunks) {
      this.writeNow(chunk);
      onBytes(chunk.length);
      if (performance.now() - last < TURN_MS) continue;
      await turn();
      signal?.throwIfAborted();
      last = performance.now();
    }
    await turn();
    signal?.throwIfAborted();
  }

  /** Writes one chunk. */
  writeNow(chunk: Uint8Array): void {
    for (let done = 0; done < chunk.length;) done += this.#file.writeSync(chunk.subarray(done));
  }

  /** Waits until its bytes are on the disk. */
  async flush(): Promise<void> {
    await this.#file.sync();
  }

  /** Its bytes, from the begin. */
  *chunks(): Generator<Uint8Array> {
    const buffer = new Uint8Array(1 << 20);
    this.#file.seekSync(0, Deno.SeekMode.Start);
    for (let count = this.#file.readSync(buffer); count; count = this.#file.readSync(buffer)) {
      yield buffer.subarray(0, count);
    }
  }

  /** Gives it the owner and the permissions of another file; false where that is not allowed. */
  takeAfter({ mode, uid, gid }: ExistingFile): boolean {
    if (Deno.build.os === "windows") return true;
    const own = lstatSync(this.path);
    try {
      if (own.uid !== uid || own.gid !== gid) Deno.chownSync(this.path, uid, gid);
      Deno.chmodSync(this.path, mode);
      return true;
    } catch {
      return false;
    }
  }

  /** Gives it a second name: `exists` where that is taken, `unsupported` where the file system has no hard links. */
  linkTo(path: string): "linked" | "exists" | "unsupported" {
    return link(this.path, path);
  }

  /** Gives it another name in place of its own, in one step, whatever was there. */
  moveTo(path: string): void {
    renameSync(this.path, path);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { force: true });
    this.#file.close();
  }
}

/** A second name for a file. */
function link(from: string, to: string): "linked" | "exists" | "unsupported" {
  try {
    linkSync(from, to);
    return "linked";
  } catch (error) {
    if (codeOf(error) === "EEXIST") return "exists";
    const unsupported = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];
    if (unsupported.includes(codeOf(error) ?? "")) return "unsupported";
    throw error;
  }
}

/** Waits until the names in a folder are on the disk, where the system can. */
export function flushFolder(folder: string): void {
  try {
    const fd = openSync(folder, "r");
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // not on every system
  }
}
