import { assertEquals, assertRejects } from "@std/assert";
import { fuse, ModelFormatError, open } from "../../src/fusion/mod.ts";
import { messageType } from "../../src/proto/schema.ts";
import { feedsFor, modelBytes, relativeL2, run } from "../onnx_model.ts";
import { CONV_BN, inFolder } from "../external_model.ts";

// deno-lint-ignore no-explicit-any
type Proto = any;

/** The same model with the data of some tensors in files beside it, changed as a test likes. */
function externalised(
  names: string[],
  change: (tensor: Proto, entries: Record<string, string>) => void = () => {},
): { model: Uint8Array; data: Uint8Array } {
  const type = messageType("ModelProto");
  const proto: Proto = type.decode(modelBytes(CONV_BN));
  const parts: Uint8Array[] = [];
  let offset = 64; // not at the begin, so that an ignored offset shows
  parts.push(new Uint8Array(offset).fill(255));
  for (const tensor of proto.graph.initializer) {
    if (!names.includes(tensor.name)) continue;
    const data = Uint8Array.from(tensor.raw_data);
    const entries: Record<string, string> = {
      location: "weights.bin",
      offset: String(offset),
      length: String(data.length),
    };
    change(tensor, entries);
    tensor.raw_data = new Uint8Array();
    delete tensor.raw_data;
    tensor.data_location = 1;
    tensor.external_data = Object.entries(entries).map(([key, value]) => ({ key, value }));
    parts.push(data);
    offset += data.length;
  }
  const data = new Uint8Array(offset);
  parts.reduce((at, part) => (data.set(part, at), at + part.length), 0);
  return { model: Uint8Array.from(type.encode(proto).finish()), data };
}

async function files(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

Deno.test("a model with external data is fused, and its weights go to one file beside the new model", () =>
  inFolder(async (folder) => {
    const { model, data } = externalised(["w", "gamma", "mean", "spare"]);
    await Deno.writeFile(`${folder}/net.onnx`, model);
    await Deno.writeFile(`${folder}/weights.bin`, data);
    const { model: fused, report } = await fuse(`${folder}/net.onnx`);
    assertEquals(report.after.ops, { Conv: 1, Relu: 1 });
    assertEquals(report.before.parameters, 16 * 72 + 4 * 16 + 300);
    await fused.save(`${folder}/fused.onnx`);
    assertEquals(await files(folder), ["fused.onnx", "fused.onnx.data", "net.onnx", "weights.bin"]);
    const feeds = feedsFor(CONV_BN);
    const before = await run(modelBytes(CONV_BN), feeds);
    assertEquals(relativeL2(before, await run(await fused.bytes(), feeds)) < 1e-6, true);
    const reopened = await open(`${folder}/fused.onnx`);
    assertEquals(relativeL2(before, await run(await reopened.bytes(), feeds)) < 1e-6, true);
    // ONNX Runtime reads the pair itself
    assertEquals(relativeL2(before, await run(`${folder}/fused.onnx`, feeds)) < 1e-6, true);
  }));

Deno.test("a model with external data can be saved over itself and its data file", () =>
  inFolder(async (folder) => {
    const { model, data } = externalised(["w", "spare"], (_, entries) => entries.location = "net.onnx.data");
    await Deno.writeFile(`${folder}/net.onnx`, model);
    await Deno.writeFile(`${folder}/net.onnx.data`, data);
    const { model: fused } = await fuse(`${folder}/net.onnx`);
    const expected = await fused.bytes();
    await fused.save(`${folder}/net.onnx`);
    assertEquals(await files(folder), ["net.onnx", "net.onnx.data"]);
    assertEquals(await (await open(`${folder}/net.onnx`)).bytes(), expected);
  }));

Deno.test("open() refuses external data that is missing, cut, outside the folder, or without a location", async (t) => {
  const cases: [string, Parameters<typeof externalised>[1], string][] = [
    [
      "a missing file",
      (_, entries) => entries.location = "elsewhere.bin",
      "its weights are in 'elsewhere.bin' beside it, which cannot be read",
    ],
    ["a length beyond the file", (_, entries) => entries.length = "999999", "'weights.bin', which has only"],
    ["an offset beyond the file", (_, entries) => entries.offset = "999999", "'weights.bin', which has only"],
    ["a negative offset", (_, entries) => entries.offset = "-4", "tensor 'w'"],
    ["a length that is no number", (_, entries) => entries.length = "many", "tensor 'w'"],
    ["a parent folder", (_, entries) => entries.location = "../weights.bin", "lies outside the model's folder"],
    [
      "a hidden parent folder",
      (_, entries) => entries.location = "a/../../weights.bin",
      "lies outside the model's folder",
    ],
    ["an absolute path", (_, entries) => entries.location = "/etc/passwd", "lies outside the model's folder"],
    ["no location", (_, entries) => delete entries.location, "no location is given"],
    [
      "too little data for the shape",
      (_, entries) => entries.length = "400",
      "needs 4608 bytes of data, the model has 400",
    ],
  ];
  for (const [what, change, message] of cases) {
    await t.step(what, () =>
      inFolder(async (folder) => {
        const { model, data } = externalised(["w"], change);
        await Deno.writeFile(`${folder}/net.onnx`, model);
        await Deno.writeFile(`${folder}/weights.bin`, data);
        await assertRejects(() => open(`${folder}/net.onnx`), ModelFormatError, message);
      }));
  }
});

Deno.test("open() says that a model in memory needs its data file", async () => {
  await assertRejects(() => open(externalised(["w"]).model), ModelFormatError, "Open the model by its path");
});

Deno.test("external data without offset and length is the whole file", () =>
  inFolder(async (folder) => {
    const { model, data } = externalised(["w"], (_, entries) => {
      delete entries.offset;
      delete entries.length;
    });
    await Deno.writeFile(`${folder}/net.onnx`, model);
    await Deno.writeFile(`${folder}/weights.bin`, data.subarray(64));
    const opened = await open(`${folder}/net.onnx`);
    const feeds = feedsFor(CONV_BN);
    assertEquals(relativeL2(await run(modelBytes(CONV_BN), feeds), await run(await opened.bytes(), feeds)), 0);
  }));
