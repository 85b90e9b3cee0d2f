/**
 * `deno task test [DENO TEST ARGUMENTS]`: every test with its set-up. Without arguments that is `deno test` with the doc
 * tests, then each notebook executed in the Deno kernel (skipped aloud where there is no Python; required when CI is set),
 * then their reports and JupyterLab looked at in a browser (skipped aloud where there is no Chromium; required when
 * LAYERFUSE_REQUIRE_BROWSER is set). The last line counts them all.
 *
 * @module
 */
import { browserChecks } from "./browser_checks.ts";
import { jsrEnvironment } from "./jsr.ts";
import { lockCopyFlag } from "./lock.ts";
import { notebookPaths, testNotebooks } from "./notebooks.ts";
import { root } from "./root.ts";
import { add, type Counts, parseCounts } from "./test_counts.ts";

/** Notebooks run with a small model and short timings here, unless the caller's environment says otherwise. */
const QUICK = { LAYERFUSE_ARCHITECTURE: "resnet18", LAYERFUSE_SIZE: "64", LAYERFUSE_SECONDS: "1" };

async function denoTest(args: string[], env: Record<string, string>): Promise<Counts> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--allow-all", await lockCopyFlag(), "--doc", ...args],
    cwd: root,
    env,
    stdin: "null",
    stdout: "piped",
  }).spawn();
  let output = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    output += decoder.decode(chunk, { stream: true });
    await Deno.stdout.write(chunk);
  }
  return parseCounts(output, (await child.status).success);
}

async function main(): Promise<number> {
  const jsr = await jsrEnvironment();
  let total = await denoTest(Deno.args, jsr);
  if (Deno.args.length === 0) {
    const required = Boolean(Deno.env.get("CI"));
    const quick = Object.fromEntries(Object.entries(QUICK).map(([key, value]) => [key, Deno.env.get(key) ?? value]));
    const notebooks = await notebookPaths();
    const executed = await testNotebooks(notebooks, { env: { ...quick, ...jsr }, required });
    total = add(total, executed);
    if (executed.skipped > 0) {
      console.error("SKIPPED their reports and JupyterLab in a browser: they were not executed.");
    } else if (executed.failed === 0) {
      total = add(total, await browserChecks(notebooks, { required: Deno.env.has("LAYERFUSE_REQUIRE_BROWSER") }));
    }
  }
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
