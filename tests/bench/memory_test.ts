import { assert, assertLess } from "@std/assert";

/** What a hundred comparisons, 2000 sessions, may add, bytes. One whose sessions are not released takes more than 6 MB. */
const GROWTH = 16e6;

Deno.test("two hundred compare() in one process do not grow memory", async () => {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    // a young generation of one size: V8 else enlarges it for as long as much is made and let go of
    args: [
      "run",
      "-A",
      "--no-lock",
      "--v8-flags=--max-semi-space-size=4,--expose-gc",
      new URL("memory_compare.ts", import.meta.url).pathname,
    ],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  const [half, all] = JSON.parse(new TextDecoder().decode(stdout)) as number[];
  assertLess(all - half, GROWTH, `${(half / 1e6).toFixed(0)} MB after 100, ${(all / 1e6).toFixed(0)} MB after 200`);
});
