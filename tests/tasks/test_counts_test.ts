import { assertEquals } from "@std/assert";
import { add, parseCounts } from "../../tasks/test_counts.ts";

Deno.test("parseCounts() reads deno test's closing line, colours and steps included", () => {
  const plain = "a ... ok (1ms)\n\nok | 12 passed | 0 failed (28ms)\n";
  assertEquals(parseCounts(plain, true), { passed: 12, failed: 0, skipped: 0 });
  const coloured =
    "\x1b[0m\x1b[31mFAILED\x1b[0m | 1 passed (3 steps) | 2 failed (1 step) | 4 ignored \x1b[0m(40ms)\x1b[0m\n";
  assertEquals(parseCounts(coloured, false), { passed: 1, failed: 2, skipped: 4 });
});

Deno.test("parseCounts() counts a run that failed without a failed test", () => {
  assertEquals(parseCounts("error: Type checking failed.\n", false), { passed: 0, failed: 1, skipped: 0 });
  assertEquals(parseCounts("ok | 3 passed | 0 failed (1s)\nerror: leaks\n", false), {
    passed: 3,
    failed: 1,
    skipped: 0,
  });
});

Deno.test("parseCounts() takes the last closing line, not one that a test printed", () => {
  const output = "ok | 900 passed | 0 failed (1s)\n\nok | 2 passed | 0 failed (2s)\n";
  assertEquals(parseCounts(output, true), { passed: 2, failed: 0, skipped: 0 });
});

Deno.test("parseCounts() reads what this Deno prints", async () => {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/sample_test.ts`;
  await Deno.writeTextFile(
    file,
    `Deno.test("a", () => {}); Deno.test("b", async (t) => { await t.step("s", () => {}); });
     Deno.test("c", () => { throw new Error("x"); }); Deno.test({ name: "d", ignore: true, fn() {} });`,
  );
  const run = new Deno.Command(Deno.execPath(), { args: ["test", "--no-config", file], stderr: "null" });
  const { stdout, success } = await run.output();
  await Deno.remove(folder, { recursive: true });
  assertEquals(parseCounts(new TextDecoder().decode(stdout), success), { passed: 2, failed: 1, skipped: 1 });
});

Deno.test("add() sums counts", () => {
  const sum = add({ passed: 1, failed: 2, skipped: 3 }, { passed: 10, failed: 20, skipped: 30 });
  assertEquals(sum, { passed: 11, failed: 22, skipped: 33 });
});
