import { assert, assertEquals, assertThrows } from "@std/assert";
import { longerShapes, otherShapes, resolveShapes } from "../../src/bench/input_shapes.ts";
import { randomInputs } from "../../src/bench/inputs.ts";

const image = { name: "image", type: "float32", dims: ["batch", 3, "height", "width"] };

Deno.test("randomInputs() repeats for a seed and differs between seeds", () => {
  const values = (seed: number) => Array.from(randomInputs([image], { size: 4, seed }).image.data);
  assertEquals(values(1), values(1));
  assert(values(1)[0] !== values(2)[0]);
});

Deno.test("randomInputs() guesses dynamic dimensions by their place and name", () => {
  const dims = (...declared: (number | string)[]) =>
    randomInputs([{ name: "x", type: "float32", dims: declared }]).x.dims;
  assertEquals(dims("batch", 3, "height", "width"), [1, 3, 224, 224]);
  assertEquals(dims("", "", "", ""), [1, 3, 224, 224]);
  assertEquals(dims("N", "h", "w", 3), [1, 224, 224, 3]);
  assertEquals(dims("batch", "sequence"), [1, 16]);
  assertEquals(dims("batch", "time", 80), [1, 16, 80]);
  assertEquals(dims(), []);
  assertEquals(randomInputs([image], { size: 8 }).image.dims, [1, 3, 8, 8]);
});

Deno.test("randomInputs() takes a shape for the only input, and shapes by name", () => {
  assertEquals(randomInputs([image], { shape: [2, 3, 5, 7] }).image.data.length, 210);
  assertEquals(randomInputs([image], { shapes: { image: [1, 3, 2, 2] } }).image.dims, [1, 3, 2, 2]);
});

Deno.test("randomInputs() refuses a shape that does not fit, and says what the model declares", () => {
  const fit = "does not fit input image float32 [batch, 3, height, width]";
  assertThrows(() => randomInputs([image], { shape: [1, 1, 4, 4] }), Error, `shape 1x1x4x4 ${fit}`);
  assertThrows(() => randomInputs([image], { shape: [1, 3, 4] }), Error, fit);
  assertThrows(() => randomInputs([image], { shape: [1, 3, 4, -4] }), Error, fit);
  assertThrows(() => randomInputs([image], { shapes: { img: [1] } }), Error, "no such input, only image");
  const other = { ...image, name: "mask" };
  assertThrows(
    () => randomInputs([image, other], { shape: [1, 3, 4, 4] }),
    Error,
    "2 inputs (image, mask); give shapes by name",
  );
});

Deno.test("randomInputs() makes values of every element type that can index, mask or count", () => {
  const make = (name: string, type: string) => randomInputs([{ name, type, dims: [1, 64] }])[name].data;
  const ids = Array.from(make("input_ids", "int64") as BigInt64Array);
  assert(ids.every((id) => id >= 0n && id < 8n) && new Set(ids).size > 1);
  assertEquals(new Set(Array.from(make("attention_mask", "int64") as BigInt64Array)), new Set([1n]));
  assertEquals(new Set(Array.from(make("token_type_ids", "int64") as BigInt64Array)), new Set([0n]));
  assertEquals(Array.from(make("position_ids", "int32") as Int32Array), Array.from({ length: 64 }, (_, i) => i));
  assertEquals(make("flag", "bool"), new Uint8Array(64).fill(1));
  assert(make("x", "float16") instanceof Float16Array);
  assert(make("x", "float64") instanceof Float64Array);
  assert(make("x", "uint8") instanceof Uint8Array);
  assertThrows(
    () => make("words", "string"),
    Error,
    "input words string [1, 64]: values of type string cannot be made up; give them (--input words=…, option values)",
  );
});

Deno.test("randomInputs() draws from the distribution asked for", () => {
  const draw = (distribution: "normal" | "uniform" | "wide" | "sparse") =>
    Array.from(randomInputs([{ name: "x", type: "float32", dims: [10_000] }], { distribution }).x.data as Float32Array);
  const spread = (values: number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  const near = (value: number, expected: number) =>
    assert(Math.abs(value / expected - 1) < 0.1, `${value}, not ${expected}`);
  near(spread(draw("normal")), 1);
  near(spread(draw("wide")), 10);
  near(spread(draw("uniform")), Math.sqrt(1 / 3));
  assert(draw("uniform").every((value) => value >= 0 && value <= 1));
  near(draw("sparse").filter((value) => value === 0).length, 9000);
});

const port = (name: string, dims: (number | string)[], type = "float32") => ({ name, type, dims });

Deno.test("resolveShapes() gives dimensions of one name, or unnamed ones at the same place, the same length", () => {
  const named = [port("ids", ["batch", "sequence"], "int64"), port("order", ["sequence"], "int64")];
  assertEquals(resolveShapes(named), { ids: [1, 16], order: [16] });
  assertEquals(resolveShapes(named, { shapes: { ids: [4, 7] } }), { ids: [4, 7], order: [7] });
  const unnamed = [port("ids", ["", ""], "int64"), port("mask", ["", ""], "int64"), port("x", ["", 3, "", ""])];
  assertEquals(resolveShapes(unnamed, { shapes: { mask: [2, 9] } }), {
    ids: [2, 9],
    mask: [2, 9],
    x: [2, 3, 224, 224],
  });
});

Deno.test("resolveShapes() takes the keys and values that a decoder keeps for no image", () => {
  const cache = port("past_key_values.0.key", ["batch", 4, "past_sequence_length", 16]);
  assertEquals(resolveShapes([cache])[cache.name], [1, 4, 16, 16]);
  assertEquals(resolveShapes([port("x", ["batch", 3, "past_height", "w"])], { size: 32 }).x, [1, 3, 32, 32]);
});

Deno.test("resolveShapes() adds the lengths that a dimension is the sum of, and knows a recurrent state and a sound", () => {
  const decoder = [
    port("ids", ["batch", "sequence"], "int64"),
    port("past", ["batch", 2, "past", 8]),
    port("mask", ["batch", "past + sequence + 1"], "int64"),
  ];
  assertEquals(resolveShapes(decoder, { shapes: { past: [1, 2, 5, 8] } }).mask, [1, 5 + 16 + 1]);
  assertEquals(resolveShapes([port("audio", ["n", "l"]), port("state", [2, "", 128])]), {
    audio: [1, 16_000],
    state: [2, 1, 128],
  });
  assertEquals(resolveShapes([port("mel", [1, "time", 80])]).mel, [1, 16, 80]);
});

Deno.test("otherShapes() leaves alone what is given, and tries usual sizes and lengths", () => {
  const tried = (inputs: ReturnType<typeof port>[], options = {}) =>
    [...otherShapes(inputs, options)].map((shapes) => shapes[inputs[0].name].join("x"));
  const images = tried([port("x", ["n", 3, "h", "w"])]);
  for (const size of ["1x3x32x32", "1x3x640x640", "1x3x48x320"]) assert(images.includes(size), size);
  assertEquals(new Set(images).size, images.length, "nothing is tried twice");
  assert(!images.includes("1x3x224x224"), "what has failed is not tried again");
  assertEquals(tried([port("x", ["n", 3, "h", "w"])], { size: 300 }), []);
  assertEquals(tried([port("x", ["n", 3, "h", "w"])], { shape: [1, 3, 9, 9] }), []);
  assertEquals(tried([port("x", [1, 3])]), []);
  const sounds = tried([port("x", ["n", "l"])]);
  for (const size of ["1x512", "1x16000"]) assert(sounds.includes(size), size);
  assert(!tried([port("ids", ["n", "l"], "int64")]).includes("1x16000"), "attention over 16 000 tokens");
  assert(tried([port("x", ["n", "c", "h", "w"])]).includes("1x1x32x32"));
});

Deno.test("longerShapes() lengthens what is open alike everywhere, then batches alone", () => {
  const inputs = [port("x", ["n", "l", 4]), port("y", ["l"])];
  assertEquals(longerShapes(inputs, {}), [{ x: [2, 17, 4], y: [17] }, { x: [2, 16, 4], y: [16] }]);
  assertEquals(longerShapes([port("x", ["n", 3, "h", "w"])], {})[0].x, [2, 3, 256, 256]);
  assertEquals(longerShapes([port("x", [1, 3])], {}), []);
});

Deno.test("randomInputs() takes given values: one for all of an input, or each in order", () => {
  const inputs = [
    port("sr", [], "int64"),
    port("scales", [3]),
    port("ids", ["n", "l"], "int64"),
    port("on", [2], "bool"),
  ];
  const made = randomInputs(inputs, { values: { sr: "8000", scales: [1, "0.5", 2], ids: [7, 8, 9], on: true } });
  assertEquals([made.sr.dims, made.sr.data[0]], [[], 8000n]);
  assertEquals(Array.from(made.scales.data as Float32Array), [1, 0.5, 2]);
  assertEquals([made.ids.dims, Array.from(made.ids.data as BigInt64Array)], [[1, 3], [7n, 8n, 9n]]);
  assertEquals(made.on.data, new Uint8Array([1, 1]));
  const words = randomInputs([port("words", ["n"], "string")], { values: { words: ["a", "b"] } }).words;
  assertEquals([words.dims, words.data], [[2], ["a", "b"]]);
});

Deno.test("randomInputs() refuses values that fit neither the input nor its type", () => {
  const inputs = [port("sr", [], "int64"), port("scales", [3]), port("tiny", [1], "int8"), port("on", [1], "bool")];
  const refused = (values: Record<string, string | string[]>, message: string) =>
    assertThrows(() => randomInputs(inputs, { values }), Error, message);
  refused({ rate: "1" }, "value of input rate: the model has no such input, only sr int64 []");
  refused({ scales: ["1", "2"] }, "input scales float32 [3]: 2 values, expected 1 or 3");
  refused({ sr: "fast" }, 'input sr int64 []: "fast" is no whole number');
  refused({ scales: "" }, '"" is no number');
  refused({ tiny: "300" }, '"300" is no whole number from -128 to 127');
  refused({ on: "yes" }, '"yes" is neither true nor false');
});

Deno.test("randomInputs() stays within a vocabulary, a mask of ones, a sound's and a picture's range", () => {
  const data = (input: ReturnType<typeof port> & { limit?: number }) =>
    Array.from(randomInputs([{ ...input, dims: [1, 500] }])[input.name].data as ArrayLike<number | bigint>, Number);
  const ids = data({ ...port("input_ids", [], "int64"), limit: 1000 });
  assert(Math.max(...ids) > 900 && Math.max(...ids) < 1000 && Math.min(...ids) >= 0);
  assertEquals(Math.max(...data({ ...port("position_ids", [], "int64"), limit: 300 })), 299);
  assertEquals(new Set(data(port("attention_mask", []))), new Set([1]));
  const sound = data(port("audio", []));
  assert(sound.every((value) => Math.abs(value) <= 1) && sound.some((value) => value < 0 && value > -0.5));
  assertEquals(data(port("sampling_rate", [], "int64"))[0], 16_000);
  const pixels = randomInputs([port("image", [1, 8, 8, 3], "uint8")]).image.data as Uint8Array;
  assert(Math.max(...pixels) > 200);
  const lengths = randomInputs([port("x", ["n", "l", 80]), port("x_lengths", ["n"], "int64")]).x_lengths;
  assertEquals(Array.from(lengths.data as BigInt64Array), [16n]);
});
