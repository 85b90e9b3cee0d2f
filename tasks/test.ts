/**
 * `deno task test [DENO TEST ARGUMENTS]`: every test with its set-up. Without arguments that is `deno test` with the doc
 * tests, on every core, then by themselves the tests that measure, then fused models in ONNX's own checker and each notebook executed in the Deno kernel (skipped
 * aloud where there is no Python; required when CI is set), then their reports and JupyterLab looked at in a browser
 * (skipped aloud where there is no Chromium; required when LAYERFUSE_REQUIRE_BROWSER is set). The last line counts them all.
 *
 * @module
 */
import { browserChecks } from "./browser_checks.ts";
import { checkOnnx } from "./check_onnx.ts";
import { jsrEnvironment } from "./jsr.ts";
import { lockCopyFlag } from "./lock.ts";
import { notebookPaths, testNotebooks } from "./notebooks.ts";
import { root } from "./root.ts";
import { add, type Counts, parseCounts } from "./test_counts.ts";

/** Notebooks run with a small model and short timings here, unless the caller's environment says otherwise. */
const QUICK = { LAYERFUSE_ARCHITECTURE: "resnet18", LAYERFUSE_SIZE: "64", LAYERFUSE_SECONDS: "1" };

/** Tests that measure time or memory, start programs that do, or change the environment: they run one after another. */
const ALONE = [
  "tests/bench",
  "tests/cli",
  "tests/examples",
  "tests/playground",
  "tests/tasks",
  "tests/fusion/measure_test.ts",
  "tests/models/build_test.ts",
  "tests/models/imagenet_test.ts",
  "tests/ops/evaluate_bounds_test.ts",
  "tests/rewrite/driver_test.ts",
  "tests/rewrite/scaling_test.ts",
];

async function denoTest(args: string[], env: Record<string, string>): Promise<Counts> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--allow-all", await lockCopyFlag(), ...args],
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
  const isWhole = Deno.args.length === 0;
  let total = await denoTest(
    isWhole ? ["--doc", "--parallel", `--ignore=${ALONE.join()}`] : ["--doc", ...Deno.args],
    jsr,
  );
  if (isWhole) {
    total = add(total, await denoTest(ALONE, jsr));
    const required = Boolean(Deno.env.get("CI"));
    total = add(total, await checkOnnx({ required }));
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
