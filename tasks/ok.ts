/**
 * `deno task ok [--without-tests]`: everything a change must pass, in the order in which it fails fastest. Stops at the first
 * step that fails.
 *
 * @module
 */
import config from "../deno.json" with { type: "json" };
import { jsrEnvironment } from "./jsr.ts";
import { lockCopyFlag } from "./lock.ts";
import { root } from "./root.ts";

const TESTS = "tests, doc tests and notebooks";
const lock = await lockCopyFlag();
const env = await jsrEnvironment();

const all: [name: string, args: string[]][] = [
  ["fmt", ["fmt", "--check"]],
  ["lint", ["lint"]],
  ["check", ["check", lock]],
  ["doc lint", ["doc", "--lint", lock, ...Object.values(config.exports)]],
  [TESTS, ["run", "--allow-all", "tasks/test.ts"]],
  ["publish --dry-run", ["publish", "--dry-run", "--allow-dirty"]],
];
const steps = Deno.args.includes("--without-tests") ? all.filter(([name]) => name !== TESTS) : all;

for (const [index, [name, args]] of steps.entries()) {
  console.log(`\n[${index + 1}/${steps.length}] ${name}`);
  const step = new Deno.Command(Deno.execPath(), { args, cwd: root, env, stdin: "null" });
  if (!(await step.spawn().status).success) {
    console.error(`\nnot ok: ${name} (deno ${args.join(" ")})`);
    Deno.exit(1);
  }
}
console.log("\nok");
