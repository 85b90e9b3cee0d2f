import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

const root = new URL("../../", import.meta.url);

async function run(file: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", file, ...args],
    cwd: root,
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

for (
  const [task, file] of [
    ["fuzz", "tests/fuzz/main.ts"],
    ["results", "bench/results.ts"],
    ["bench:rewrite", "bench/rewrite_cost.ts"],
    ["bench:selftest", "bench/selftest.ts"],
    ["peers", "tasks/peers/main.ts"],
    ["report", "tasks/report.ts"],
  ]
) {
  Deno.test(`deno task ${task} says what its options are, and refuses others in one line`, async () => {
    const help = await run(file, "--help");
    assertEquals(help.code, 0, help.stderr);
    assertStringIncludes(help.stdout, `\`deno task ${task} [`);
    const wrong = await run(file, "--nonsense", "1");
    assertEquals([wrong.code, wrong.stdout], [2, ""]);
    assertMatch(wrong.stderr, /^Unknown option '--nonsense'; --help says what there is\n$/);
  });
}

Deno.test("a misspelt option of a task is answered with the nearest", async () => {
  const { code, stderr } = await run("tests/fuzz/main.ts", "--sed=1");
  assertEquals([code, stderr], [2, "Unknown option '--sed'; did you mean --seed? --help says what there is\n"]);
});

Deno.test("an option of a task without its value is refused", async () => {
  const { code, stderr } = await run("tests/fuzz/main.ts", "--seed");
  assertEquals([code, stderr], [2, "Option '--seed <value>' argument missing; --help says what there is\n"]);
});
