/** What the pages name is there: files, headings, commands and their options, tasks; and what they show is what is printed. */
import { assert, assertEquals } from "@std/assert";
import { marked, type Token, type Tokens } from "marked";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { COMMANDS } from "../src/cli/command.ts";
import { createProgram } from "../src/cli/program.ts";
import { explain } from "../src/fusion/mod.ts";
import { fusionText } from "../src/plot/fusion_text.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Pages by their path from the root. */
const pages = new Map<string, string>();
for await (const { name } of Deno.readDir(root)) if (name.endsWith(".md")) await add(name);
for await (const { name } of Deno.readDir(join(root, "docs"))) if (name.endsWith(".md")) await add(`docs/${name}`);

async function add(path: string): Promise<void> {
  pages.set(path, await Deno.readTextFile(join(root, path)));
}

/** Every token of a page, nested ones too. */
function tokensOf(page: string): Token[] {
  const tokens: Token[] = [];
  marked.walkTokens(marked.lexer(page), (token) => void tokens.push(token));
  return tokens;
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(join(root, path)).then(() => true, () => false);
}

/** As GitHub makes it of a heading. */
function anchorOf({ text }: Tokens.Heading): string {
  return text.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
}

/** `inline code` and lines of `sh` blocks, comments and continued lines aside. */
function codeOf(page: string): string[] {
  return tokensOf(page).flatMap((token) => {
    if (token.type === "codespan") return [token.text as string];
    if (token.type !== "code" || token.lang !== "sh" && token.lang !== undefined && token.lang !== "") return [];
    return (token.text as string).split("\n").map((line) => line.replace(/\s#.*$/, ""));
  });
}

/** Long and short options by command, `--help` and `--version` among them. */
const options = new Map<string, Set<string>>();
for (const name of Object.keys(COMMANDS)) {
  const { program } = await createProgram(name);
  const command = program.commands.find((command) => command.name() === name)!;
  const known = command.options.flatMap(({ long, short }) => [long, short]).filter((flag) => flag !== undefined);
  options.set(name, new Set(["--help", "-h", ...known]));
}

/** A command where it stands: first of a line, or after what starts layerfuse. */
const COMMAND = new RegExp(`(?:^|\\b(?:task|layerfuse|cli|main\\.ts) )(${Object.keys(COMMANDS).join("|")})\\b`);

/** Options of what is no command of layerfuse: tasks, scripts, Deno, npm, CUDA's install script. */
const OTHERS = new Set([
  "--v8-flags", // Deno's
  "--max-semi-space-size", // V8's
  "--nodes", // bench:scaling's
  ...["--version", "--allow-read", "--allow-write", "--allow-env", "--config", "--no-check", "--filter", "--dry-run"],
  ...["--to", "--only", "--bytes", "--minutes", "--graphs"],
]);

Deno.test("every relative link of the pages leads to a file and, where it names one, to a heading", async () => {
  const dead: string[] = [];
  let count = 0;
  for (const [path, page] of pages) {
    for (const token of tokensOf(page)) {
      if (token.type !== "link" && token.type !== "image") continue;
      const { href } = token as Tokens.Link;
      if (/^[a-z]+:/.test(href)) continue;
      count++;
      const [file, anchor] = href.split("#"), target = file ? posix.join(posix.dirname(path), file) : path;
      if (!await isThere(target)) dead.push(`${path}: ${href}`);
      else if (anchor !== undefined) {
        const headings = tokensOf(pages.get(target) ?? "").filter(({ type }) => type === "heading");
        if (!headings.some((heading) => anchorOf(heading as Tokens.Heading) === anchor)) dead.push(`${path}: ${href}`);
      }
    }
  }
  assertEquals(dead, []);
  assert(count > 40, `${count} links`);
});

Deno.test("every page of docs/ is linked from docs/README.md, and that page's tutorial from README.md", () => {
  const linked = new Set(
    tokensOf(pages.get("docs/README.md")!).flatMap((token) => token.type === "link" ? [token.href as string] : []),
  );
  const own = [...pages.keys()].filter((path) => path.startsWith("docs/") && path !== "docs/README.md");
  assertEquals(own.filter((path) => !linked.has(path.slice(5))), []);
  assert(pages.get("README.md")!.includes("](docs/tutorial.md)"));
});

Deno.test("every file of the repository that the pages name in code is there", async () => {
  const missing: string[] = [];
  let count = 0;
  for (const [path, page] of pages) {
    for (const code of codeOf(page)) {
      for (const [file] of code.matchAll(/(?<![\w./…-])(?:src|tests|tasks|bench|docs|notebooks)\/[\w./-]*\w\/?/g)) {
        count++;
        if (!await isThere(file)) missing.push(`${path}: ${file}`);
      }
    }
  }
  assertEquals(missing, []);
  assert(count > 25, `${count} files`);
});

Deno.test("every option that the pages give to a command is one of that command, and every other one is known", () => {
  const unknown: string[] = [], all = new Set([...options.values()].flatMap((known) => [...known]));
  let count = 0;
  for (const [path, page] of pages) {
    for (const code of codeOf(page)) {
      const [, name] = COMMAND.exec(code) ?? [];
      const known = options.get(name ?? "") ?? all;
      for (const [, flag] of code.matchAll(/(?<=^|[\s[`])(--?[a-zA-Z][\w-]*)/g)) {
        if (/^-[A-Za-z]+$/.test(flag) && flag !== "-o") continue; // short options of Deno, npm and shells
        count++;
        if (!known.has(flag) && !OTHERS.has(flag)) unknown.push(`${path}: ${flag} in ${code}`);
      }
    }
  }
  assertEquals(unknown, []);
  assert(count > 80, `${count} options`);
});

Deno.test("the pages give V8 the flag that the task of the command line gives it", () => {
  const [flag] = /--v8-flags=\S+/.exec(config.tasks.layerfuse.command)!;
  for (const path of ["README.md", "docs/big_models.md"]) assert(pages.get(path)!.includes(flag), path);
});

Deno.test("every task and every command that the pages name exists", () => {
  const unknown: string[] = [];
  let count = 0;
  for (const [path, page] of pages) {
    for (const code of codeOf(page)) {
      for (const [, task] of code.matchAll(/deno task ([a-z:]+)/g)) {
        count++;
        if (!Object.hasOwn(config.tasks, task)) unknown.push(`${path}: task ${task}`);
      }
      for (const [, name] of code.matchAll(/(?:^|[ (])layerfuse ([a-z]+)\b(?!:)/g)) {
        count++;
        if (!Object.hasOwn(COMMANDS, name) && name !== "complete") unknown.push(`${path}: command ${name}`);
      }
    }
  }
  assertEquals(unknown, []);
  assert(count > 60, `${count} tasks and commands`);
});

Deno.test("the table of the tutorial is what explain prints", async () => {
  const report = await explain(new URL("fixtures/fashion_repvgg.onnx", import.meta.url));
  const [table] = fusionText(report, { rewrites: true }).split("\n\n");
  assert(pages.get("docs/tutorial.md")!.includes(`\`\`\`text\n${table}\n\`\`\``), table);
});

Deno.test("the commands of the tutorial on the small network run as they stand, one after another", async () => {
  const folder = await Deno.makeTempDir({ prefix: "layerfuse_tutorial_" });
  try {
    await Deno.symlink(join(root, "tests"), `${folder}/tests`);
    const start = "npx -y deno task layerfuse ";
    const commands = codeOf(pages.get("docs/tutorial.md")!).filter((code) => code.startsWith(`${start}`));
    assertEquals(commands.map((command) => command.slice(start.length).split(" ")[0]), ["explain", "fuse", "compare"]);
    for (const command of commands) {
      const words = command.slice(start.length).trim().split(" ");
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "-A", "--no-lock", "--quiet", "--config", join(root, "deno.json"), join(root, "src/cli/main.ts")],
          ...words,
          ...words[0] === "compare" ? ["--seconds", "0.5"] : [],
        ],
        cwd: folder,
        stdout: "piped",
        stderr: "piped",
      }).output();
      assertEquals(code, 0, `${command}\n${new TextDecoder().decode(stderr)}`);
    }
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["fused.onnx", "report.html", "tests"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("CITATION.cff and deno.json are of one version, and the article's author has the right name everywhere", async () => {
  const citation = await Deno.readTextFile(join(root, "CITATION.cff"));
  assert(citation.includes(`\nversion: ${config.version}\n`));
  assert(pages.get("CHANGELOG.md")!.includes(`\n## ${config.version}`));
  assert(/family-names: Suri\s+given-names: Zeeshan Khan/.test(citation));
  const notebook = await Deno.readTextFile(join(root, "notebooks/01_reproduce_resnet101.ipynb"));
  for (const text of [notebook, pages.get("README.md")!]) assert(text.includes("Zeeshan Khan Suri"));
});
