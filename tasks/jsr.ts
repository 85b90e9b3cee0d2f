/**
 * Tests import `jsr:@std/assert`, the only thing this project takes from JSR. Where neither the registry nor Deno's cache
 * has it, `JSR_URL` points Deno at `tests/offline_jsr`, a registry of that one package.
 *
 * @module
 */
import { root } from "./root.ts";

const PATIENCE = 10_000;

/** Environment variables under which `jsr:` imports resolve here: none where JSR answers, else the stand-in (said aloud). */
export async function jsrEnvironment(): Promise<Record<string, string>> {
  if (Deno.env.has("JSR_URL") || await resolves()) return {};
  console.error("JSR cannot be reached: tests use the project's stand-in for @std/assert (tests/std_assert).");
  return { JSR_URL: new URL("tests/offline_jsr/", root).href };
}

async function resolves(): Promise<boolean> {
  const cache = new Deno.Command(Deno.execPath(), {
    args: ["cache", "--no-config", "--no-lock", "jsr:@std/assert@^1"],
    signal: AbortSignal.timeout(PATIENCE),
    stdin: "null",
    stdout: "null",
    stderr: "null",
  });
  return (await cache.output()).success;
}
