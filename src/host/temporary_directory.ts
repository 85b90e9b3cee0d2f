import { lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { isGranted, tryLock } from "./deno.ts";

/** Names that `mkdtemp` makes of our prefix. */
const NAME = /^layerfuse_[A-Za-z0-9]{6}$/;
/** A file in a directory that is locked as long as the directory is in use. */
const LOCK = ".lock";
/** How old a directory must be to be left by a killed process, where there is no lock that would tell. */
const LEFT_MS = 24 * 3600 * 1000;

let isCleanedUp = false;

/**
 * A directory that is removed when the work is done, when it fails, and when the process exits. It listens to no signal: who
 * runs the process decides what those do. The first one of a process removes those of processes that were killed.
 */
export class TemporaryDirectory {
  /** Its path. */
  readonly path: string;
  readonly #lock: ReturnType<typeof tryLock>;
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
    this.#lock = lockOf(this.path);
    if (!isCleanedUp) removeLeft(this.path);
    isCleanedUp = true;
  }

  /** Removes the directory and everything in it. */
  [Symbol.dispose](): void {
    process.off("exit", this.#onExit);
    this.#remove();
  }

  #remove(): void {
    if (typeof this.#lock === "object") this.#lock.close();
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Locks a new directory. */
function lockOf(directory: string): ReturnType<typeof tryLock> {
  const path = join(directory, LOCK);
  if (!isGranted({ name: "read", path })) return "unsupported";
  try {
    writeFileSync(path, "");
    return tryLock(path);
  } catch {
    return "unsupported"; // a full disk, which who writes there says
  }
}

/** Removes the directories beside a new one that processes of its owner have left. */
function removeLeft(own: string): void {
  const folder = dirname(own);
  if (!isGranted({ name: "read", path: folder })) return;
  const { uid } = lstatSync(own);
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    try {
      if (!NAME.test(name) || path === own) continue;
      const info = lstatSync(path);
      if (info.isDirectory() && info.uid === uid && isLeft(path, info.mtimeMs)) rmSync(path, { recursive: true });
    } catch {
      // gone by now
    }
  }
}

function isLeft(directory: string, mtimeMs: number): boolean {
  const isOld = Date.now() - mtimeMs > LEFT_MS;
  try {
    const lock = tryLock(join(directory, LOCK));
    if (typeof lock === "object") lock.close();
    return lock === "unsupported" ? isOld : lock !== "held";
  } catch {
    return isOld; // there is no lock yet, or there never was
  }
}
