/** Every example of CONTRIBUTING.md is short, is type-checked, and runs to its end. */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
const text = await Deno.readTextFile(new URL("CONTRIBUTING.md", root));

/** Lines of an example at most. */
const MOST_LINES = 40;

const sections = text.split(/^## /m).slice(1).map((section) => ({
  title: section.slice(0, section.indexOf("\n")),
  steps: [...section.matchAll(/^\d\. /gm)].length,
  examples: [...section.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code),
}));

Deno.test("CONTRIBUTING.md says how to add an operator, a rule, an architecture and a plot, in five steps and an example each", () => {
  assertEquals(sections.map(({ title, steps, examples }) => [title, steps, examples.length]), [
    ["Add an operator", 5, 1],
    ["Add a rule", 5, 1],
    ["Add an architecture", 5, 1],
    ["Add a plot", 5, 1],
  ]);
});

Deno.test("every example is short, type-checks and runs to its end", async (t) => {
  const folder = await Deno.makeTempDir();
  const config = ["--no-lock", "--quiet", "--config", fileURLToPath(new URL("deno.json", root))];
  const deno = async (...args: string[]) => {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).output();
    assert(success, new TextDecoder().decode(stderr));
  };
  try {
    const files = sections.map((_, index) => `${folder}/example_${index}.ts`);
    for (const [index, { examples: [code] }] of sections.entries()) {
      assertLessOrEqual(code.trimEnd().split("\n").length, MOST_LINES, sections[index].title);
      await Deno.writeTextFile(files[index], code.replaceAll('from "./', `from "${root.href}`));
    }
    await t.step("all type-check", () => deno("check", ...config, ...files));
    for (const [index, { title }] of sections.entries()) {
      await t.step(title, () => deno("run", "-A", "--no-check", ...config, files[index]));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the files and folders that ARCHITECTURE.md and CONTRIBUTING.md name are there", async () => {
  const pages = await Promise.all(
    ["ARCHITECTURE.md", "CONTRIBUTING.md"].map((name) => Deno.readTextFile(new URL(name, root))),
  );
  const named = pages.flatMap((page) =>
    [...page.matchAll(/`((?:src|tests|tasks)\/[\w/.]+)`/g)].map(([, path]) => path)
  );
  const missing: string[] = [];
  for (const path of new Set(named)) await Deno.stat(new URL(path, root)).catch(() => missing.push(path));
  assertEquals(missing, []);
});
