import { assertEquals, assertMatch } from "@std/assert";
import { filesIn, fixture, inFolder, startCli } from "./run_cli.ts";

const READ_WRITE = ["--allow-read", "--allow-write", "--no-prompt"];

/** Runs the CLI with these permissions alone. */
async function run(permissions: string[], ...args: string[]) {
  const { code, stdout, stderr } = await startCli({ permissions }, ...args).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

Deno.test("layerfuse fuse and explain need permission to read and to write, and no other", () =>
  inFolder(async (folder) => {
    const fused = await run(READ_WRITE, "fuse", fixture("fashion_resnet"), "-o", `${folder}/out.onnx`);
    assertEquals([fused.code, fused.stderr], [0, ""]);
    const again = await run(READ_WRITE, "fuse", `${folder}/out.onnx`, "-o", `${folder}/out.onnx`);
    assertEquals([again.code, again.stderr], [0, ""]);
    const explained = await run(["--allow-read", "--no-prompt"], "explain", fixture("fashion_resnet"));
    assertEquals([explained.code, explained.stderr], [0, ""]);
    assertEquals(filesIn(folder), ["out.onnx"]);
  }));

Deno.test("layerfuse fails with exit code 2 and one line, whatever it may not do", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/text.onnx`, "This is no model.\n");
    const bad: [args: string[], says: RegExp][] = [
      [["fuse", `${folder}/none.onnx`, "-o", `${folder}/out.onnx`], /there is no such file/],
      [["fuse", `${folder}/text.onnx`, "-o", `${folder}/out.onnx`], /not .*ONNX model/],
      [["explain", `${folder}/text.onnx`, "--json"], /not .*ONNX model/],
      [["fuse", fixture("fashion_resnet"), "-o", "/dev/null"], /not a regular file|cannot be written/],
      [["explain", "http://127.0.0.1:9/net.onnx"], /net access|cannot be found without --allow-env/],
      [["fuse"], /arguments, expected/],
    ];
    for (const [args, says] of bad) {
      const { code, stderr } = await run(READ_WRITE, ...args);
      assertEquals(code, 2, stderr);
      assertMatch(stderr, says);
      assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
    }
    const unwritable = await run(
      ["--allow-read", "--no-prompt"],
      "fuse",
      fixture("fashion_resnet"),
      "-o",
      `${folder}/o.onnx`,
    );
    assertEquals(unwritable.code, 2);
    assertMatch(unwritable.stderr, /o\.onnx: cannot be written \(Requires write access/);
    assertEquals(unwritable.stderr.trimEnd().split("\n").length, 1, unwritable.stderr);
    assertEquals(filesIn(folder), ["text.onnx"]);
  }));
