/**
 * `deno task notebooks [FILES]`: executes notebooks (all of `notebooks/` by default) in the real Deno kernel through Jupyter
 * and fails on a cell's error, and on a cell that should have shown something and did not. The executed copies go to
 * `reports/notebooks/`; the committed notebooks stay without outputs.
 *
 * @module
 */
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { jsrEnvironment } from "./jsr.ts";
import { installKernel, KERNEL } from "./kernel.ts";
import { hasError, type Notebook, problems } from "./notebook_problems.ts";
import { type Needs, pythonWith } from "./python.ts";
import { root } from "./root.ts";
import type { Counts } from "./test_counts.ts";

/** What executing a notebook takes. */
export const NOTEBOOK_NEEDS: Needs = {
  check: "import nbformat, nbclient, sys; sys.exit(nbclient.version_info[:2] < (0, 8))",
  requirements: "jupyter/requirements.txt",
};
/** Seconds one cell may take: the longest benchmarks ResNet-101. */
const CELL_TIMEOUT = 900;

/** Paths of the project's notebooks, in order. */
export async function notebookPaths(): Promise<string[]> {
  const folder = new URL("notebooks/", root);
  const names = await Array.fromAsync(Deno.readDir(folder), (entry) => entry.name);
  return names.filter((name) => name.endsWith(".ipynb")).sort().map((name) => fileURLToPath(new URL(name, folder)));
}

/** Executes each notebook. Where Jupyter is missing and cannot be installed they count as skipped, or failed if required. */
export async function testNotebooks(
  paths: string[],
  options: { env: Record<string, string>; required: boolean },
): Promise<Counts> {
  const python = await pythonWith(NOTEBOOK_NEEDS);
  if (!python.path) {
    console.error(`\n${options.required ? "FAILED" : "SKIPPED"} ${paths.length} notebooks: ${python.missing}.`);
    console.error("They need Jupyter: Python 3.9 or later with pip and venv, or `jupyter` on PATH.");
    return { passed: 0, failed: options.required ? paths.length : 0, skipped: options.required ? 0 : paths.length };
  }
  const env = { ...options.env, ...await installKernel() };
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const path of paths) {
    const started = performance.now();
    console.log(`\n${basename(path)} in the Deno kernel`);
    const found = await execute(python.path, path, env);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${basename(path)} ... ${found.length === 0 ? "ok" : "FAILED"} (${seconds} s)`);
    for (const problem of found) console.log(problem.replace(/^/gm, "  "));
    counts[found.length === 0 ? "passed" : "failed"]++;
  }
  return counts;
}

/** Where the executed copy of a notebook is. */
export function executedPath(notebook: string): string {
  return fileURLToPath(new URL(`reports/notebooks/${basename(notebook)}`, root));
}

async function execute(python: string, source: string, env: Record<string, string>): Promise<string[]> {
  const target = executedPath(source);
  await Deno.remove(target).catch(() => {});
  const script = fileURLToPath(new URL("tasks/jupyter/execute.py", root));
  const child = new Deno.Command(python, {
    args: [script, source, target, KERNEL, String(CELL_TIMEOUT)],
    env,
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  const { success } = await child.status;
  const text = await Deno.readTextFile(target).catch(() => undefined);
  if (text === undefined) return [`${source} could not be executed; Jupyter's message is above`];
  const notebook = JSON.parse(text) as Notebook;
  const ended = success || hasError(notebook);
  return ended ? problems(notebook) : ["the notebook did not run to its end; Jupyter's message is above"];
}

if (import.meta.main) {
  const started = Deno.env.get("INIT_CWD") ?? Deno.cwd();
  const paths = Deno.args.length > 0 ? Deno.args.map((path) => resolve(started, path)) : await notebookPaths();
  const counts = await testNotebooks(paths, { env: await jsrEnvironment(), required: true });
  console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  Deno.exit(counts.failed === 0 && paths.length > 0 ? 0 : 1);
}
