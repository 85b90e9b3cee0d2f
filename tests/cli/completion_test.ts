import { assertArrayIncludes, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { COMMANDS } from "../../src/cli/command.ts";
import { cli, inFolder } from "./run_cli.ts";

const offered = async (...words: string[]) =>
  (await cli("complete", "--", ...words)).stdout.split("\n").filter((line) => line.includes("\t"))
    .map((line) => line.split("\t")[0]);

Deno.test("completions offer every command, the options of one, and files", async () => {
  assertArrayIncludes(await offered(""), Object.keys(COMMANDS));
  assertEquals(await offered("expl"), ["explain"]);
  assertArrayIncludes(await offered("compare", "--"), ["--levels", "--seconds", "--json", "--fail-if-slower"]);
  assertEquals(await offered("fuse", "--ver"), ["--verbose", "--verify"]);
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/mine.onnx`, "");
    await Deno.mkdir(`${folder}/more`);
    assertEquals((await offered("fuse", `${folder}/m`)).sort(), [`${folder}/mine.onnx`, `${folder}/more/`]);
    assertEquals(await offered("fuse", "m.onnx", "-o", `${folder}/mi`), [`${folder}/mine.onnx`]);
    assertEquals(await offered("compare", "m.onnx", "--seconds", ""), []);
  });
});

Deno.test("completions offer the names of rules, networks and providers, one after another where a list is taken", async () => {
  assertEquals(await offered("build", "resnet10"), ["resnet101"]);
  assertEquals(await offered("reproduce", "--model", "mobileone"), ["mobileone_s0"]);
  assertEquals(await offered("explain", "m.onnx", "--skip", "fold-pad,compose-"), ["fold-pad,compose-layers"]);
  assertEquals(await offered("compare", "m.onnx", "--provider", "c"), ["cpu", "cuda", "coreml"]);
  assertEquals(await offered("fuse", "m.onnx", "--runtime", "onnxruntime-"), ["onnxruntime-cpu"]);
});

/** Whether a shell is here, and its completions where it needs a package for them. */
async function has(shell: string, file?: string): Promise<boolean> {
  const found = await new Deno.Command("which", { args: [shell] }).output().catch(() => undefined);
  return found?.success === true && (file === undefined || await Deno.stat(file).then(() => true, () => false));
}

const BASH_COMPLETION = "/usr/share/bash-completion/bash_completion";
const COMMAND = `${Deno.execPath()} run -A --no-lock --quiet --config ${
  fileURLToPath(new URL("../../deno.json", import.meta.url))
} ${fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url))}`;

async function inShell(shell: string, script: string): Promise<string> {
  const { stdout, stderr, success } = await new Deno.Command(shell, {
    args: ["-c", script],
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  assertEquals([success, text.decode(stderr)], [true, ""]);
  return text.decode(stdout);
}

for (const [where, file] of [["with", BASH_COMPLETION], ["without", "/dev/null"]]) {
  Deno.test({
    name:
      `layerfuse complete bash makes bash complete a command and an option, ${where} bash-completion, sourced twice`,
    ignore: !await has("bash", file),
    fn: async () => {
      const ask = (line: string, words: string) =>
        `COMP_LINE='${line}' COMP_POINT=${line.length} COMP_WORDS=(${words}) COMP_CWORD=$((\${#COMP_WORDS[@]}-1)) COMPREPLY=()
         __layerfuse_complete 2>/dev/null; echo "\${COMPREPLY[@]}"`;
      const stdout = await inShell(
        "bash",
        `source ${file}; layerfuse() { ${COMMAND} "$@"; }; source <(layerfuse complete bash)
         source <(layerfuse complete bash)
         ${ask("layerfuse expl", "layerfuse expl")}
         ${ask("layerfuse fuse --veri", "layerfuse fuse --veri")}`,
      );
      assertEquals(stdout, "explain\n--verify\n");
    },
  });
}

Deno.test({
  name: "layerfuse complete fish makes fish complete a command and an option",
  ignore: !await has("fish"),
  fn: async () => {
    const stdout = await inShell(
      "fish",
      `function layerfuse; ${COMMAND} $argv; end; layerfuse complete fish | source
       complete -C 'layerfuse expl'; complete -C 'layerfuse fuse --veri'`,
    );
    assertMatch(stdout, /^explain\t.*\n--verify\t/);
  },
});

Deno.test({
  name: "layerfuse complete zsh is a script that zsh reads",
  ignore: !await has("zsh"),
  fn: async () => {
    const { stdout } = await cli("complete", "zsh");
    assertStringIncludes(stdout, "#compdef layerfuse");
    const path = await Deno.makeTempFile();
    await Deno.writeTextFile(path, stdout);
    try {
      assertEquals(
        await inShell("zsh", `autoload -Uz compinit; compinit -D; source ${path}; whence -w _layerfuse`),
        "_layerfuse: function\n",
      );
    } finally {
      await Deno.remove(path);
    }
  },
});

Deno.test("layerfuse complete refuses a shell it does not know", async () => {
  const { code, stderr } = await cli("complete", "tcsh");
  assertEquals(code, 2);
  assertMatch(stderr, /tcsh.*bash/);
});
