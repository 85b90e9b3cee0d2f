import { assert, assertEquals, assertThrows } from "@std/assert";
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
    "input words string [1, 64]: values of type string cannot be made up",
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
