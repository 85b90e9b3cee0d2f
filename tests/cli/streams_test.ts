import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { modelBytes } from "../onnx_model.ts";
import { cli, filesIn, fixture, inFolder, startCli } from "./run_cli.ts";

const MODEL = fixture("fashion_repvgg");

/** Runs the CLI with the model on standard input. */
async function piped(...args: string[]) {
  const child = startCli({ stdin: "piped" }, ...args);
  await (await Deno.open(MODEL)).readable.pipeTo(child.stdin).catch(() => {}); // it may not want all of it
  const { code, stdout, stderr } = await child.output();
  return { code, stdout, stderr: new TextDecoder().decode(stderr) };
}

Deno.test("layerfuse fuse - -o - is a filter: model in, model out, everything else on stderr", () =>
  inFolder(async (folder) => {
    await cli("fuse", MODEL, "-o", `${folder}/out.onnx`);
    const { code, stdout, stderr } = await piped("fuse", "-", "-o", "-");
    assertEquals(code, 0, stderr);
    assertEquals(stdout, await Deno.readFile(`${folder}/out.onnx`));
    assertStringIncludes(stderr, "nodes in place of");
    const both = await piped("fuse", "-", "-o", "-", "--json");
    assertEquals(both.code, 2);
    assertMatch(both.stderr, /both to standard output/);
  }));

Deno.test("layerfuse explain - reads standard input, and names it in an error", () =>
  inFolder(async (folder) => {
    const { code, stdout } = await piped("explain", "-", "--json");
    assertEquals(code, 0);
    assertEquals(JSON.parse(new TextDecoder().decode(stdout)).before.ops.BatchNormalization > 0, true);
    const empty = await cli("explain", "-");
    assertEquals(empty.code, 2);
    assertMatch(empty.stderr, /\(standard input\): is empty/);
    assertEquals(filesIn(folder), []);
  }));

Deno.test({
  name: "layerfuse fuse -o - into a full disk, or to nobody, says so in one line",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const full = await intoShell('"$@" > /dev/full');
    assertEquals(full.code, 2);
    assertMatch(full.stderr, /layerfuse: standard output: cannot be written \(No space left on device.*\)\.\n$/);
    const nobody = await intoShell('("$@"; echo "code $?" >&2) | head -c 1 > /dev/null');
    assertMatch(nobody.stderr, /layerfuse: standard output: cannot be written \(.*EPIPE\)\.\ncode 2\n$/);
  },
});

Deno.test({
  name:
    "layerfuse above the shell's limit of a file's size says so and leaves nothing, where the signal for it would end it",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      const w = { dims: [3000, 4000], type: 1, values: new Float32Array(12_000_000) };
      const nodes = [{ op: "MatMul", inputs: ["x", "w"], outputs: ["y"] }];
      const model = modelBytes({ inputs: { x: [1, 3000] }, outputs: { y: null }, initializers: { w }, nodes });
      await Deno.writeFile(`${folder}/large.onnx`, Uint8Array.from(model));
      const { code, stderr } = await intoShell(
        `ulimit -f 40960; exec "$@"`, // 20 or 40 MiB, as the shell counts
        [`${folder}/large.onnx`, "-o", `${folder}/out.onnx`],
      );
      assertEquals(code, 2, stderr);
      assertMatch(stderr, /^layerfuse: \S+out\.onnx: cannot be written \(File too large.*\)\.\n$/);
      assertEquals(filesIn(folder), ["large.onnx"]);
    }),
});

/** Runs `fuse MODEL -o -` as a shell's `$@`. */
async function intoShell(script: string, args = [MODEL, "-o", "-"]): Promise<{ code: number; stderr: string }> {
  const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
  const run = [Deno.execPath(), "run", "-A", "--quiet", "--no-lock", "--no-check", main, "fuse", ...args];
  const { code, stderr } = await new Deno.Command("/bin/sh", { args: ["-c", script, "sh", ...run] }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}
