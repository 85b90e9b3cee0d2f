import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { randomTensor } from "../../src/models/random_tensor.ts";
import { type Tensor, valuesOf } from "../../src/tensor/tensor.ts";

const normal = { kind: "normal", std: 2 } as const;

function part(tensor: Tensor, start: number, length: number): Float64Array {
  const into = new Float64Array(length);
  tensor.read(start, into);
  return into;
}

Deno.test("a random tensor gives the same elements wherever and in whatever order it is read", () => {
  const whole = valuesOf(randomTensor(3, "w", [10_000], normal));
  const tensor = randomTensor(3, "w", [10, 1000], normal), other = randomTensor(3, "other", [5000], normal);
  for (const [start, length] of [[9000, 1000], [0, 1], [4095, 2], [4096, 4096], [100, 9900], [8191, 3]]) {
    part(other, start % 4000, 1000); // reading another tensor in between changes nothing
    assertEquals(part(tensor, start, length), whole.slice(start, start + length));
  }
});

Deno.test("a random tensor depends on its seed and its name", () => {
  const first = (seed: number, name: string) => [...part(randomTensor(seed, name, [8], normal), 0, 8)];
  assertEquals(first(1, "a"), first(1, "a"));
  assertNotEquals(first(1, "a"), first(2, "a"));
  assertNotEquals(first(1, "a"), first(1, "b"));
});

Deno.test("normal values have the moments of a normal distribution and are independent", () => {
  const n = 400_000, values = valuesOf(randomTensor(0, "w", [n], normal)).map((value) => value / 2);
  const mean = (f: (value: number, index: number) => number) => values.reduce((sum, v, i) => sum + f(v, i), 0) / n;
  // five standard errors of each mean: 5·√(var/n), var = 1, 2, 96 and 1
  assert(Math.abs(mean((v) => v)) < 5 * Math.sqrt(1 / n));
  assert(Math.abs(mean((v) => v ** 2) - 1) < 5 * Math.sqrt(2 / n));
  assert(Math.abs(mean((v) => v ** 4) - 3) < 5 * Math.sqrt(96 / n));
  for (const lag of [1, 2, 4096]) {
    assert(Math.abs(mean((v, i) => v * values[(i + lag) % n])) < 5 * Math.sqrt(1 / n), `lag ${lag}`);
  }
});

Deno.test("uniform values fill their interval evenly", () => {
  const n = 100_000, values = valuesOf(randomTensor(0, "g", [n], { kind: "uniform", low: 0.5, high: 1.5 }));
  const bins = new Array<number>(10).fill(0);
  for (const value of values) bins[Math.floor((value - 0.5) * 10)]++;
  assertEquals(bins.length, 10);
  for (const count of bins) assert(Math.abs(count - n / 10) < 5 * Math.sqrt(n * 0.09), `${bins}`);
});

Deno.test("the bound of a random tensor holds", () => {
  for (const distribution of [normal, { kind: "uniform", low: -3, high: 1 } as const]) {
    const tensor = randomTensor(0, "w", [100_000], distribution);
    assert(valuesOf(tensor).every((value) => Math.abs(value) <= tensor.bound()));
  }
  assertEquals(randomTensor(0, "w", [1], { kind: "uniform", low: -3, high: 1 }).bound(), 3);
});
