import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { writeWhole as write } from "../host/write_whole.ts";
import { UsageError } from "./usage_error.ts";

/** Writes a text file whole or not at all. */
export async function writeWhole(path: string, content: string): Promise<void> {
  try {
    await write(path, content);
  } catch (error) {
    throw new UsageError(`${path}: cannot be written (${(error as Error).message})`);
  }
}

/** Throws a {@link UsageError} where a file's folder does not exist: before the long part, not after it. */
export async function checkFolder(path: string | undefined): Promise<void> {
  if (path === undefined || path === "-") return;
  const info = await stat(dirname(path)).catch(() => undefined);
  if (!info?.isDirectory()) throw new UsageError(`${path}: cannot be written: there is no folder ${dirname(path)}`);
}
