import { dirname } from "node:path";
import { UsageError } from "./command.ts";

/** Writes a text file whole or not at all. */
export async function writeWhole(path: string, content: string): Promise<void> {
  const temporary = `${path}.part`;
  try {
    await Deno.writeTextFile(temporary, content);
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw new UsageError(`${path}: cannot be written (${(error as Error).message})`);
  }
}

/** Throws a {@link UsageError} where a file's folder does not exist: before the long part, not after it. */
export async function checkFolder(path: string | undefined): Promise<void> {
  if (path === undefined || path === "-") return;
  const info = await Deno.stat(dirname(path)).catch(() => undefined);
  if (!info?.isDirectory) throw new UsageError(`${path}: cannot be written: there is no folder ${dirname(path)}`);
}
