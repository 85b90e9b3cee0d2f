/**
 * `deno run -A tests/sizes/write_table.ts` writes `table.json` anew: the sizes that no later change may exceed. Written with
 * the rewriter as it was before its operators got one entry each; a row is changed only where a larger result is right, by
 * naming it: `write_table.ts suite/node/test_gelu_default_1 …`. Format it with `deno fmt` afterwards.
 */
import { type FusedSize, fusedSize, ownModels, suiteModels } from "./fused_sizes.ts";

const path = new URL("table.json", import.meta.url);
const only = new Set(Deno.args);
const table: Record<string, FusedSize> = only.size > 0 ? JSON.parse(await Deno.readTextFile(path)) : {};
for (const models of [ownModels(), suiteModels()]) {
  for await (const [name, source] of models) {
    if (only.size > 0 && !only.has(name)) continue;
    try {
      table[name] = await fusedSize(await source());
    } catch (error) {
      console.warn(`${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
}
const rows = Object.entries(table).map(([name, size]) => `${JSON.stringify(name)}: ${JSON.stringify(size)}`);
await Deno.writeTextFile(path, `{\n${rows.join(",\n")}\n}\n`);
console.log(`${rows.length} rows`);
