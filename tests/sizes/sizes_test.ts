/**
 * No change of the rewriter makes a fused model larger or slower than the table says. For a row that has to change, see
 * write_table.ts.
 */
import { assertEquals, assertGreater } from "@std/assert";
import { isInstalled, isRequired } from "../backend/suite.ts";
import { type FusedSize, fusedSize, ownModels, type Source, suiteModels } from "./fused_sizes.ts";

const table: Record<string, FusedSize> = JSON.parse(await Deno.readTextFile(new URL("table.json", import.meta.url)));

/** What is more than the table has; undefined where nothing is. */
function excess(now: FusedSize, then: FusedSize): string | undefined {
  const allowed = then.macs + now.macsBefore - then.macsBefore;
  const more = [
    now.nodes > then.nodes && `${now.nodes} nodes instead of ${then.nodes}`,
    now.macs > allowed && `${now.macs} multiply-accumulates instead of ${allowed}`,
    now.bytes > then.bytes && `${now.bytes} bytes instead of ${then.bytes}`,
  ].filter((text) => text !== false);
  return more.length > 0 ? more.join(", ") : undefined;
}

async function check(
  models: Iterable<[string, Source]> | AsyncIterable<[string, Source]>,
  least: number,
): Promise<void> {
  const grown: Record<string, string> = {};
  let seen = 0;
  for await (const [name, source] of models) {
    if (!table[name]) continue;
    seen++;
    const more = excess(await fusedSize(await source()), table[name]);
    if (more) grown[name] = more;
  }
  assertGreater(seen, least, "models that are in the table");
  assertEquals(grown, {}, "larger than the table says");
}

Deno.test("fused fixtures and architectures have no more nodes, arithmetic or bytes than in the table", () =>
  check(ownModels(), 15));

Deno.test({
  name: "fused models of the backend suite have no more nodes, arithmetic or bytes than in the table",
  ignore: !isInstalled && !isRequired,
  fn: () => check(suiteModels(), 1000),
});
