import { assertAlmostEquals, assertEquals, assertLess, assertRejects } from "@std/assert";
import { join } from "node:path";
import { encode as encodePng } from "fast-png";
import * as jpeg from "jpeg-js";
import { zipSync } from "fflate";
import { deflateSync } from "node:zlib";
import { dump } from "npyjs";
import wavefile from "wavefile";
import { resize } from "../../src/bench/image.ts";
import { readInputs } from "../../src/bench/input_files.ts";

const image = { name: "image", type: "float32", dims: ["batch", 3, "height", "width"] };

async function inFolder(files: Record<string, Uint8Array>, test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, bytes] of Object.entries(files)) {
      await Deno.mkdir(join(folder, name, ".."), { recursive: true });
      await Deno.writeFile(join(folder, name), bytes);
    }
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const npy = (data: Float32Array | Float64Array | BigInt64Array, shape: number[]) =>
  new Uint8Array(dump(data as Float32Array, shape));

Deno.test("readInputs() takes every .npy of a one-input model as a set, in order of names", async () => {
  const first = Float32Array.from({ length: 12 }, (_, i) => i);
  await inFolder(
    { "b.npy": npy(first, [1, 3, 2, 2]), "a.npy": npy(first, [3, 2, 2]), "notes.txt": new Uint8Array(1) },
    async (folder) => {
      const sets = await readInputs(folder, [image]);
      assertEquals(sets.map(({ name }) => name), ["a.npy", "b.npy"]);
      for (const { feeds } of sets) {
        assertEquals([feeds.image.type, feeds.image.dims], ["float32", [1, 3, 2, 2]]);
        assertEquals(Array.from(feeds.image.data as Float32Array), Array.from(first));
      }
    },
  );
});

Deno.test("readInputs() lays an RGB picture out as planes, or as pixels, scaled to 0…1", async () => {
  const pixels = new Uint8Array([255, 0, 51, 0, 102, 153]); // two pixels beside each other
  await inFolder({ "p.png": encodePng({ width: 2, height: 1, channels: 3, data: pixels }) }, async (folder) => {
    const read = async (dims: (string | number)[], type = "float32") =>
      (await readInputs(folder, [{ ...image, type, dims }], {
        shape: dims.map((dim) => dim === "n" ? 1 : Number(dim)),
      }))[0].feeds.image;
    const close = (actual: ArrayLike<unknown>, expected: number[]) =>
      expected.forEach((value, i) => assertAlmostEquals(actual[i] as number, value, 1e-6));
    close((await read(["n", 3, 1, 2])).data, [1, 0, 0, 0.4, 0.2, 0.6]);
    assertEquals(Array.from((await read(["n", 3, 1, 2], "uint8")).data as Uint8Array), [255, 0, 0, 102, 51, 153]);
    close((await read(["n", 1, 1, 2])).data, [0.299 + 0.2 * 0.114, 0.4 * 0.587 + 0.6 * 0.114]);
    const batch = await read([2, 3, 1, 2]);
    assertEquals([batch.data.length, batch.data[6]], [12, 1]);
  });
});

Deno.test("readInputs() reads JPEG, and resizes to the size asked for", async () => {
  const { data } = jpeg.encode({ width: 16, height: 16, data: new Uint8Array(16 * 16 * 4).fill(128) }, 100);
  await inFolder({ "p.jpg": new Uint8Array(data) }, async (folder) => {
    const [{ feeds }] = await readInputs(folder, [image], { size: 5 });
    assertEquals(feeds.image.dims, [1, 3, 5, 5]);
    for (const value of Array.from(feeds.image.data as Float32Array)) assertAlmostEquals(value, 128 / 255, 0.02);
  });
});

Deno.test("resize() interpolates linearly between pixel centres", () => {
  const picture = { width: 2, height: 1, channels: 1, data: new Float32Array([0, 1]) };
  assertEquals(Array.from(resize(picture, 4, 1, 1)), [0, 0.25, 0.75, 1]);
  assertEquals(Array.from(resize(picture, 1, 1, 1)), [0.5]);
});

Deno.test("readInputs() matches files to several inputs by name or number, a set a folder", async () => {
  const inputs = [{ name: "ids", type: "int64", dims: ["n"] }, { name: "mask", type: "float32", dims: ["n"] }];
  const ids = npy(new BigInt64Array([5n, 6n]), [2]);
  const mask = npy(new Float32Array([1, 0]), [2]);
  const files = {
    "set_0/ids.npy": ids,
    "set_0/mask.npy": mask,
    "set_1/input_0.pb": new Uint8Array([9]),
    "set_1/input_1.npy": mask,
  };
  await inFolder({ ...files, "set_1/output_0.pb": new Uint8Array([1]) }, async (folder) => {
    const decodeProto = (bytes: Uint8Array) => ({
      type: "int64",
      dims: [1],
      data: new BigInt64Array([BigInt(bytes[0])]),
    });
    const sets = await readInputs(folder, inputs, { decodeProto });
    assertEquals(sets.map(({ name }) => name), ["set_0", "set_1"]);
    assertEquals([sets[0].feeds.ids.data[1], sets[1].feeds.ids.data[0]], [6n, 9n]);
    await assertRejects(() => readInputs(folder, inputs), Error, "input_0.pb: no decoder for .pb files");
  });
});

Deno.test("readInputs() narrows float64 to float32, as NumPy saves it by default", async () => {
  await inFolder({ "x.npy": npy(new Float64Array([0.1]), [1]) }, async (folder) => {
    const [{ feeds }] = await readInputs(folder, [{ name: "x", type: "float32", dims: [1] }]);
    assertEquals(feeds.x.data, new Float32Array([0.1]));
  });
});

Deno.test("readInputs() says which file does not fit, and what was expected", async () => {
  const file = npy(new Float32Array(4), [1, 1, 2, 2]);
  await inFolder({ "x.npy": file }, async (folder) => {
    await assertRejects(
      () => readInputs(folder, [image]),
      Error,
      "x.npy: shape 1x1x2x2 does not fit input image float32",
    );
    const ids = { name: "ids", type: "int64", dims: [1, 1, 2, 2] };
    await assertRejects(() => readInputs(folder, [ids]), Error, "float32 does not fit input ids int64");
    await assertRejects(
      () => readInputs(folder, [image, ids]),
      Error,
      "x.npy: belongs to no input; the model takes image",
    );
  });
  await inFolder({ "x.png": new TextEncoder().encode("nonsense") }, async (folder) => {
    await assertRejects(() => readInputs(folder, [image]), Error, "x.png: neither a PNG nor a JPEG");
    await assertRejects(
      () => readInputs(folder, [{ name: "x", type: "float32", dims: [10] }]),
      Error,
      "an image cannot be fed",
    );
  });
  await inFolder({}, async (folder) => {
    await assertRejects(() => readInputs(folder, [image]), Error, "no input files; expected .npy, .npz, .pb, .png");
    await assertRejects(
      () => readInputs(join(folder, "nowhere"), [image]),
      Error,
      "cannot be read as a folder of inputs",
    );
  });
});

Deno.test("readInputs() refuses what a small file claims or unpacks to, before it has the memory for it", async () => {
  const packed = zipSync({ "x.npy": new Uint8Array(1000) });
  const view = new DataView(packed.buffer),
    central = packed.findLastIndex((byte, at) => byte === 0x50 && packed[at + 1] === 0x4b && packed[at + 2] === 1);
  view.setUint32(central + 24, 2 ** 31, true); // the unpacked size that its directory says
  await inFolder({ "a.npz": packed }, async (folder) => {
    await assertRejects(() => readInputs(folder, [image]), Error, "its arrays have more than 1073741824 bytes");
  });
  await inFolder({ "a.npz": zipSync({}) }, async (folder) => {
    await assertRejects(() => readInputs(folder, [image]), Error, "a.npz: no arrays are in it");
  });
  const png = new Uint8Array(40);
  png.set([0x89, 0x50, 0x4e, 0x47]);
  new DataView(png.buffer).setUint32(16, 20_000);
  new DataView(png.buffer).setUint32(20, 20_000);
  await inFolder({ "a.png": png }, async (folder) => {
    await assertRejects(() => readInputs(folder, [image]), Error, "a picture of 400 megapixels; expected at most 50");
  });
});

Deno.test("readInputs() takes arrays of an .npz by name, the only one for the only input, and leaves out inputs it lacks", async () => {
  const x = npy(new Float32Array([1, 2]), [2]),
    both = [{ name: "x", type: "float32", dims: ["n"] }, {
      name: "sr",
      type: "int64",
      dims: [],
    }];
  await inFolder({ "a.npz": zipSync({ "x.npy": x }), "set/x.npy": x }, async (folder) => {
    const sets = await readInputs(folder, both);
    assertEquals(sets.map(({ name, feeds }) => [name, Object.keys(feeds)]), [["a.npz", ["x"]], ["set", ["x"]]]);
    assertEquals(Array.from(sets[0].feeds.x.data as Float32Array), [1, 2]);
    const [only] = await readInputs(folder, [{ name: "other", type: "float32", dims: ["n"] }]);
    assertEquals(only.feeds.other.dims, [2]);
  });
  await inFolder({ "a.npz": zipSync({ "y.npy": x }) }, async (folder) => {
    await assertRejects(() => readInputs(folder, both), Error, "a.npz: array y belongs to no input; the model takes x");
  });
});

/** A 16-bit WAV file. */
function wav(channels: number[][], rate = 16_000): Uint8Array {
  const file = new wavefile.WaveFile();
  file.fromScratch(channels.length, rate, "16", (channels.length === 1 ? channels[0] : channels) as never);
  return file.toBuffer();
}

Deno.test("readInputs() reads WAV as −1…1, channels mixed where the input has one, cut or filled to a fixed length", async () => {
  await inFolder({ "a.wav": wav([[0, 16384, -32768], [0, 0, -32768]]) }, async (folder) => {
    const read = async (dims: (string | number)[], type = "float32") =>
      (await readInputs(folder, [{ name: "audio", type, dims }]))[0].feeds.audio;
    const close = (actual: ArrayLike<unknown>, expected: number[]) => {
      assertEquals(actual.length, expected.length);
      expected.forEach((value, i) => assertAlmostEquals(actual[i] as number, value, 1e-4));
    };
    const one = await read(["n", "samples"]);
    assertEquals(one.dims, [1, 3]);
    close(one.data, [0, 0.25, -1]);
    assertEquals((await read(["samples"])).dims, [3]);
    const two = await read([1, 2, 2]);
    assertEquals(two.dims, [1, 2, 2]);
    close(two.data, [0, 0.5, 0, 0]);
    close((await read([2, 4])).data, [0, 0.25, -1, 0, 0, 0.25, -1, 0]);
    await assertRejects(() => read([1, 3, "l"]), Error, "a.wav: 2 channels do not fit input audio float32 [1, 3, l]");
    await assertRejects(() => read(["n"], "int64"), Error, "a sound cannot be fed to input audio int64 [n]");
  });
  await inFolder({ "a.wav": new Uint8Array(64) }, async (folder) => {
    await assertRejects(() => readInputs(folder, [{ name: "x", type: "float32", dims: ["n"] }]), Error, "a.wav: ");
  });
});

Deno.test("readInputs() resamples WAV to the rate that is told, or that the model's own input has, and says so", async () => {
  const tone = (rate: number) =>
    Array.from({ length: rate / 10 }, (_, i) => 8192 * Math.sin(2 * Math.PI * 440 * i / rate));
  await inFolder({ "audio.wav": wav([tone(44_100)], 44_100) }, async (folder) => {
    const audio = { name: "audio", type: "float32", dims: ["n", "samples"] };
    const rate = { name: "sr", type: "int64", dims: [] };
    const [own] = await readInputs(folder, [audio]);
    assertEquals([own.name, own.feeds.audio.dims], ["audio.wav (44100 Hz)", [1, 4410]]);

    const [told] = await readInputs(folder, [audio], { sampleRate: 16_000 });
    assertEquals([told.name, told.feeds.audio.dims], ["audio.wav (44100 → 16000 Hz)", [1, 1600]]);
    const heard = Array.from(told.feeds.audio.data, Number);
    assertAlmostEquals(Math.hypot(...heard.slice(400, 1200)) / Math.sqrt(800 / 2), 0.25, 0.01);
    const crossings = heard.filter((value, i) => i > 0 && value >= 0 && heard[i - 1] < 0).length;
    assertAlmostEquals(crossings, 44, 1);

    const [made] = await readInputs(folder, [audio, rate]);
    assertEquals(made.feeds.audio.dims, [1, 1600]);
    assertEquals(/\(audio\.wav 44100 → 16000 Hz\)$/.test(made.name), true, made.name);
    const [given] = await readInputs(folder, [audio, rate], { values: { sr: "8000" } });
    assertEquals(given.feeds.audio.dims, [1, 800]);
    await assertRejects(
      () => readInputs(folder, [audio], { sampleRate: 1e9 }),
      Error,
      "at 1000000000 Hz in place of 44100 Hz it would have more than 67108864 samples",
    );
    await assertRejects(
      () => readInputs(folder, [audio], { sampleRate: 0 }),
      Error,
      "sampleRate 0: expected samples a second",
    );
  });
});

/** A PNG of one grey pixel, with other chunks in front of its end and other bytes as its packed rows. */
function pngOf(packed: Uint8Array, ...others: [type: string, content: Uint8Array][]): Uint8Array {
  const chunk = (type: string, content: ArrayLike<number>) => {
    const bytes = new Uint8Array(12 + content.length);
    new DataView(bytes.buffer).setUint32(0, content.length);
    bytes.set(new TextEncoder().encode(type), 4);
    bytes.set(content, 8);
    return bytes;
  };
  const header = [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0];
  const chunks = [
    chunk("IHDR", header),
    chunk("IDAT", packed),
    ...others.map(([type, content]) => chunk(type, content)),
  ];
  return Uint8Array.from([
    0x89,
    0x50,
    0x4e,
    0x47,
    13,
    10,
    26,
    10,
    ...chunks.flatMap((bytes) => [...bytes]),
    ...chunk("IEND", []),
  ]);
}

Deno.test("readInputs() reads a PNG whatever is hidden beside its pixels, and refuses one that hides it in them", async () => {
  const most = Deno.memoryUsage().rss + 200e6, bomb = deflateSync(new Uint8Array(400e6));
  const read = async (png: Uint8Array) => {
    let pixels: number[] = [];
    await inFolder({ "a.png": png }, async (folder) => {
      const [{ feeds }] = await readInputs(folder, [{ name: "x", type: "uint8", dims: [1, 1, 1, 1] }]);
      pixels = Array.from(feeds.x.data, Number);
    });
    return pixels;
  };
  const pixel = deflateSync(Uint8Array.of(0, 77));
  assertEquals(await read(pngOf(pixel)), [77]);
  const profile = Uint8Array.from([0x61, 0, 0, ...bomb]);
  assertEquals(await read(pngOf(pixel, ["iCCP", profile])), [77]);
  await assertRejects(() => read(pngOf(bomb)), Error, "a.png: a PNG whose packed rows are damaged, or more");
  await assertRejects(() => read(pngOf(pixel.subarray(0, 3))), Error, "a PNG whose packed rows are damaged");
  await assertRejects(() => read(pngOf(deflateSync(Uint8Array.of(0)))), Error, "a.png: a PNG that is not whole");
  await assertRejects(() => read(pngOf(pixel).subarray(0, -1)), Error, "a.png: a PNG that is not whole");
  await assertRejects(
    () => read(pngOf(pixel, ["IHDR", Uint8Array.of(0, 1, 0, 0, 0, 1, 0, 0, 8, 0, 0, 0, 0)])),
    Error,
    "a.png: a PNG with two headers",
  );
  await assertRejects(() => read(pngOf(pixel, ["PLTE", new Uint8Array(900)])), Error, "a PNG with a PLTE too much");
  assertLess(Deno.memoryUsage().rss, most);
});
