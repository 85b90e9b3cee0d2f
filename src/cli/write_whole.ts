import { rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { UsageError } from "./usage_error.ts";

/** Writes a text file whole or not at all. */
export async function writeWhole(path: string, content: string): Promise<void> {
  const temporary = `${path}.part`;
  try {
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new UsageError(`${path}: cannot be written (${(error as Error).message})`);
  }
}

/** Throws a {@link UsageError} where a file's folder does not exist: before the long part, not after it. */
export async function checkFolder(path: string | undefined): Promise<void> {
  if (path === undefined || path === "-") return;
  const info = await stat(dirname(path)).catch(() => undefined);
  if (!info?.isDirectory()) throw new UsageError(`${path}: cannot be written: there is no folder ${dirname(path)}`);
}
