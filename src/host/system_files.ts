/**
 * What the kernel tells of the machine in `/proc` and `/sys`.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { isGranted } from "./deno.ts";

/**
 * One of Linux's files about the system, without the space at its end; undefined where there is none, or no permission. Deno reads
 * `/proc` and `/sys` itself for nothing less than `-A`: where it may run programs, `grep` reads. So `/proc/self` may be a
 * child's, which inherits the control group and the CPUs it may use, but not the memory: name the process there.
 */
export function systemText(path: string): string | undefined {
  return systemTexts([path]).get(path);
}

/** As {@linkcode systemText}, of several files at once: those that there are, by their paths. */
export function systemTexts(paths: readonly string[]): Map<string, string> {
  const texts = new Map<string, string>();
  if (process.platform !== "linux") return texts;
  for (const path of paths) {
    if (!isGranted({ name: "read", path })) return readByProgram(paths); // reading would ask
    try {
      texts.set(path, readFileSync(path, "utf8").trimEnd());
    } catch (error) {
      if ((error as Error).name === "NotCapable") return readByProgram(paths);
    }
  }
  return texts;
}

/** `grep` puts the path before every line, and is silent about what is not there. */
function readByProgram(paths: readonly string[]): Map<string, string> {
  const texts = new Map<string, string>();
  if (!isGranted({ name: "run", command: "grep" })) return texts;
  const { stdout } = spawnSync("grep", ["-s", "-H", "", ...paths], { encoding: "utf8" });
  for (const line of stdout?.split("\n").filter(Boolean) ?? []) {
    const colon = line.indexOf(":"), path = line.slice(0, colon), text = line.slice(colon + 1);
    texts.set(path, texts.has(path) ? `${texts.get(path)}\n${text}` : text);
  }
  return texts;
}
