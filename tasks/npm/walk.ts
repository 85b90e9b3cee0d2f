import { join } from "node:path";

/** Paths of all files under a folder, in order. */
export async function walk(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    found.push(...isDirectory ? await walk(path) : [path]);
  }
  return found.sort();
}
