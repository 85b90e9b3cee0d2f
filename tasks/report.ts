/**
 * `deno task report [NOTEBOOK…] [--to html|markdown] [--author NAME] [--executed]`: executes notebooks (all of `notebooks/` by
 * default) in the Deno kernel and writes each as one self-contained page to `reports/`. With `--executed` the copies that
 * the last run left in `reports/notebooks/` are taken as they are.
 *
 * @module
 */
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describeEnvironment } from "../src/bench/mod.ts";
import type { Executed } from "./executed.ts";
import { jsrEnvironment } from "./jsr.ts";
import { notebookMarkdown } from "./notebook_markdown.ts";
import { notebookPage } from "./notebook_page.ts";
import { executedPath, notebookPaths, testNotebooks } from "./notebooks.ts";
import { root } from "./root.ts";
import { taskOptions } from "./task_options.ts";

const FORMATS = ["html", "markdown"];

/** Writes the report of one executed notebook and returns its path. */
export async function writeReport(
  executed: string,
  { to, author, folder }: { to: string; author?: string; folder: string },
): Promise<string> {
  const notebook = JSON.parse(await Deno.readTextFile(executed)) as Executed;
  const by = author ?? notebook.metadata?.authors?.map(({ name }) => name).join(", ") ?? "";
  const environment = await describeEnvironment({ provider: "cpu", threads: 1, seed: 0 });
  const name = basename(executed, ".ipynb");
  await Deno.mkdir(folder, { recursive: true });
  if (to === "html") {
    const path = `${folder}/${name}.html`;
    await Deno.writeTextFile(path, notebookPage(notebook, { author: by, environment }));
    return path;
  }
  const { text, files } = notebookMarkdown(notebook, { author: by, environment, folder: `${name}_files` });
  const path = `${folder}/${name}.md`;
  await Deno.mkdir(`${folder}/${name}_files`, { recursive: true });
  for (const [file, svg] of files) await Deno.writeTextFile(`${folder}/${file}`, svg);
  await Deno.writeTextFile(path, text);
  return path;
}

async function main(): Promise<number> {
  const { values, positionals } = await taskOptions(import.meta.url, {
    allowPositionals: true,
    options: {
      to: { type: "string", default: "html" },
      author: { type: "string" },
      executed: { type: "boolean", default: false },
    },
  });
  if (!FORMATS.includes(values.to)) {
    console.error(`--to ${values.to}: unknown; expected ${FORMATS.join(" or ")}`);
    return 2;
  }
  const started = Deno.env.get("INIT_CWD") ?? Deno.cwd();
  const paths = positionals.length > 0 ? positionals.map((path) => resolve(started, path)) : await notebookPaths();
  if (!values.executed) {
    const counts = await testNotebooks(paths, { env: await jsrEnvironment(), required: true });
    if (counts.failed > 0) return 1;
    console.log();
  }
  for (const path of paths) {
    const folder = fileURLToPath(new URL("reports", root));
    console.log(await writeReport(executedPath(path), { to: values.to, author: values.author, folder }));
  }
  return 0;
}

if (import.meta.main) Deno.exit(await main());
