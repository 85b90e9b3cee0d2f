/**
 * `deno task npm [FOLDER]`: the npm package, for Node 20 and later, in `npm/`: ESM compiled by esbuild, declarations by TypeScript, and a
 * package.json whose versions are those of deno.json. `npm pack npm/` then makes the file that `npm publish` would send.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { root } from "../root.ts";
import { bundle } from "./bundle.ts";
import { versionOf } from "./packages.ts";
import { writeTypes } from "./types.ts";

/** Exports of deno.json that Node gets; examples are what the notebooks show, and stay with them. */
const EXPORTS = Object.entries(config.exports).filter(([name]) => name !== "./examples");

/** What `npx layerfuse` starts. */
const BIN = `#!/usr/bin/env node
import process from "node:process";
import { main } from "../cli.js";

process.exit(await main(process.argv.slice(2)));
`;

function outputName(name: string): string {
  return name === "." ? "mod" : name.slice(2);
}

/** Writes the package into a folder, which is emptied first. */
export async function writePackage(folder: string): Promise<void> {
  const from = fileURLToPath(root);
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(join(folder, "dist/bin"), { recursive: true });
  const dependencies = await bundle({
    root: from,
    outdir: join(folder, "dist"),
    inject: [join(from, "tasks/npm/polyfills.ts")],
    entries: Object.fromEntries([
      ...EXPORTS.map(([name, path]) => [outputName(name), path]),
      ["trial_process", "src/bench/trial_process.ts"], // a program of its own
    ]),
  });
  await writeTypes(from, EXPORTS.map(([, path]) => path), join(folder, "types"));
  await Deno.writeTextFile(join(folder, "dist/bin/layerfuse.js"), BIN);
  await Deno.chmod(join(folder, "dist/bin/layerfuse.js"), 0o755);
  for (const file of ["README.md", "LICENSE"]) await Deno.copyFile(join(from, file), join(folder, file));
  const manifest = {
    name: "layerfuse",
    version: config.version,
    description: "Fuse consecutive linear layers of ONNX models, and measure what that changed",
    license: config.license,
    type: "module",
    engines: { node: ">=20" },
    bin: { layerfuse: "dist/bin/layerfuse.js" },
    exports: Object.fromEntries(EXPORTS.map(([name, path]) => [name, {
      types: `./types/${path.replace(/^\.\//, "").replace(/\.ts$/, ".d.ts")}`,
      default: `./dist/${outputName(name)}.js`,
    }])),
    files: ["dist", "types"],
    dependencies: Object.fromEntries(dependencies.map((name) => [name, versionOf(name)])),
  };
  await Deno.writeTextFile(join(folder, "package.json"), JSON.stringify(manifest, null, 2) + "\n");
}

if (import.meta.main) {
  const folder = resolve(Deno.args[0] ?? fileURLToPath(new URL("npm/", root)));
  await writePackage(folder);
  console.log(`${folder}: layerfuse ${config.version} for Node; npm pack ${folder}`);
}
