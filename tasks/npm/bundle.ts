/**
 * Compiles src/ to ESM for Node with esbuild: it lowers `using`, which Node 20 does not know, and splits what the command line
 * loads on demand. Dependencies stay imports, but for those in `BUNDLED`.
 *
 * @module
 */
import * as esbuild from "esbuild";
import { basename, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { COMMANDS } from "../../src/cli/command.ts";

/** Bundled: commander's newest names Node 22 as its least, and runs on 20; the polyfills are no dependency of a user's. */
const BUNDLED = ["commander", "core-js", "@petamoriken/float16"];

/** Where the process that tries a model lies when its neighbour is in a chunk or in an entry. */
const TRIAL_PROCESS =
  'new URL(import.meta.url.includes("/chunks/") ? "../trial_process.js" : "trial_process.js", import.meta.url).href';

/** What to compile. */
export interface BundleOptions {
  /** Folder of the sources. */
  root: string;
  /** Source files by the name of their output, without ending. */
  entries: Record<string, string>;
  /** Where to write. */
  outdir: string;
  /** Files that every output imports first. */
  inject: string[];
  /** Further plugins, first. */
  plugins?: esbuild.Plugin[];
}

/** Compiles, and gives the names of the packages that the result imports. */
export async function bundle({ root, entries, outdir, inject, plugins = [] }: BundleOptions): Promise<string[]> {
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir,
    inject,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    metafile: true,
    sourcemap: true,
    sourcesContent: false,
    chunkNames: "chunks/[name]-[hash]",
    logLevel: "warning",
    logOverride: { "package.json": "silent" }, // of @petamoriken/float16, which nothing here can mend
    plugins: [...plugins, onDemand, packages],
  });
  await esbuild.stop();
  const imports = Object.values(metafile.outputs).flatMap(({ imports }) => imports).filter(({ external }) => external);
  return [...new Set(imports.map(({ path }) => packageOf(path)))].filter((name) => !name.startsWith("node:")).sort();
}

/** The package of an import: `pure-rand/generator/x` is of `pure-rand`. */
function packageOf(specifier: string): string {
  return specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

/** What Deno must not see at each start (src/cli/command.ts, src/cli/on_demand.ts) is written out here, so that esbuild sees it. */
const onDemand: esbuild.Plugin = {
  name: "on demand",
  setup(build) {
    build.onLoad({ filter: /[/\\]cli[/\\](command|on_demand)\.ts$/ }, async ({ path }) => {
      const source = await Deno.readTextFile(path), isCommand = basename(path) === "command.ts";
      const files = isCommand
        ? Object.keys(COMMANDS).map((name) => [name, `./commands/${name}.ts`])
        : [...source.matchAll(/^ {2}"(.+)": typeof import\("(.+)"\)/gm)].map(([, name, file]) => [name, file]);
      const loaders = files.map(([name, file]) => `${JSON.stringify(name)}: () => import("${file}")`);
      const contents = source.replace(
        "await import(file)",
        `await ({ ${loaders.join(", ")} })[${isCommand ? "name" : "path"}]()`,
      );
      if (contents === source) throw new Error(`${path}: no import(file) to replace`);
      return { contents, loader: "ts" };
    });
  },
};

/** Packages stay imports, or come from Deno's cache; `npm:` specifiers become names. */
const packages: esbuild.Plugin = {
  name: "packages",
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async ({ path, resolveDir, kind }) => {
      if (kind === "entry-point" || path.startsWith("node:")) return undefined;
      const name = packageOf(path);
      if (!BUNDLED.includes(name)) {
        return { path: path.replace(/^npm:((?:@[^/@]+\/)?[^@/]+)@[^/]+/, "$1"), external: true };
      }
      if (resolveDir.includes("registry.npmjs.org")) return undefined;
      if (import.meta.resolve(path).startsWith("npm:")) await import(path); // then it is in Deno's cache
      return { path: fileURLToPath(import.meta.resolve(path)) };
    });
    build.onLoad({ filter: /[/\\]src[/\\].*\.ts$/ }, async ({ path }) => {
      const source = await Deno.readTextFile(path);
      const contents = source.replaceAll(/resolve\("npm:((?:@[^/@"]+\/)?[^@/"]+)@[^/"]+/g, 'resolve("$1')
        .replace('import.meta.url.replace(/trial(\\.\\w+)$/, "trial_process$1")', TRIAL_PROCESS);
      return { contents, loader: "ts", resolveDir: dirname(resolve(path)) };
    });
  },
};
