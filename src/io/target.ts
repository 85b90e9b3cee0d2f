import { closeSync, openSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { codeOf, FileError, unwritable } from "./errors.ts";
import { kindOf } from "./source.ts";

/** What a file that is about to be replaced must keep. */
export interface ExistingFile {
  /** Permission bits. */
  readonly mode: number;
  /** Owner. */
  readonly uid: number;
  /** Group. */
  readonly gid: number;
  /** How many names it has. */
  readonly links: number;
  /** Device. */
  readonly dev: bigint;
  /** Inode. */
  readonly ino: bigint;
}

/** Where a file is to be written. */
export interface Target {
  /** Its path, links followed. */
  readonly path: string;
  /** What is there now. */
  readonly existing?: ExistingFile;
}

/** Most links of a path that are followed, as on Linux. */
const MOST_LINKS = 40;

/**
 * Where to write the file that a caller calls `given`: links are followed. Throws a {@link FileError} for what is there and no
 * regular file, or may not be written (unless `force`d), and where there is no folder.
 */
export function resolveTarget(given: string, force = false): Target {
  try {
    const path = followed(given), info = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (!info?.isDirectory() && given.endsWith("/")) {
      throw new FileError(given, "cannot be written: that is the name of a folder. Give the path of a file.");
    }
    if (!info) {
      if (!statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory()) {
        throw new FileError(given, `cannot be written: there is no folder ${dirname(path)}.`);
      }
      return { path };
    }
    if (!info.isFile()) {
      throw new FileError(
        given,
        `cannot be written: it is not a regular file${kindOf(info)}. Give the path of a file.`,
      );
    }
    if (!force) mayWrite(given, path);
    const [mode, uid, gid, links] = [info.mode & 0o7777n, info.uid, info.gid, info.nlink].map(Number);
    return { path, existing: { mode, uid, gid, links, dev: info.dev, ino: info.ino } };
  } catch (error) {
    throw unwritable(given, error);
  }
}

/** The path with its links followed, the last of which may lead to nothing yet. */
function followed(given: string): string {
  let path = resolve(given);
  for (let count = 0; count < MOST_LINKS; count++) {
    try {
      return realpathSync(path);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
    }
    try {
      path = resolve(dirname(path), readlinkSync(path));
    } catch {
      return path;
    }
  }
  throw new FileError(given, "cannot be written: its links lead in a circle.");
}

function mayWrite(given: string, path: string): void {
  try {
    closeSync(openSync(path, "r+"));
  } catch (error) {
    if (codeOf(error) !== "EACCES" && codeOf(error) !== "EPERM" && codeOf(error) !== "EROFS") throw error;
    throw new FileError(given, "cannot be written: the file there is read-only. Make it writable, or --force it.", {
      cause: error,
    });
  }
}

/** The path of a name beside a target. */
export function beside({ path }: Target, name: string): string {
  return join(dirname(path), name);
}
