import { assert, assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { COMMANDS, loadCommand } from "../../src/cli/command.ts";
import { COMMAND_HELP } from "../../src/cli/command_help.ts";
import { helpTexts } from "../../tasks/reference.ts";
import { cli, fixture } from "./run_cli.ts";

Deno.test("layerfuse --help lists every command and the exit codes, and without arguments it is bad use", async () => {
  const { code, stdout, stderr } = await cli("--help");
  assertEquals([code, stderr], [0, ""]);
  for (const [name, summary] of Object.entries(COMMANDS)) {
    assertMatch(stdout, new RegExp(`^  ${name} .*${summary.slice(0, 20)}`, "m"));
  }
  for (const exit of [0, 1, 2]) assertMatch(stdout, new RegExp(`^  ${exit}  \\w`, "m"));
  assertEquals(await cli(), { code: 2, stdout, stderr: "" });
  for (const same of [["-h"], ["help"]]) assertEquals((await cli(...same)).stdout, stdout);
});

Deno.test("layerfuse --version prints the version of deno.json", async () => {
  for (const flag of ["--version", "-V"]) {
    assertEquals(await cli(flag), { code: 0, stdout: `${config.version}\n`, stderr: "" });
  }
});

for (const name of Object.keys(COMMANDS)) {
  Deno.test(`layerfuse ${name} --help has its usage, its options and the exit codes, as layerfuse help ${name}`, async () => {
    assert(typeof (await loadCommand(name)).run === "function");
    const { code, stdout, stderr } = await cli(name, "--help");
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, new RegExp(`^Usage: layerfuse ${name} \\[options\\]`));
    assertStringIncludes(stdout, "--json");
    assertMatch(stdout, /Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 /);
    assertEquals((await cli("help", name)).stdout, stdout);
  });
}

const MEANT: [args: string[], says: RegExp][] = [
  [["fsue", "m.onnx"], /no command 'fsue' \(Did you mean fuse\?\)/],
  [["fsue", "--help"], /no command 'fsue' \(Did you mean fuse\?\)/],
  [["help", "fsue"], /no command 'fsue' \(Did you mean fuse\?\)/],
  [["fuse", "m.onnx", "--runtime", "onnxruntim"], /Allowed choices are onnxruntime, onnxruntime-cpu, none\. Usage/],
  [
    ["explain", fixture("fashion_resnet"), "--skip", "compose-layer"],
    /there is no rule 'compose-layer'; did you mean 'compose-layers'\?/,
  ],
  [["comapre"], /no command 'comapre' \(Did you mean compare\?\)/],
  [["compare", "m.onnx", "--secnods", "3"], /compare: unknown option '--secnods' \(Did you mean --seconds\?\)/],
  [["fuse", "m.onnx", "--ouput", "o.onnx"], /\(Did you mean --output\?\)/],
];

for (const [args, says] of MEANT) {
  Deno.test(`layerfuse ${args.join(" ")} is answered with the nearest name`, async () => {
    const { code, stdout, stderr } = await cli(...args);
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, says);
    assertEquals(stderr.trimEnd().split("\n").length, 1);
  });
}

Deno.test("help fits 80 columns", async () => {
  const texts = { ...COMMAND_HELP, layerfuse: (await cli("--help")).stdout };
  for (const [name, text] of Object.entries(texts)) {
    assertEquals(text.split("\n").filter((line) => line.length > 80), [], name);
  }
});

Deno.test("src/cli/help.json is what the commands' options make of it (deno task reference writes it)", async () => {
  assertEquals(COMMAND_HELP, await helpTexts());
});

Deno.test("layerfuse --help and that of a command take at most three times as long as an empty Deno program", async () => {
  const folder = await Deno.makeTempDir({ prefix: "layerfuse_test_" });
  try {
    await Deno.writeTextFile(`${folder}/empty.ts`, "");
    const flags = ["run", "-A", "--no-lock", "--quiet"];
    const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
    const fastest = { empty: Infinity, help: Infinity, command: Infinity };
    for (let round = 0; round < 15; round++) { // the fastest of turns: what the machine does beside it only adds time
      fastest.empty = Math.min(fastest.empty, await timed([...flags, `${folder}/empty.ts`]));
      fastest.help = Math.min(fastest.help, await timed([...flags, main, "--help"]));
      fastest.command = Math.min(fastest.command, await timed([...flags, main, "compare", "--help"]));
    }
    assertLess(Math.max(fastest.help, fastest.command) / fastest.empty, 3, JSON.stringify(fastest));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function timed(args: string[]): Promise<number> {
  const start = performance.now();
  const { success } = await new Deno.Command(Deno.execPath(), { args, stdout: "null", stderr: "null" }).output();
  assert(success);
  return performance.now() - start;
}
