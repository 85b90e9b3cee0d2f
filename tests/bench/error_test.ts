import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { classCount, INFINITE_ERROR, measureError } from "../../src/bench/error.ts";
import type { TensorData } from "../../src/bench/session.ts";

const tensor = (values: number[], dims = [values.length]): TensorData => ({
  type: "float32",
  dims,
  data: new Float32Array(values),
});
const measure = (a: TensorData, b: TensorData) => measureError({ y: a }, { y: b });

Deno.test("measureError() computes every measure as by hand", () => {
  const error = measure(tensor([3, 4, 0, 0]), tensor([3, 4, 0, 0.5]));
  assertEquals(error.l2, 0.5);
  assertEquals(error.norm, 5);
  assertEquals(error.maxAbs, 0.5);
  assertAlmostEquals(error.relativeL2, 0.1, 1e-15);
  assertAlmostEquals(error.snrDb!, 20, 1e-12);
  assertAlmostEquals(error.cosine, 25 / (5 * Math.sqrt(25.25)), 1e-15);
  assertEquals(error.outputs.y.l2, 0.5);
});

Deno.test("measureError() of equal outputs is exactly zero, with no signal-to-noise ratio", () => {
  const error = measure(tensor([1, -2, 3, 4, 5, 6]), tensor([1, -2, 3, 4, 5, 6]));
  assertEquals([error.l2, error.maxAbs, error.relativeL2, error.cosine, error.snrDb], [0, 0, 0, 1, null]);
  assertEquals(error.histogram, { log10Edges: [], counts: [], zero: 6 });
  assertEquals(error.ulpHistogram, [{ upTo: 0, count: 6 }]);
});

Deno.test("measureError() of empty, of all-zero and of half-zero outputs is defined", () => {
  const empty = measure(tensor([], [0, 10]), tensor([], [0, 10]));
  assertEquals([empty.l2, empty.norm, empty.relativeL2, empty.cosine, empty.top1Agreement], [0, 0, 0, 1, null]);
  const zeros = measure(tensor([0, 0]), tensor([0, -0]));
  assertEquals([zeros.l2, zeros.relativeL2, zeros.cosine], [0, 0, 1]);
  const appeared = measure(tensor([0, 0]), tensor([0, 1]));
  assertEquals([appeared.l2, appeared.relativeL2, appeared.cosine], [1, INFINITE_ERROR, 0]);
  const vanished = measure(tensor([3, 4]), tensor([0, 0]));
  assertEquals([vanished.l2, vanished.relativeL2, vanished.cosine, vanished.snrDb], [5, 1, 0, 0]);
});

Deno.test("measureError() takes NaN and infinity in both outputs as equal and leaves them out of norms", () => {
  const error = measure(tensor([NaN, Infinity, 3]), tensor([NaN, Infinity, 4]));
  assertEquals([error.l2, error.norm, error.maxAbs], [1, 3, 1]);
  assertEquals(error.nonFinite, { equal: 2, different: 0 });
});

Deno.test("measureError() makes a NaN or infinity in one output an infinite error that JSON keeps", () => {
  for (const [a, b] of [[NaN, 1], [1, NaN], [Infinity, -Infinity], [1, Infinity], [NaN, Infinity]]) {
    const error = JSON.parse(JSON.stringify(measure(tensor([a, 2]), tensor([b, 2]))));
    assertEquals([error.l2, error.maxAbs, error.relativeL2, error.cosine], [
      INFINITE_ERROR,
      INFINITE_ERROR,
      INFINITE_ERROR,
      0,
    ]);
    assertEquals(error.nonFinite, { equal: 0, different: 1 });
    assert(!(error.relativeL2 <= 1e-4), "a gate must fail");
    assertEquals(error.ulpHistogram.at(-1), { upTo: 2 ** 32, count: 1 });
  }
});

Deno.test("measureError() counts distances in units in the last place, across zero too", () => {
  const next = (x: number, steps: number) => {
    const bits = new Int32Array(new Float32Array([x]).buffer);
    bits[0] += steps;
    return new Float32Array(bits.buffer)[0];
  };
  const tiny = next(0, 1);
  const error = measure(
    tensor([1, 1, 1, 1, tiny, -1]),
    tensor([1, next(1, 1), next(1, 3), next(1, 9), -tiny, next(-1, 2)]),
  );
  assertEquals(error.ulpHistogram, [
    { upTo: 0, count: 1 },
    { upTo: 1, count: 1 },
    { upTo: 2, count: 2 }, // −tiny to tiny, and two steps below −1
    { upTo: 4, count: 1 },
    { upTo: 8, count: 0 },
    { upTo: 16, count: 1 },
  ]);
});

Deno.test("measureError() counts differences by their decimal logarithm in half decades", () => {
  const error = measure(tensor([0, 0, 0, 1]), tensor([0.002, 0.2, -0.25, 1]));
  assertEquals(error.histogram, { log10Edges: [-3, -2.5, -2, -1.5, -1, -0.5], counts: [1, 0, 0, 0, 2], zero: 1 });
});

Deno.test("measureError() agrees on top-1 and top-5 row by row, ties going to the first", () => {
  const a = tensor([9, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 9], [2, 6]);
  const b = tensor([9, 9, 2, 3, 4, 5, 9, 8, 7, 6, 5, 1], [2, 6]);
  const error = measure(a, b); // row 2: the first's argmax 5 is the second's smallest of six
  assertEquals([error.top1Agreement, error.top5Agreement, error.classRows], [0.5, 0.5, 2]);
  assertEquals(measure(tensor([1, 2, 3, 4, 5], [1, 5]), tensor([1, 2, 3, 4, 6], [1, 5])).top5Agreement, null);
});

Deno.test("classCount() finds a class axis in [N, C], [N, C, 1, 1] and named logits, and in nothing else", () => {
  const count = (name: string, dims: number[], type = "float32") => classCount(name, { type, dims });
  assertEquals([count("y", [4, 10]), count("y", [1, 10, 1, 1]), count("logits", [1, 7, 50])], [10, 10, 50]);
  for (const dims of [[10], [1, 1], [1, 1, 28, 28], [1, 3, 8, 8], [1, 8400, 85], []]) {
    assertEquals(count("output0", dims), undefined, `${dims}`);
  }
  assertEquals(count("labels", [4, 10], "int64"), undefined);
});

Deno.test("measureError() takes no top-1 of an image", () => {
  const error = measure(tensor([1, 2, 3, 4], [1, 1, 2, 2]), tensor([4, 3, 2, 1], [1, 1, 2, 2]));
  assertEquals([error.top1Agreement, error.top5Agreement, error.classRows], [null, null, undefined]);
});

Deno.test("measureError() of float64 neither underflows nor overflows", () => {
  const double = (values: number[]): TensorData => ({ type: "float64", dims: [2], data: Float64Array.from(values) });
  const tiny = measure(double([3e-200, 4e-200]), double([3e-200, 5e-200]));
  assertEquals([tiny.l2, tiny.norm, tiny.maxAbs], [1e-200, 5e-200, 1e-200]);
  assertAlmostEquals(tiny.relativeL2, 0.2, 1e-15);
  assertAlmostEquals(tiny.cosine, 29 / (5 * Math.sqrt(34)), 1e-15);
  const huge = measure(double([3e200, 4e200]), double([3e200, 5e200]));
  assertAlmostEquals(huge.relativeL2, 0.2, 1e-15);
  assertAlmostEquals(huge.snrDb!, 20 * Math.log10(5), 1e-12);
  const least = measure(double([5e-324, 0]), double([0, 0]));
  assertEquals([least.l2, least.relativeL2], [5e-324, 1]);
});

Deno.test("measureError() gives the same norms as the sum of squares, over any finite numbers (property)", () => {
  const numbers = fc.array(
    fc.tuple(fc.double({ min: -1e3, max: 1e3, noNaN: true }), fc.double({ min: -1e3, max: 1e3, noNaN: true })),
    {
      minLength: 1,
      maxLength: 40,
    },
  );
  fc.assert(
    fc.property(numbers, (pairs) => {
      const [a, b] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
      const double = (values: number[]): TensorData => ({
        type: "float64",
        dims: [values.length],
        data: Float64Array.from(values),
      });
      const error = measureError({ y: double(a) }, { y: double(b) });
      const norm = Math.hypot(...a), l2 = Math.hypot(...a.map((x, i) => x - b[i]));
      assertAlmostEquals(error.norm, norm, 1e-12 * norm);
      assertAlmostEquals(error.l2, l2, 1e-12 * l2);
    }),
    { seed: 13 },
  );
});

Deno.test("measureError() counts whole numbers, booleans and strings that differ, and no floating-point ones", () => {
  const ids = (values: number[]): TensorData => ({ type: "int32", dims: [3], data: Int32Array.from(values) });
  assertEquals(measure(ids([1, 2, 3]), ids([1, 5, 4])).unequal, { count: 2, of: 3 });
  assertEquals(measure(tensor([1, 2]), tensor([1, 3])).unequal, undefined);
});

Deno.test("measureError() reads float16 as bits and as a Float16Array, in float16's own units", () => {
  const values = new Float16Array([1, 0.5, -2]);
  const moved = new Float16Array([1 + 2 ** -10, 0.5, -2]);
  const asBits = (data: Float16Array): TensorData => ({
    type: "float16",
    dims: [3],
    data: new Uint16Array(data.buffer),
  });
  const error = measure({ type: "float16", dims: [3], data: values as unknown as ArrayLike<number> }, asBits(moved));
  assertEquals(error.maxAbs, 2 ** -10);
  assertEquals(error.ulpHistogram, [{ upTo: 0, count: 2 }, { upTo: 1, count: 1 }]);
});

Deno.test("measureError() compares int64 exactly, booleans as numbers and strings as equal or not", () => {
  const big = (value: bigint): TensorData => ({ type: "int64", dims: [1], data: new BigInt64Array([value]) });
  assertEquals(measure(big(2n ** 60n), big(2n ** 60n + 1n)).maxAbs, 1);
  const bools = (values: number[]): TensorData => ({ type: "bool", dims: [2], data: new Uint8Array(values) });
  assertEquals(measure(bools([1, 0]), bools([1, 1])).l2, 1);
  const words = (data: string[]): TensorData => ({ type: "string", dims: [2], data });
  assertEquals(measure(words(["a", "b"]), words(["a", "c"])).l2, 1);
});

Deno.test("measureError() measures all outputs together and each by itself", () => {
  const error = measureError({ p: tensor([3]), q: tensor([4, 0]) }, { p: tensor([3]), q: tensor([4, 2]) });
  assertEquals([error.l2, error.norm, error.outputs.p.l2, error.outputs.q.l2], [2, 5, 0, 2]);
});

Deno.test("measureError() names the output that is missing, extra or of another shape", () => {
  assertThrows(() => measureError({ p: tensor([1]) }, {}), Error, "output p: the second model has no such output");
  assertThrows(() => measureError({}, { p: tensor([1]) }), Error, "output p: only the second model has it");
  assertThrows(
    () => measure(tensor([1, 2]), tensor([1, 2], [1, 2])),
    Error,
    "output y: float32 [2] in the first model",
  );
});
