import { randomBytes } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/**
 * Writes a small file whole or not at all: under a name of its own, then renamed. Throws the system's error where that fails; then
 * nothing is left and what was there stays. (Models, which are large and have data files beside them, are saved by `io/`.)
 */
export async function writeWhole(path: string | URL, content: string | Uint8Array): Promise<void> {
  const target = path instanceof URL ? fileURLToPath(path) : path;
  const temporary = `${target}.${randomBytes(4).toString("hex")}.part`;
  try {
    await writeFile(temporary, content);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
