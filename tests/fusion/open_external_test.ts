import { assertEquals, assertRejects } from "@std/assert";
import { ModelFormatError, open } from "../../src/fusion/mod.ts";
import { type Change, CONV_BN, externalised, inFolder } from "../external_model.ts";
import { feedsFor, modelBytes, relativeL2, run } from "../onnx_model.ts";

/** A model whose tensor `w` says of its data file what `change` makes of it; gives its path. */
async function withEntries(folder: string, change: Change): Promise<string> {
  const { model, data } = externalised(["w"], "w.bin", { change });
  await Deno.writeFile(`${folder}/net.onnx`, model);
  await Deno.writeFile(`${folder}/w.bin`, data);
  return `${folder}/net.onnx`;
}

/** Whether ONNX Runtime loads a model. */
async function runs(path: string): Promise<boolean> {
  try {
    await run(path, feedsFor(CONV_BN));
    return true;
  } catch {
    return false;
  }
}

/** What stands in the entries, and what the error says where ONNX Runtime refuses it. */
const ENTRIES: [what: string, change: Change, refused?: string][] = [
  ["no length", (entries) => entries.slice(0, 2)],
  ["a length of 0", (entries) => [...entries.slice(0, 2), ["length", "0"]]],
  ["an offset with a leading zero", (entries) => [entries[0], ["offset", "0064"], entries[2]]],
  ["two offsets, of which the last counts", (entries) => [["offset", "8"], ...entries]],
  ["a checksum", (entries) => [...entries, ["checksum", "00"]]],
  ["a length with nothing in it", (entries) => [...entries.slice(0, 2), ["length", ""]], "is no whole number"],
  ["an offset with a sign", (entries) => [entries[0], ["offset", "+64"], entries[2]], "is no whole number"],
  ["an offset after a space", (entries) => [entries[0], ["offset", " 64"], entries[2]], "is no whole number"],
  ["an offset before a space", (entries) => [entries[0], ["offset", "64 "], entries[2]], "is no whole number"],
  ["a hexadecimal offset", (entries) => [entries[0], ["offset", "0x40"], entries[2]], "is no whole number"],
  ["an offset with an exponent", (entries) => [entries[0], ["offset", "64e0"], entries[2]], "is no whole number"],
  ["a negative length", (entries) => [...entries.slice(0, 2), ["length", "-1"]], "is no whole number"],
  ["a key of its own", (entries) => [...entries, ["basepath", "."]], "'basepath' is none of"],
  ["two locations", (entries) => [["location", "w.bin"], ...entries], "two locations"],
];

for (const [what, change, refused] of ENTRIES) {
  Deno.test(`open() ${refused ? "refuses" : "reads"} external data with ${what}, as ONNX Runtime does`, () =>
    inFolder(async (folder) => {
      const path = await withEntries(folder, change);
      assertEquals(await runs(path), !refused);
      if (refused) {
        const { message } = await assertRejects(() => open(path), ModelFormatError, refused);
        for (const part of [path, "tensor 'w'"]) assertEquals(message.includes(part), true, message);
      } else {
        const feeds = feedsFor(CONV_BN);
        assertEquals(relativeL2(await run(path, feeds), await run(await (await open(path)).bytes(), feeds)), 0);
      }
    }));
}

Deno.test("a tensor with its data both in the model and outside has what is outside, as in ONNX Runtime", () =>
  inFolder(async (folder) => {
    const path = await withEntries(folder, (_, tensor) => {
      tensor.raw_data = new Uint8Array(16 * 72 * 4); // zeros
    });
    const feeds = feedsFor(CONV_BN);
    const expected = await run(modelBytes(CONV_BN), feeds);
    assertEquals(relativeL2(expected, await run(path, feeds)), 0);
    assertEquals(relativeL2(expected, await run(await (await open(path)).bytes(), feeds)), 0);
  }));

Deno.test("open() follows a link out of the model's folder only where that is allowed, and says so", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/model`);
    const path = await withEntries(`${folder}/model`, () => {});
    await Deno.rename(`${folder}/model/w.bin`, `${folder}/elsewhere.bin`);
    await Deno.symlink("../elsewhere.bin", `${folder}/model/w.bin`);
    await assertRejects(() => open(path), ModelFormatError, "is a link to");
    const model = await open(path, { allowLinks: true });
    const feeds = feedsFor(CONV_BN);
    assertEquals(relativeL2(await run(modelBytes(CONV_BN), feeds), await run(await model.bytes(), feeds)), 0);
    assertEquals(model.notes.map((note) => note.includes(`${folder}/elsewhere.bin`)), [true]);
    // a folder that is a link, and a link within the folder
    await Deno.symlink(`${folder}/model`, `${folder}/link`);
    await assertRejects(() => open(`${folder}/link/net.onnx`), ModelFormatError, "is a link to");
    await Deno.remove(`${folder}/model/w.bin`);
    await Deno.rename(`${folder}/elsewhere.bin`, `${folder}/model/real.bin`);
    await Deno.symlink("real.bin", `${folder}/model/w.bin`);
    assertEquals((await open(`${folder}/link/net.onnx`)).notes, []);
    // a link to the model itself: its data is beside the file it leads to
    await Deno.mkdir(`${folder}/other`);
    await Deno.symlink(path, `${folder}/other/net.onnx`);
    assertEquals((await open(`${folder}/other/net.onnx`)).notes, []);
  }));
