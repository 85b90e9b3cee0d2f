/**
 * `deno.lock` pins the npm packages (the benchmarks depend on them). It cannot hold JSR's part as well, because a run with the
 * stand-in registry would record the stand-in's hash. So the tasks that load tests work on a copy and leave the file alone.
 *
 * @module
 */
import { root } from "./root.ts";

/** Copies `deno.lock` to a temporary file and returns the flag that makes Deno use the copy. */
export async function lockCopyFlag(): Promise<string> {
  const copy = await Deno.makeTempFile({ prefix: "layerfuse-", suffix: ".lock" });
  await Deno.copyFile(new URL("deno.lock", root), copy);
  globalThis.addEventListener("unload", () => Deno.removeSync(copy));
  return `--lock=${copy}`;
}
