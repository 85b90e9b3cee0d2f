/**
 * `deno task test:node [FILE…]`: the tests of the rewriter and of the benchmark under Node, against the sources compiled as for the npm
 * package. Files that are about Deno itself are left out, by name and with the reason.
 *
 * @module
 */
import { walk } from "./walk.ts";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Plugin } from "esbuild";
import { root } from "../root.ts";
import { bundle } from "./bundle.ts";
import { installPackages } from "./packages.ts";

/** Folders of tests/ that run in Node. */
const FOLDERS = ["fusion", "graph", "ops", "rewrite", "rules", "tensor", "proto", "io", "bench"];

/** Files about Deno itself, and why they are not for Node. */
const LEFT_OUT: Record<string, string> = {
  "tests/bench/deno_bench_test.ts": "deno bench",
  "tests/bench/memory_test.ts": "starts a Deno program",
  "tests/bench/telemetry_test.ts": "starts a Deno program",
  "tests/bench/webgpu_test.ts": "starts a Deno program",
  "tests/fusion/save_killed_test.ts": "starts a Deno program",
  "tests/io/killed_save_test.ts": "starts a Deno program",
  "tests/fusion/explain_url_test.ts": "Deno.serve",
  "tests/io/download_test.ts": "Deno.serve",
};

const from = fileURLToPath(root);

/** Tests take Deno's namespace and @std/assert from stand-ins, and know where they lay. */
const testing: Plugin = {
  name: "testing",
  setup(build) {
    build.onResolve({ filter: /^@std\/assert$/ }, () => ({ path: join(from, "tests/std_assert/mod.ts") }));
    build.onLoad({ filter: /[/\\]tests[/\\].*\.ts$/ }, async ({ path }) => {
      const source = (await Deno.readTextFile(path)).replaceAll(
        "import.meta.url",
        JSON.stringify(pathToFileURL(path).href),
      );
      const usesDeno = /\bDeno\./.test(source);
      const shim = `import { Deno } from ${JSON.stringify(join(from, "tasks/npm/deno_in_node.ts"))};\n`;
      return { contents: usesDeno ? shim + source : source, loader: "ts" };
    });
  },
};

async function main(files: string[]): Promise<number> {
  const all = (await Promise.all(FOLDERS.map((folder) => walk(join(from, "tests", folder))))).flat();
  const tests = files.length > 0
    ? files.map((file) => join(from, file))
    : all.filter((path) => path.endsWith("_test.ts"));
  const chosen = tests.filter((path) => {
    const reason = LEFT_OUT[path.slice(from.length)];
    if (reason) console.error(`left out: ${path.slice(from.length)} (${reason})`);
    return !reason;
  });
  const folder = await Deno.makeTempDir({ prefix: "layerfuse_node_" });
  try {
    const packages = await bundle({
      root: from,
      outdir: join(folder, "dist"),
      inject: [join(from, "tasks/npm/polyfills.ts")],
      entries: Object.fromEntries([
        ...chosen.map((path) => [path.slice(from.length).replace(/\.ts$/, ""), path]),
        ["trial_process", "src/bench/trial_process.ts"],
        ["trial", "src/bench/trial.ts"], // an entry of its own: then its code is in a chunk, whatever imports it
      ]),
      plugins: [testing],
    });
    await installPackages(folder, packages);
    const { code } = await new Deno.Command("node", {
      args: [
        "--test",
        "--test-reporter=spec",
        ...chosen.map((path) => join("dist", path.slice(from.length).replace(/\.ts$/, ".js"))),
      ],
      cwd: folder,
      stdin: "null",
    }).spawn().status;
    return code;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
