import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cli, filesIn, fixture, inFolder } from "./run_cli.ts";

const MODEL = fixture("fashion_autoencoder");

/** Command lines of every command that is quick, without `--json`; OUT stands for a file. */
const QUICK = [
  ["explain", MODEL],
  ["fuse", MODEL, "-o", "OUT"],
  ["rules"],
  ["build", "--list"],
  ["build", "lora_transformer", "-o", "OUT"],
  ["compare", MODEL, "--seconds", "0.3", "--levels", "all"],
];

for (const args of QUICK) {
  Deno.test(`layerfuse ${args[0]}${args[1]?.startsWith("--") ? " " + args[1] : ""} --json prints JSON alone, --json FILE writes it beside the text`, async () => {
    await inFolder(async (folder) => {
      const line = args.map((arg) => arg.replace("OUT", `${folder}/out.onnx`));
      const printed = await cli(...line, "--json");
      assertEquals(printed.code, 0, printed.stderr);
      const value = JSON.parse(printed.stdout);
      const filed = await cli(...line, "--json", `${folder}/r.json`);
      assertEquals(filed.code, 0, filed.stderr);
      const written = JSON.parse(await Deno.readTextFile(`${folder}/r.json`));
      assertEquals(Object.keys(written), Object.keys(value)); // a comparison's times are never the same twice
      if (args[0] !== "compare") assertEquals(written, value);
      assert(filed.stdout.length > 0 && !/^[{[]/.test(filed.stdout), "text stays on standard output");
    });
  });
}

const WRONG: [name: string, args: string[], says: RegExp][] = [
  ["a missing file", ["explain", "none.onnx", "--json"], /none\.onnx: there is no such file/],
  ["an unknown option", ["fuse", MODEL, "--fats", "--json"], /unknown option '--fats'/],
  ["an unknown command", ["fold", "--json"], /no command 'fold'/],
  ["a value that is none", ["compare", MODEL, "--seconds", "soon", "--json=-"], /--seconds soon/],
  ["an unknown architecture", ["build", "resnet19", "-o", "none.onnx", "--json", "-"], /resnet19/],
];

for (const [name, args, says] of WRONG) {
  Deno.test(`with --json ${name} is an object on standard output, too`, async () => {
    const { code, stdout, stderr } = await cli(...args);
    assertEquals(code, 2);
    const { error } = JSON.parse(stdout);
    assertMatch(error.message, says);
    assertEquals(error.exitCode, 2);
    assertStringIncludes(stderr, error.message);
  });
}

Deno.test("--json never overwrites a model given after it", async () => {
  await inFolder(async (folder) => {
    await Deno.copyFile(MODEL, `${folder}/m.onnx`);
    const before = await Deno.readFile(`${folder}/m.onnx`);
    const { code, stderr } = await cli("compare", "--json", `${folder}/m.onnx`, MODEL);
    assertEquals(code, 2);
    assertMatch(stderr, /--json .*m\.onnx: that is a model.*Put --json last/);
    assertEquals(await Deno.readFile(`${folder}/m.onnx`), before);
    assertEquals(filesIn(folder), ["m.onnx"]);
  });
});
