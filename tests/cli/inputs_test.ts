import { assertEquals, assertStringIncludes } from "@std/assert";
import { dump } from "npyjs";
import { modelBytes, random, type TestModel } from "../onnx_model.ts";
import { cli, inFolder } from "./run_cli.ts";

/** y = W · x, divided by a rate that must not be 0 to have a finite output. */
const MODEL: TestModel = {
  inputs: { x: ["n", 4], rate: [] },
  types: { rate: 7 },
  outputs: { y: null },
  initializers: { a: random([4, 4]), b: random([4], 2) },
  nodes: [
    { op: "MatMul", inputs: ["x", "a"], outputs: ["m"] },
    { op: "Add", inputs: ["m", "b"], outputs: ["s"] },
    { op: "Cast", inputs: ["rate"], outputs: ["r"], attributes: { to: 1 } },
    { op: "Div", inputs: ["s", "r"], outputs: ["y"] },
  ],
};

Deno.test("layerfuse compare takes files for some inputs, values for others, and makes up the rest", async () => {
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/m.onnx`, modelBytes(MODEL));
    await Deno.mkdir(`${folder}/set`);
    await Deno.writeFile(`${folder}/set/x.npy`, new Uint8Array(dump(new Float32Array(12), [3, 4])));
    const options = ["--seconds", "0.2", "--levels", "all", "--json"];
    const { code, stdout, stderr } = await cli(
      "compare",
      `${folder}/m.onnx`,
      "--inputs",
      `${folder}/set`,
      "--input",
      "rate=2",
      ...options,
    );
    assertEquals([code, stderr], [0, ""]);
    assertEquals(JSON.parse(stdout).inputs.map(({ dims }: { dims: number[] }) => dims), [[3, 4], []]);
  });
});

Deno.test("layerfuse fuse --verify feeds what it is given, and says which value cannot be", async () => {
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/m.onnx`, modelBytes(MODEL));
    const fuse = (...options: string[]) =>
      cli("fuse", `${folder}/m.onnx`, "-o", `${folder}/o.onnx`, "--verify", ...options);
    const fine = await fuse("--input", "rate=16000", "--shape", "x=2x4");
    assertEquals(fine.code, 0, fine.stderr);
    assertStringIncludes(fine.stderr, "verify: relative L2 error");
    const wrong = await fuse("--input", "rate=quick");
    assertEquals(wrong.code, 2);
    assertStringIncludes(wrong.stderr, 'input rate int64 []: "quick" is no whole number');
    const unnamed = await fuse("--input", "16000");
    assertEquals(unnamed.code, 2);
    assertStringIncludes(unnamed.stderr, "--input 16000: expected NAME=VALUE");
    const alone = await fuse("--sample-rate", "16000");
    assertEquals(alone.code, 2);
    assertStringIncludes(alone.stderr, "--sample-rate: says how the .wav files of --inputs are resampled");
  });
});
