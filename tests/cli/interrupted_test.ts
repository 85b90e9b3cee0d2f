import { assert, assertEquals, assertMatch } from "@std/assert";
import { modelBytes, random, randomIn } from "../onnx_model.ts";
import { filesIn, inFolder, startCli } from "./run_cli.ts";

/** A model that takes a while to write: 64 MiB of weights that are scaled. */
function slowModel(): Uint8Array<ArrayBuffer> {
  const weight = random([2048, 2048], 1), scale = randomIn(0.5, 1.5, [2048], 2);
  const nodes = [0, 1, 2, 3].flatMap((i) => [
    { op: "MatMul", inputs: [`x${i}`, `w${i}`], outputs: [`c${i}`] },
    { op: "Mul", inputs: [`c${i}`, `s${i}`], outputs: [`m${i}`] },
    { op: "Relu", inputs: [`m${i}`], outputs: [`x${i + 1}`] },
  ]);
  const initializers = Object.fromEntries([0, 1, 2, 3].flatMap((i) => [[`w${i}`, weight], [`s${i}`, scale]]));
  const bytes = modelBytes({ inputs: { x0: [1, 2048] }, outputs: { x4: [1, 2048] }, initializers, nodes });
  return Uint8Array.from(bytes);
}

const BYTES = slowModel();

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
  Deno.test(`layerfuse fuse interrupted by ${signal} while it writes leaves everything as it was, exit code ${code}`, () =>
    inFolder(async (folder) => {
      await Deno.writeFile(`${folder}/net.onnx`, BYTES);
      await Deno.writeTextFile(`${folder}/out.onnx`, "precious");
      const child = startCli("fuse", `${folder}/net.onnx`, "-o", `${folder}/out.onnx`);
      while (!filesIn(folder).some((name) => name.endsWith(".part"))) await new Promise((done) => setTimeout(done, 5));
      child.kill(signal);
      const result = await child.output(), stderr = new TextDecoder().decode(result.stderr);
      assertEquals(result.code, code, stderr);
      assertMatch(stderr, new RegExp(`^layerfuse: interrupted by ${signal}: nothing was written\\.\\n$`));
      assertEquals(await Deno.readTextFile(`${folder}/out.onnx`), "precious");
      assertEquals(filesIn(folder), ["net.onnx", "out.onnx"]);
    }));
}

Deno.test("layerfuse compare interrupted leaves no temporary folder and no process", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/tmp`);
    await Deno.writeFile(`${folder}/net.onnx`, BYTES);
    const child = startCli({ env: { TMPDIR: `${folder}/tmp` } }, "compare", `${folder}/net.onnx`, "--seconds", "60");
    while (filesIn(`${folder}/tmp`).length === 0) await new Promise((done) => setTimeout(done, 20));
    await new Promise((done) => setTimeout(done, 300));
    child.kill("SIGTERM");
    const { code, stdout, stderr } = await child.output();
    assert(code !== 0 || new TextDecoder().decode(stdout).includes("nterrupted"), new TextDecoder().decode(stderr));
    assertEquals(filesIn(`${folder}/tmp`), []);
  }));

Deno.test("layerfuse build interrupted leaves no temporary folder and no file, whatever it is at", async (t) => {
  const places: [what: string, folder: string, begun: (name: string) => boolean][] = [
    ["while it calibrates", "tmp", (name) => name.startsWith("layerfuse_")],
    ["while it writes", ".", (name) => name.endsWith(".part")],
  ];
  for (const [what, place, isBegun] of places) {
    await t.step(what, () =>
      inFolder(async (folder) => {
        await Deno.mkdir(`${folder}/tmp`);
        const child = startCli({ env: { TMPDIR: `${folder}/tmp` } }, "build", "resnet101", "-o", `${folder}/out.onnx`);
        while (!filesIn(`${folder}/${place}`).some(isBegun)) await new Promise((done) => setTimeout(done, 5));
        child.kill("SIGTERM");
        const { code, stderr } = await child.output();
        assertEquals(
          [code, new TextDecoder().decode(stderr)],
          [143, "layerfuse: interrupted by SIGTERM: nothing was written.\n"],
        );
        assertEquals([filesIn(folder), filesIn(`${folder}/tmp`)], [["tmp"], []]);
      }));
  }
});
