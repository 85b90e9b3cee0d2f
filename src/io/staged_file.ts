import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  closeSync,
  fsync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  write,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { type Appender, denoAppender, tryLock } from "../host/deno.ts";
import { codeOf } from "./errors.ts";
import type { ExistingFile } from "./target.ts";

/** The names of files that are being written; what a killed process left is known by it. */
export const STAGED_NAME = /^\.layerfuse-[0-9a-f]{16}\.part$/;

/** A name for a file that is being written. */
export function stagedName(): string {
  const digits = randomBytes(8).toString("hex");
  return `.layerfuse-${digits}.part`;
}

/** Most bytes that are read at once. */
const CHUNK_BYTES = 1 << 18;

/** After how many bytes the disk begins to write while more are computed. */
const FLUSH_BYTES = 1 << 26;

/**
 * A new file beside its target, under a name of its own, locked as long as it is written: another process that cleans up knows
 * it is in use. Disposing of it removes that name.
 */
export class StagedFile implements Disposable {
  /** Its own name. */
  readonly path: string;
  readonly #fd: number;
  readonly #lock: ReturnType<typeof tryLock>;

  private constructor(path: string, fd: number, lock: ReturnType<typeof tryLock>) {
    this.path = path;
    this.#fd = fd;
    this.#lock = lock;
  }

  /**
   * Makes an empty one in a folder; throws the system's error where that fails. Where it is to replace a file nobody else may read
   * it before that one's permissions are known to be its own.
   */
  static create(folder: string, replaced?: ExistingFile): StagedFile {
    for (;;) {
      const path = join(folder, stagedName());
      const fd = openSync(path, "wx+", replaced ? 0o600 : 0o666);
      const lock = lockOf(path);
      if (lock !== "held" && lstatSync(path, { throwIfNoEntry: false })) return new StagedFile(path, fd, lock);
      closeSync(fd); // another process took it for a leftover before it was locked
      if (typeof lock === "object") lock.close();
    }
  }

  /**
   * Writes chunks, each of which must stay as it is until the one after the next is asked for: while it is written the next is
   * made. Throws where `signal` is aborted; others get a turn after each.
   */
  async write(
    chunks: Iterable<Uint8Array>,
    signal?: AbortSignal,
    onBytes: (count: number) => void = () => {},
  ): Promise<void> {
    let behind = 0, writing = Promise.resolve(), flushing: Promise<void> | undefined;
    const file = denoAppender(this.path) ?? nodeAppender(this.path);
    try {
      for (const chunk of chunks) {
        await writing;
        signal?.throwIfAborted();
        writing = writeAll(file, chunk);
        writing.catch(() => {}); // it is waited for later
        onBytes(chunk.length);
        behind += chunk.length;
        if (behind < FLUSH_BYTES) continue;
        behind = 0;
        await flushing;
        flushing = this.flush();
        flushing.catch(() => {});
      }
      await writing;
      signal?.throwIfAborted();
    } finally {
      await Promise.allSettled([writing, flushing]);
      file.close();
    }
    await flushing;
  }

  /** Writes one chunk. */
  writeNow(chunk: Uint8Array): void {
    for (let done = 0; done < chunk.length;) done += writeSync(this.#fd, chunk, done);
  }

  /** Waits until its bytes are on the disk. */
  async flush(): Promise<void> {
    await promisify(fsync)(this.#fd);
  }

  /** Its bytes, from the begin. */
  chunks(): Iterable<Uint8Array> {
    return chunksOf(this.#fd);
  }

  /**
   * Gives it the owner and the permissions of another file. Where that is not allowed it has the other's group, if that is, and lets
   * nobody read it who may not read the other; false then.
   */
  takeAfter({ mode, uid, gid }: ExistingFile): boolean {
    if (process.platform === "win32") return true;
    const own = lstatSync(this.path), isAllowed = own.uid === uid && own.gid === gid || this.#chown(uid, gid);
    const hasGroup = isAllowed || own.gid === gid || this.#chown(own.uid, gid);
    const everybody = mode & mode >> 3 & 7, others = hasGroup ? mode & 0o77 : everybody << 3 | everybody;
    try {
      chmodSync(this.path, isAllowed ? mode : 0o600 | others);
      return isAllowed;
    } catch {
      return false;
    }
  }

  #chown(uid: number, gid: number): boolean {
    try {
      chownSync(this.path, uid, gid);
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
    closeSync(this.#fd);
    if (typeof this.#lock === "object") this.#lock.close();
  }
}

/** The bytes of a file, from the begin, in chunks each of which stays as it is until the one after the next is asked for. */
export function* chunksOf(fd: number): Generator<Uint8Array> {
  const buffers = [new Uint8Array(CHUNK_BYTES), new Uint8Array(CHUNK_BYTES)];
  for (let at = 0, count; (count = readSync(fd, buffers[0], 0, CHUNK_BYTES, at)) > 0; at += count) {
    yield buffers[0].subarray(0, count);
    buffers.reverse();
  }
}

/** Opens a file to append to it, as programs other than Deno can. */
function nodeAppender(path: string): Appender {
  const fd = openSync(path, "a"), append = promisify(write);
  return {
    write: async (bytes) => (await append(fd, bytes, 0, bytes.length, null)).bytesWritten,
    close: () => closeSync(fd),
  };
}

/** Writes all of some bytes. */
async function writeAll(file: Appender, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
}

/** The lock of a new file; `held` where another process took it for a leftover, and has it or has removed it. */
function lockOf(path: string): ReturnType<typeof tryLock> {
  try {
    return tryLock(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT" || (error as Error).name === "NotFound") return "held";
    throw error;
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
