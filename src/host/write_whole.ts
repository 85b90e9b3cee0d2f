import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { access, chmod, lstat, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Writes a small file whole or not at all: under a name of its own, then renamed. Throws the system's error where that fails; then
 * nothing is left and what was there stays. Links are followed, permissions kept, and what is no regular file (a device, the pipe of
 * a shell's `>(command)`) is written to as it is. (Models, which are large and have data files beside them, are saved by `io/`.)
 */
export async function writeWhole(path: string | URL, content: string | Uint8Array): Promise<void> {
  const given = path instanceof URL ? fileURLToPath(path) : path;
  const there = await stat(given).catch(() => undefined) ?? await lstat(given).catch(() => undefined);
  if (there && !there.isFile()) return await writeFile(given, content);
  const target = there ? await realpath(given) : given;
  if (there) await access(target, constants.W_OK);
  const temporary = join(dirname(target), `.${randomBytes(8).toString("hex")}.part`);
  try {
    await writeFile(temporary, content);
    if (there) await chmod(temporary, there.mode & 0o7777);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
