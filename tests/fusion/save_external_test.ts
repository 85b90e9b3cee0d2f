import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { FileError, fuse, open } from "../../src/fusion/mod.ts";
import { saveModel } from "../../src/fusion/save.ts";
import { messageType } from "../../src/proto/schema.ts";
import { CONV_BN, externalised, filesIn, inFolder } from "../external_model.ts";
import { feedsFor, modelBytes, randomIn, relativeL2, run } from "../onnx_model.ts";

const WEIGHTS = ["w", "spare"];

/** Writes a model and its data file; gives the model's path. */
async function pair(folder: string, name: string, location: string): Promise<string> {
  const { model, data } = externalised(WEIGHTS, location);
  await Deno.writeFile(`${folder}/${name}`, model);
  await Deno.writeFile(`${folder}/${location}`, data);
  return `${folder}/${name}`;
}

/** ONNX Runtime's difference between a model file and the model all this was made of. */
async function errorOf(path: string): Promise<number> {
  const feeds = feedsFor(CONV_BN);
  return relativeL2(await run(modelBytes(CONV_BN), feeds), await run(path, feeds));
}

Deno.test("save() never overwrites another model's data file, whatever its name", () =>
  inFolder(async (folder) => {
    const encoder = await pair(folder, "encoder.onnx", "model.onnx.data");
    const before = await Deno.readFile(`${folder}/model.onnx.data`);
    const saved = await (await fuse(encoder)).model.save(`${folder}/model.onnx`);
    assertEquals(saved, { path: `${folder}/model.onnx`, data: `${folder}/model.onnx.1.data` });
    assertEquals(await Deno.readFile(`${folder}/model.onnx.data`), before);
    assertEquals(filesIn(folder), ["encoder.onnx", "model.onnx", "model.onnx.1.data", "model.onnx.data"]);
    assert(await errorOf(encoder) === 0 && await errorOf(`${folder}/model.onnx`) < 1e-6);
    // again, now that model.onnx is there: its own data file is replaced, the other one is not
    await (await fuse(encoder)).model.save(`${folder}/model.onnx`);
    assertEquals(await Deno.readFile(`${folder}/model.onnx.data`), before);
    assertEquals(filesIn(folder).length, 4);
    assert(await errorOf(encoder) === 0 && await errorOf(`${folder}/model.onnx`) < 1e-6);
  }));

Deno.test("save() in place leaves a data file alone that another model shares", () =>
  inFolder(async (folder) => {
    const one = await pair(folder, "one.onnx", "one.onnx.data"), other = `${folder}/other.onnx`;
    await Deno.copyFile(one, other);
    const before = await Deno.readFile(`${folder}/one.onnx.data`);
    await (await fuse(one)).model.save(one);
    assertEquals(await Deno.readFile(`${folder}/one.onnx.data`), before);
    assert(await errorOf(other) === 0 && await errorOf(one) < 1e-6);
  }));

Deno.test("save() in place leaves a data file alone that a copy of the model under any name shares", () =>
  inFolder(async (folder) => {
    const one = await pair(folder, "one.onnx", "one.onnx.data"), copy = `${folder}/one.onnx.orig`;
    await Deno.copyFile(one, copy);
    const before = await Deno.readFile(`${folder}/one.onnx.data`);
    await (await fuse(one)).model.save(one);
    assertEquals(await Deno.readFile(`${folder}/one.onnx.data`), before);
    assert(await errorOf(copy) === 0 && await errorOf(one) < 1e-6);
  }));

Deno.test({
  name: "save() in place leaves a data file alone beside a model that cannot be read: it may be that one's, too",
  ignore: Deno.build.os === "windows" || Deno.uid() === 0,
  fn: () =>
    inFolder(async (folder) => {
      const one = await pair(folder, "one.onnx", "one.onnx.data"), hidden = `${folder}/hidden.onnx`;
      await Deno.copyFile(one, hidden);
      await Deno.chmod(hidden, 0);
      await (await fuse(one)).model.save(one);
      await Deno.chmod(hidden, 0o600);
      assert(await errorOf(hidden) === 0 && await errorOf(one) < 1e-6);
    }),
});

Deno.test("save() leaves a file of that name alone that no model refers to", () =>
  inFolder(async (folder) => {
    const path = await pair(folder, "net.onnx", "weights.bin");
    await Deno.writeTextFile(`${folder}/out.onnx.data`, "precious");
    await (await fuse(path)).model.save(`${folder}/out.onnx`);
    assertEquals(await Deno.readTextFile(`${folder}/out.onnx.data`), "precious");
    assert(await errorOf(`${folder}/out.onnx`) < 1e-6);
  }));

Deno.test("save() twice to one place leaves one data file, and none where the second keeps its weights in the model", () =>
  inFolder(async (folder) => {
    const { model } = await fuse(await pair(folder, "net.onnx", "weights.bin")), out = `${folder}/out.onnx`;
    await model.save(out);
    await model.save(out);
    assertEquals(filesIn(folder), ["net.onnx", "out.onnx", "out.onnx.data", "weights.bin"]);
    await model.save(out, { externalData: "none" });
    assertEquals(filesIn(folder), ["net.onnx", "out.onnx", "weights.bin"]);
    assert(await errorOf(out) < 1e-6);
  }));

Deno.test("save() puts weights into the data file that is asked for, and refuses one that is not its own unless forced", () =>
  inFolder(async (folder) => {
    const { model } = await fuse(modelBytes(CONV_BN)), out = `${folder}/out.onnx`, data = `${folder}/w.bin`;
    assertEquals(await model.save(out, { externalData: "w.bin" }), { path: out, data });
    await model.save(out, { externalData: data }); // its own, by its whole path
    assertEquals(filesIn(folder), ["out.onnx", "w.bin"]);
    assert(await errorOf(out) < 1e-6);
    await Deno.writeTextFile(data, "precious"); // still the one that out.onnx names, so it may be replaced
    await model.save(out, { externalData: "w.bin" });
    assert(await errorOf(out) < 1e-6);
    await Deno.writeTextFile(`${folder}/other.bin`, "precious");
    const taken = () => model.save(out, { externalData: "other.bin" });
    await assertRejects(taken, FileError, "other.bin: is there already and not this model's");
    assertEquals(await Deno.readTextFile(`${folder}/other.bin`), "precious");
    await model.save(out, { externalData: "other.bin", force: true });
    assert(await errorOf(out) < 1e-6);
    for (const [name, reason] of [["../w.bin", "must lie in the folder"], ["out.onnx", "cannot be both"]]) {
      await assertRejects(() => model.save(out, { externalData: name }), FileError, reason);
    }
  }));

Deno.test("a model and its data file can be moved to another folder", () =>
  inFolder(async (folder) => {
    await (await fuse(await pair(folder, "net.onnx", "weights.bin"))).model.save(`${folder}/out.onnx`);
    await Deno.mkdir(`${folder}/elsewhere`);
    for (const name of ["out.onnx", "out.onnx.data"]) {
      await Deno.rename(`${folder}/${name}`, `${folder}/elsewhere/${name}`);
    }
    assert(await errorOf(`${folder}/elsewhere/out.onnx`) < 1e-6);
  }));

Deno.test("an unchanged model with external data stays as it is when it is saved over itself", () =>
  inFolder(async (folder) => {
    const path = await pair(folder, "net.onnx", "weights.bin"), before = await Deno.readFile(path);
    await (await open(path)).save(path);
    assertEquals(await Deno.readFile(path), before);
    assertEquals(filesIn(folder), ["net.onnx", "weights.bin"]);
  }));

Deno.test("a result above 1.5 GiB gets a data file, and one above 2 GiB is never written as one protobuf", () =>
  inFolder(async (folder) => {
    const sized = (length: number) => ({
      isExternal: false,
      sources: new Set([]),
      source: "sized",
      layout(target?: object) {
        const payload = { kind: "raw_data" as const, length, chunks: () => [], origin: undefined };
        return target ? { model: [new Uint8Array(9)], external: [payload] } : { model: [payload], external: [] };
      },
    });
    const GiB = 2 ** 30, out = `${folder}/out.onnx`;
    assertEquals(await saveModel(sized(1.4 * GiB), out), { path: out });
    assertEquals(await saveModel(sized(1.6 * GiB), out), { path: out, data: `${out}.data` });
    const inline = () => saveModel(sized(2 * GiB), out, { externalData: "none" });
    await assertRejects(inline, FileError, "beyond protobuf's 2 GiB");
  }));

Deno.test("weights of a few bytes that become more than 2 GiB are given out neither as bytes nor as a stream", async () => {
  const type = messageType("ModelProto"), [rows, columns, count] = [2 ** 13, 2 ** 12, 8];
  const layers = Array.from({ length: count }, (_, i) => i);
  // deno-lint-ignore no-explicit-any
  const proto: any = type.decode(modelBytes({
    inputs: { x: [1, rows] },
    types: { x: 11, ...Object.fromEntries(layers.map((i) => [`y${i}`, 11])) },
    outputs: Object.fromEntries(layers.map((i) => [`y${i}`, [1, columns]])),
    initializers: { s: randomIn(0.5, 1.5, [columns], 1, 11) },
    nodes: layers.flatMap((i) => [
      { op: "MatMul", inputs: ["x", `w${i}`], outputs: [`m${i}`] },
      { op: "Mul", inputs: [`m${i}`, "s"], outputs: [`y${i}`] },
    ]),
  }));
  proto.graph.sparse_initializer = layers.map((i) => ({
    dims: [rows, columns],
    values: { name: `w${i}`, dims: [1], data_type: 11, double_data: [1] },
    indices: { dims: [1], data_type: 7, int64_data: [i] },
  }));
  const { model } = await fuse(Uint8Array.from(type.encode(proto).finish()), { allowGrowth: true });
  const says = /^\(bytes\): the result has 21\d{8} bytes, beyond protobuf's 2 GiB\. Save it to a file/;
  assertMatch(assertThrows(() => model.stream(), RangeError).message, says);
  assertMatch((await assertRejects(() => model.bytes(), RangeError)).message, says);
});
