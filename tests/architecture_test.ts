/**
 * Holds the layers: what each folder of `src/` may import. The order is the way data flows, so a forbidden import is most often
 * knowledge in the wrong place (an operator in the engine, protobuf outside `proto/`).
 */
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { OPS } from "../src/ops/table.ts";
import { RULES } from "../src/rules/mod.ts";
import config from "../deno.json" with { type: "json" };
import { COMMANDS } from "../src/cli/command.ts";

/** Layers that a layer may import, itself aside. `mod.ts` and `cli` may import everything. */
const MAY_IMPORT: Record<string, string[]> = {
  host: [],
  io: ["host"], // files, downloads, their errors: knows nothing of ONNX
  proto: ["io"],
  tensor: [],
  graph: ["proto", "tensor", "io"],
  ops: ["graph", "tensor"],
  rewrite: ["ops", "graph", "tensor"], // tensor: it refuses new initializers that overflow
  rules: ["rewrite", "ops", "graph", "tensor"],
  fusion: ["host", "rules", "rewrite", "ops", "graph", "proto", "tensor", "io"],
  weights: ["proto", "tensor", "io"], // state dicts are byte ranges, as models are; they know no ONNX
  models: ["host", "fusion", "ops", "weights", "graph", "proto", "tensor", "bench", "io"], // fusion: the Model handle
  bench: ["host", "proto", "io"], // the graph that the runtime saves is read; models to compare stay files
  plot: ["host", "bench"],
  examples: ["host", "tensor", "graph", "fusion", "models", "bench", "plot"],
  cli: [
    "host",
    "io",
    "proto",
    "tensor",
    "graph",
    "ops",
    "rewrite",
    "rules",
    "fusion",
    "weights",
    "models",
    "bench",
    "plot",
  ],
};

/** The one layer that may import an npm package. */
const OWNER: Record<string, string> = {
  long: "proto",
  protobufjs: "proto",
  "onnxruntime-node": "bench",
  "junit-report-builder": "bench",
  "@observablehq/plot": "plot",
  linkedom: "plot",
  commander: "cli",
  "@bomb.sh/tab": "cli",
  "cli-progress": "cli",
};

interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
  /** Loaded when called (`await import()`), not at start. */
  dynamic: boolean;
}

const root = new URL("../", import.meta.url);

async function moduleGraph(entry: string): Promise<{ files: string[]; imports: Import[] }> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--no-lock", fileURLToPath(new URL(entry, root))],
    stderr: "null",
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout));
  const own = modules.filter((module: { specifier: string }) => module.specifier.startsWith(root.href));
  const relative = (specifier: string) => specifier.replace(root.href, "");
  return {
    files: own.map((module: { specifier: string; error?: string }) => {
      assert(!module.error, `${module.specifier}: ${module.error}`);
      return relative(module.specifier);
    }),
    // deno-lint-ignore no-explicit-any
    imports: own.flatMap((module: any) =>
      // deno-lint-ignore no-explicit-any
      (module.dependencies ?? []).map((dependency: any) => ({
        from: relative(module.specifier),
        to: relative((dependency.code ?? dependency.type).specifier ?? dependency.specifier),
        typeOnly: !dependency.code,
        dynamic: dependency.isDynamic === true,
      }))
    ),
  };
}

async function sourceFiles(folder: URL): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const url = new URL(entry.name + (entry.isDirectory ? "/" : ""), folder);
    if (entry.isDirectory) files.push(...await sourceFiles(url));
    else if (/\.tsx?$/.test(entry.name)) files.push(url.href.replace(root.href, ""));
  }
  return files;
}

/** What the command line loads by name, when it is asked for: an import that Deno does not see. */
const ON_DEMAND = [
  ...(await Deno.readTextFile(new URL("src/cli/on_demand.ts", root))).matchAll(/^ {2}"(.+)": typeof import/gm)
    .map(([, path]) => `src/${path}.ts`),
  ...Object.keys(COMMANDS).map((name) => `src/cli/commands/${name}.ts`),
];

const graphs = await Promise.all([...Object.values(config.exports), ...ON_DEMAND].map(moduleGraph));
const files = new Set(graphs.flatMap((graph) => graph.files));
const imports = graphs.flatMap((graph) => graph.imports);

const layerOf = (path: string): string | undefined => /^src\/([^/]+)\//.exec(path)?.[1];
const packageOf = (specifier: string): string | undefined => /^npm:\/?((?:@[^/]+\/)?[^@/]+)/.exec(specifier)?.[1];
const show = ({ from, to }: Import): string => `${from} imports ${to}`;
const unique = (found: Import[]): string[] => [...new Set(found.map(show))].sort();

Deno.test("every layer imports only the layers it may", () => {
  const layers = new Set([...files].map(layerOf).filter((layer) => layer !== undefined));
  assertEquals([...layers].filter((layer) => !MAY_IMPORT[layer]), [], "a folder of src/ that is no layer");
  const forbidden = imports.filter(({ from, to }) => {
    const [layer, target] = [layerOf(from), layerOf(to)];
    return layer && target && layer !== target && !MAY_IMPORT[layer].includes(target);
  });
  assertEquals(unique(forbidden), []);
});

Deno.test("plot/ imports of bench/ nothing but its types", () => {
  const more = imports.filter(({ from, to, typeOnly }) =>
    layerOf(from) === "plot" && layerOf(to) === "bench" && !(typeOnly && to === "src/bench/types.ts")
  );
  assertEquals(unique(more), []);
});

Deno.test("an npm package that one layer owns is imported by no other", () => {
  const strangers = imports.filter(({ from, to }) => {
    const owner = OWNER[packageOf(to) ?? ""];
    return owner && layerOf(from) !== owner;
  });
  assertEquals(unique(strangers), []);
  for (const [name, owner] of Object.entries(OWNER)) {
    assert(
      imports.some(({ from, to }) => packageOf(to) === name && layerOf(from) === owner),
      `${owner} imports ${name}`,
    );
  }
});

Deno.test("src/ takes its dependencies from npm, Deno and node: only", () => {
  const others = imports.filter(({ from, to }) =>
    layerOf(from) && !/^(npm:|node:|src\/|mod\.ts$|deno\.json$)/.test(to)
  );
  assertEquals(unique(others), []);
});

Deno.test("no file of src/ imports an entry point above its layer", () => {
  const upward = imports.filter(({ from, to }) => to === "mod.ts" && layerOf(from) !== "cli");
  assertEquals(unique(upward.filter(({ from }) => layerOf(from))), []);
});

Deno.test("every file of src/ is reached from an entry point", async () => {
  const dead = (await sourceFiles(new URL("src/", root))).filter((file) => !files.has(file));
  assertEquals(dead.sort(), [], "nothing imports these files (a rule stands in the list of src/rules/mod.ts)");
});

Deno.test("no files of src/ import one another in a circle, be it for types alone", () => {
  const next = new Map<string, Set<string>>();
  const isListed = (from: string) => from === "src/cli/on_demand.ts"; // it names what is loaded when asked for, and imports nothing
  for (const { from, to } of imports) {
    if (files.has(to) && !isListed(from)) next.set(from, (next.get(from) ?? new Set()).add(to));
  }
  const done = new Set<string>(), circles: string[] = [];
  const visit = (file: string, path: string[]): void => {
    if (path.includes(file)) return void circles.push([...path.slice(path.indexOf(file)), file].join(" → "));
    if (done.has(file)) return;
    for (const other of next.get(file) ?? []) visit(other, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  assertEquals(circles, []);
});

/** Operators that graph/ writes itself: they stand for an initializer, and for a value under another name. */
const GRAPH_WRITES = ["Constant", "Identity"];

Deno.test("rules/ and rewrite/ name no operator: they ask for views; graph/ only what it writes itself", async () => {
  const all = Object.values(OPS).flatMap(Object.keys), named: string[] = [];
  for (const folder of ["src/rules/", "src/rewrite/", "src/graph/"]) {
    const operators = new Set(folder === "src/graph/" ? all.filter((name) => !GRAPH_WRITES.includes(name)) : all);
    for (const path of await sourceFiles(new URL(folder, root))) {
      const text = await Deno.readTextFile(new URL(path, root));
      const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "").replace(/^ {2}summary:\s*"[^"]*",$/gm, "");
      const literals = [...code.matchAll(/(["'`])([A-Z]\w*)\1/g)].map(([, , word]) => word);
      const found = literals.filter((word) => operators.has(word));
      if (found.length > 0) named.push(`${path}: ${[...new Set(found)].join(", ")}`);
    }
  }
  assertEquals(named, [], "these name operators: rules ask for views, operatorsWith(…) says where they look");
});

Deno.test("every rule has a file of tests of its name, or one that names it", async () => {
  const tests = await sourceFiles(new URL("tests/rules/", root));
  const texts = await Promise.all(tests.map((path) => Deno.readTextFile(new URL(path, root))));
  const untested = RULES.filter(({ name }) =>
    !tests.includes(`tests/rules/${name.replaceAll("-", "_")}_test.ts`) && !texts.some((text) => text.includes(name))
  );
  assertEquals(untested.map(({ name }) => name), [], "these have no tests/rules/<name>_test.ts");
});

/** Names that files export as values, and those that files take from others, as `file#name`; `file#*` where all are taken. */
async function exportsAndImports(paths: string[]): Promise<{ exported: string[]; imported: Set<string> }> {
  const exported: string[] = [], imported = new Set<string>();
  const declared = /^export (?:async |abstract )*(?:const|let|function\*?|class) (\w+)/gm;
  const clause = /(?:import|export)\s+(?:type\s+)?(\*|\{[^}]*\})(?:\s+as\s+\w+)?\s+from\s+"(\.[^"]+)"/g;
  for (const path of paths) {
    const text = await Deno.readTextFile(new URL(path, root));
    const target = (from: string) => new URL(from, new URL(path, root)).href.replace(root.href, "");
    for (const [, name] of text.matchAll(declared)) exported.push(`${path}#${name}`);
    for (const [, names, from] of text.matchAll(clause)) {
      if (names === "*") imported.add(`${target(from)}#*`);
      else for (const [name] of names.matchAll(/\w+/g)) imported.add(`${target(from)}#${name}`);
    }
    for (const [, from] of text.matchAll(/import\(\s*"(\.[^"]+)"/g)) imported.add(`${target(from)}#*`);
    for (const [, from] of text.matchAll(/new URL\("(\.[^"]+\.ts)", import\.meta\.url\)/g)) {
      imported.add(`${target(from)}#*`);
    }
  }
  return { exported, imported };
}

Deno.test("every value that a file of src/ exports is imported by another, or is an entry point's", async () => {
  const folders = ["src/", "tests/", "bench/", "tasks/"].map((folder) => sourceFiles(new URL(folder, root)));
  const paths = [...(await Promise.all(folders)).flat(), "mod.ts"].filter((path) => !path.endsWith(".d.ts"));
  const { exported, imported } = await exportsAndImports(paths);
  const entries = new Set(Object.values(config.exports).map((path) => path.replace("./", "")));
  const isCommand = (file: string) => file.startsWith("src/cli/commands/"); // the command line imports them by name
  const unused = exported.filter((name) => {
    const [file] = name.split("#");
    if (!file.startsWith("src/") || entries.has(file) || isCommand(file)) return false;
    return !imported.has(name) && !imported.has(`${file}#*`);
  });
  assertEquals(unused.sort(), []);
});

Deno.test("layerfuse fuse loads neither ONNX Runtime nor the plots", () => {
  const loaded = new Set([
    "src/cli/main.ts",
    "src/cli/commands/fuse.ts",
    "src/fusion/mod.ts",
  ]);
  for (const file of loaded) { // a Set iterates over what is added on the way
    for (const { from, to, typeOnly, dynamic } of imports) if (from === file && !typeOnly && !dynamic) loaded.add(to);
  }
  const isAlone = (path: string) => imports.every(({ from }) => from !== path); // words and numbers: they cost nothing
  const slow = [...loaded].filter((path) =>
    /^src\/(bench|plot)\//.test(path) && !isAlone(path) || OWNER[packageOf(path) ?? ""] === "bench"
  );
  assertEquals(slow, [], "these cost every start of the command line");
});

Deno.test("src/ names Deno in one place only, so that Node and browsers run the rest", async () => {
  const named = [];
  for (const file of [...await sourceFiles(new URL("src/", root)), "mod.ts"]) {
    const code = (await Deno.readTextFile(new URL(file, root))).replace(
      /\/\*[\s\S]*?\*\/|\/\/.*$|(["'`])(?:\\.|(?!\1)[^\\])*\1/gm,
      "",
    );
    if (/\bDeno[.?;,)\]]/.test(code)) named.push(file);
  }
  assertEquals(named, ["src/host/deno.ts"]);
});
