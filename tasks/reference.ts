/**
 * `deno task reference`: docs/reference.md, the main functions of the library with all of their options, made of their doc comments;
 * src/cli/help.json, the help of each command, made of its options;
 * and in reports/reference/ HTML pages of everything that any entry point exports.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { COMMANDS } from "../src/cli/command.ts";
import { helpOf } from "../src/cli/program.ts";
import { jsrEnvironment } from "./jsr.ts";
import { root } from "./root.ts";

/** The functions of the page, in the order one meets them, and the interface of each one's options. */
const FUNCTIONS = {
  open: "OpenOptions",
  build: "BuildOptions",
  fuse: "MeasuredFuseOptions",
  explain: "FuseOptions",
  compare: "CompareOptions",
};

interface Doc {
  doc?: string;
  tags?: { kind: string; name?: string; tsType?: { repr: string }; doc?: string }[];
}

interface Declaration {
  location: { filename: string; line: number };
  jsDoc?: Doc;
  def: {
    extends?: TypeReference[];
    properties?: { name: string; jsDoc?: Doc; location: Declaration["location"] }[];
  };
}

interface TypeReference {
  value: { typeName: string; typeParams?: TypeReference[] };
}

/** The page, as Markdown; `deno fmt` has yet to break its lines. */
export async function referencePage(): Promise<string> {
  const symbols = await symbolsOf(["mod.ts", "src/bench/mod.ts", "src/models/mod.ts"]);
  const sections: string[] = [];
  for (const [name, options] of Object.entries(FUNCTIONS)) sections.push(await section(symbols, name, options));
  return `# Reference: the main functions

Everything else that the library exports: \`deno doc mod.ts\`, or the pages that \`npx -y deno task reference\` writes to
\`reports/reference/\`. This page is made of the doc comments by the same task; its examples run as tests where they stand.

${sections.join("\n\n")}
`;
}

/** The help of every command, by name. */
export async function helpTexts(): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const name of Object.keys(COMMANDS)) texts[name] = await helpOf(name);
  return texts;
}

/** Declarations of entry points by name; the first entry point that has a name tells it. */
async function symbolsOf(entries: string[]): Promise<Map<string, Declaration>> {
  const found = new Map<string, Declaration>();
  for (const entry of entries) {
    const { nodes } = JSON.parse(await denoDoc("--json", fileURLToPath(new URL(entry, root)))) as {
      nodes: Record<string, { symbols: { name: string; declarations: Declaration[] }[] }>;
    };
    for (const { symbols } of Object.values(nodes)) {
      for (const { name, declarations: [declaration] } of symbols) if (!found.has(name)) found.set(name, declaration);
    }
  }
  return found;
}

async function section(symbols: ReadonlyMap<string, Declaration>, name: string, options: string): Promise<string> {
  const declaration = symbols.get(name);
  if (!declaration) throw new Error(`mod.ts exports no ${name}`);
  const { doc = "", tags = [] } = declaration.jsDoc ?? {};
  const all = (kind: string) => tags.filter((tag) => tag.kind === kind);
  const lines = (title: string, items: string[]) =>
    items.length > 0 ? [title, items.map((item) => `- ${item}`).join("\n")] : [];
  const properties = await optionLines(symbols, options);
  return [
    `## ${name}`,
    `\`\`\`ts ignore\n${await signature(declaration)}\n\`\`\``,
    plain(doc),
    ...lines("Takes", all("param").map(({ name, doc }) => `\`${name}\`: ${plain(doc)}`)),
    ...all("return").map(({ doc }) => `Gives: ${plain(doc)}`),
    ...lines("Throws", all("throws").map(({ tsType, doc }) => `\`${tsType?.repr}\`: ${plain(doc)}`)),
    ...lines("Options", properties),
    ...all("example").map(({ doc = "" }) => plain(doc).replace(/^```ts( ignore)?$/m, "```ts ignore")),
  ].join("\n\n");
}

/** What the options of an interface are, those of what it extends too. */
async function optionLines(
  symbols: ReadonlyMap<string, Declaration>,
  name: string,
  without: string[] = [],
): Promise<string[]> {
  const declaration = symbols.get(name);
  if (!declaration) throw new Error(`no ${name} is exported by an entry point`);
  const own: string[] = [];
  const properties = declaration.def.properties ?? [];
  for (const { name, jsDoc, location } of properties) {
    if (without.includes(name)) continue;
    own.push(`\`${await sourceUntil(location, /;\s*$/)}\`: ${plain(jsDoc?.doc)}`);
  }
  const taken = [...without, ...properties.map(({ name }) => name)];
  for (const { value: { typeName, typeParams = [] } } of declaration.def.extends ?? []) {
    const inner = typeName === "Omit" ? typeParams[0].value.typeName : typeName;
    own.push(...await optionLines(symbols, inner, taken));
  }
  return own;
}

/** A declaration as it is written, up to its body. */
async function signature({ location }: Declaration): Promise<string> {
  return (await sourceUntil(location, /\{\s*$/)).replace(/^export (async )?/, "").replaceAll(/ = \{\}/g, "?").replace(
    /(\w+): (\w+)\?/g,
    "$1?: $2",
  );
}

/** The source from a place to the end of the line that ends so. */
async function sourceUntil({ filename, line }: Declaration["location"], end: RegExp): Promise<string> {
  const lines = (await Deno.readTextFile(new URL(filename))).split("\n").slice(line); // counted from 0
  const last = lines.findIndex((text) => end.test(text));
  return lines.slice(0, last + 1).map((text) => text.trim()).join(" ").replace(end, "").replaceAll(
    /\( | ,? ?(?=\))/g,
    (space) => space.startsWith("(") ? "(" : "",
  ).replaceAll(/,(?=\))/g, "").trim();
}

/** A doc comment without tags for links; its lines are one paragraph, blocks of code aside. */
function plain(doc = ""): string {
  return doc.trim().replaceAll(
    /\{@link(?:code)? ([^|}]+?)(?: \| ([^}]+))?\}/g,
    (_, target: string, words?: string) => `\`${(words ?? target).trim()}\``,
  );
}

async function denoDoc(...args: string[]): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), { args: ["doc", ...args], cwd: root, env: { NO_COLOR: "1" } });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`deno doc: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

if (import.meta.main) {
  for (const [name, value] of Object.entries(await jsrEnvironment())) Deno.env.set(name, value);
  const page = fileURLToPath(new URL("docs/reference.md", root));
  await Deno.writeTextFile(page, await referencePage());
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", page] }).output();
  const help = fileURLToPath(new URL("src/cli/help.json", root));
  await Deno.writeTextFile(help, JSON.stringify(await helpTexts(), null, 2) + "\n");
  const folder = fileURLToPath(new URL("reports/reference/", root));
  await Deno.mkdir(folder, { recursive: true });
  const entries = Object.values(config.exports).map((entry) => fileURLToPath(new URL(entry, root)));
  await denoDoc("--html", "--name=layerfuse", `--output=${folder}`, ...entries);
  console.log(`${page}\n${help}\n${folder}index.html`);
}
