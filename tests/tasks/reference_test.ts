import { assert, assertEquals } from "@std/assert";
import { referencePage } from "../../tasks/reference.ts";

const root = new URL("../../", import.meta.url);

Deno.test("docs/reference.md is what the doc comments say", async () => {
  const formatter = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "md", "-"],
    cwd: root,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  await new Blob([await referencePage()]).stream().pipeTo(formatter.stdin);
  const { stdout } = await formatter.output();
  const committed = await Deno.readTextFile(new URL("docs/reference.md", root));
  assertEquals(new TextDecoder().decode(stdout), committed, "`deno task reference` writes it anew");
});

Deno.test("the main functions' doc comments tell parameters, result, errors and an example, and name nothing private", async () => {
  const page = await Deno.readTextFile(new URL("docs/reference.md", root)), names = [];
  for (const section of page.split(/^## /m).slice(1)) {
    names.push(section.split("\n")[0]);
    for (const part of ["\nTakes\n", "\nGives: ", "\nThrows\n", "\nOptions\n", "import { "]) {
      assert(section.includes(part), `${names.at(-1)}: no ${part.trim()}`);
    }
  }
  assertEquals(names, ["open", "build", "fuse", "explain", "compare"]);
  const source = await Deno.readTextFile(new URL("mod.ts", root));
  assert(!/\{@link(code)? \w+Plain/.test(source), "a link to a name that mod.ts does not export");
});
