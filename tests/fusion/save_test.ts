import { assertEquals, assertRejects } from "@std/assert";
import { fuse, open } from "../../src/fusion/mod.ts";
import { modelBytes, random, randomIn, type TestModel } from "../onnx_model.ts";

const MODEL: TestModel = {
  inputs: { x: [2, 8, 6, 6] },
  outputs: { y: [2, 16, 4, 4] },
  initializers: { w: random([16, 8, 3, 3], 1), s: randomIn(0.5, 1.5, [16, 1, 1], 2), last: random([16, 1, 1], 3) },
  nodes: [
    { op: "Conv", inputs: ["x", "w"], outputs: ["c"] },
    { op: "Mul", inputs: ["c", "s"], outputs: ["m"] },
    { op: "Add", inputs: ["m", "last"], outputs: ["y"] },
  ],
};

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${folder}/net.onnx`, modelBytes(MODEL));
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function files(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

Deno.test("save() writes what bytes() gives, to a path and to a URL", () =>
  inFolder(async (folder) => {
    const { model } = await fuse(`${folder}/net.onnx`);
    await model.save(`${folder}/a.onnx`);
    await model.save(new URL(`file://${folder}/b.onnx`));
    const bytes = await model.bytes();
    assertEquals(await Deno.readFile(`${folder}/a.onnx`), bytes);
    assertEquals(await Deno.readFile(`${folder}/b.onnx`), bytes);
  }));

Deno.test("save() over the file a model was opened from works, fused and unchanged", () =>
  inFolder(async (folder) => {
    const path = `${folder}/net.onnx`;
    const original = await Deno.readFile(path);
    await (await open(path)).save(path);
    assertEquals(await Deno.readFile(path), original);
    const { model } = await fuse(path);
    const expected = await model.bytes();
    await model.save(path);
    assertEquals(await Deno.readFile(path), expected);
    assertEquals(await model.bytes(), expected, "the handle still reads the file it was opened from");
    assertEquals(await files(folder), ["net.onnx"]);
  }));

Deno.test("save() into a folder that is not there fails and leaves nothing", () =>
  inFolder(async (folder) => {
    const { model } = await fuse(`${folder}/net.onnx`);
    await assertRejects(() => model.save(`${folder}/missing/out.onnx`), Error, "missing");
    assertEquals(await files(folder), ["net.onnx"]);
  }));

Deno.test("save() onto a folder fails and leaves nothing", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/out.onnx`);
    const { model } = await fuse(`${folder}/net.onnx`);
    await assertRejects(() => model.save(`${folder}/out.onnx`), Error);
    assertEquals(await files(folder), ["net.onnx", "out.onnx"]);
    assertEquals(await files(`${folder}/out.onnx`), []);
  }));

Deno.test("save() that fails half way leaves the file that was there and no part of a new one", () =>
  inFolder(async (folder) => {
    const { model } = await fuse(`${folder}/net.onnx`);
    await Deno.writeTextFile(`${folder}/out.onnx`, "precious");
    await Deno.truncate(`${folder}/net.onnx`, 200); // the weights go while they are being read
    await assertRejects(() => model.save(`${folder}/out.onnx`), Error, "The file is truncated");
    assertEquals(await Deno.readTextFile(`${folder}/out.onnx`), "precious");
    assertEquals(await files(folder), ["net.onnx", "out.onnx"]);
  }));

Deno.test("save() leaves a stranger's .part file alone", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/out.onnx.0.part`, "mine");
    await (await open(`${folder}/net.onnx`)).save(`${folder}/out.onnx`);
    assertEquals(await Deno.readTextFile(`${folder}/out.onnx.0.part`), "mine");
    assertEquals(await files(folder), ["net.onnx", "out.onnx", "out.onnx.0.part"]);
  }));
