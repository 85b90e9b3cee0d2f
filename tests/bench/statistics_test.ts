import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { normalSource, randomSource } from "../../src/bench/random.ts";
import {
  bootstrapDifference,
  bootstrapMedian,
  clustersOf,
  countOutliers,
  judge,
  speedupOf,
} from "../../src/bench/statistics.ts";
import { spread } from "./saved.ts";

Deno.test("bootstrapMedian() gives the median and the same interval for the same seed", () => {
  const values = Array.from({ length: 101 }, (_, i) => i);
  const first = bootstrapMedian(values, { seed: 7 });
  assertEquals(first.estimate, 50);
  assertEquals(first, bootstrapMedian(values.toReversed(), { seed: 7 }));
  assert(first.low > 30 && first.low < 50 && first.high > 50 && first.high < 70, JSON.stringify(first));
});

Deno.test("bootstrapMedian() of one value is that value, and of none an error", () => {
  assertEquals(bootstrapMedian([3]), { estimate: 3, low: 3, high: 3 });
  assertThrows(() => bootstrapMedian([]), RangeError, "no values");
});

Deno.test("bootstrapMedian() takes the mean of the middle two of an even number of values", () => {
  // With two values a resample's median is 1, 1.5 or 2; 2.5% and 97.5% of them are 1 and 2.
  assertEquals(bootstrapMedian([1, 2]), { estimate: 1.5, low: 1, high: 2 });
});

Deno.test("the 95% interval covers the true median in 90% to 99% of 300 seeded experiments", () => {
  const normal = normalSource(randomSource(1));
  let covered = 0;
  for (let i = 0; i < 300; i++) {
    const { low, high } = bootstrapMedian(Array.from({ length: 40 }, () => 2 + normal()), { seed: i, resamples: 500 });
    if (low <= 2 && 2 <= high) covered++;
  }
  assert(covered >= 270 && covered <= 297, `covered ${covered} of 300`);
});

Deno.test("speedupOf() is the exponential of the median ln-ratio", () => {
  const { estimate, low, high } = speedupOf(Array(30).fill(Math.log(1.25)));
  for (const value of [estimate, low, high]) assertAlmostEquals(value, 1.25, 1e-12);
});

Deno.test("bootstrapMedian() with clusters widens by what differs from cluster to cluster", () => {
  const normal = normalSource(randomSource(2));
  const shifts = Array.from({ length: 20 }, () => normal());
  const values = shifts.flatMap((shift) => Array.from({ length: 50 }, () => shift + 0.1 * normal()));
  const clusters = shifts.map((_, i) => 50 * i);
  const width = ({ low, high }: { low: number; high: number }) => high - low;
  const [plain, clustered] = [bootstrapMedian(values), bootstrapMedian(values, { clusters })];
  assertEquals(plain.estimate, clustered.estimate);
  assert(width(clustered) > 3 * width(plain), `${width(plain)}, clustered ${width(clustered)}`);
  assertEquals(bootstrapMedian(values, { clusters: clusters.slice(0, 9) }), plain, "too few clusters are left aside");
});

Deno.test("clustersOf() groups rounds by opening, else in twenty blocks, else not at all", () => {
  const openings = Array.from({ length: 10 }, (_, i) => 7 * i);
  assertEquals(clustersOf(openings, 70), openings);
  assertEquals(clustersOf([0, 30], 59), []);
  const blocks = clustersOf([0], 65);
  assertEquals([blocks.length, blocks[0], blocks[1], blocks[19]], [20, 0, 3, 61]);
});

Deno.test("bootstrapDifference() covers the difference of two medians and is as wide as both", () => {
  const [a, b] = [spread(1, 0.1), spread(0.9, 0.1)];
  const { estimate, low, high } = bootstrapDifference(a, b);
  assertAlmostEquals(estimate, 0.1, 1e-12);
  assert(low < 0.1 && 0.1 < high && low > 0);
  const one = bootstrapMedian(a);
  assertAlmostEquals((high - low) / (one.high - one.low), Math.SQRT2, 0.15);
});

Deno.test("countOutliers() counts what lies outside Tukey's fences", () => {
  assertEquals(countOutliers([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), 0);
  assertEquals(countOutliers([1, 2, 3, 4, 5, 6, 7, 8, 9, 100, -100]), 2);
  assertEquals(countOutliers([1, 1000]), 0);
});

Deno.test("judge() reads the interval against the band", () => {
  const verdict = (centre: number, half: number, delta?: number) => judge(spread(centre, half), { delta }).verdict;
  assertEquals(verdict(0.1, 0.1), "faster");
  assertEquals(verdict(-0.1, 0.1), "slower");
  assertEquals(verdict(0.004, 0.01), "same");
  assertEquals(verdict(0.004, 0.01, 0.002), "faster");
  assertEquals(verdict(0.01, 0.2), "inconclusive");
});

Deno.test("judge() calls a difference only beyond the shift that the control shows", () => {
  const verdict = (centre: number, control: number[]) => judge(spread(centre, 0.1), { control }).verdict;
  assertEquals(verdict(0.1, spread(0.15, 0.1)), "inconclusive");
  assertEquals(verdict(-0.1, spread(0.15, 0.1)), "inconclusive");
  assertEquals(verdict(0.1, spread(-0.05, 0.1)), "faster");
  assertEquals(verdict(0.1, spread(0.15, 2)), "faster", "a control that shows no shift sets no floor");
});

Deno.test("judge() gives no verdict on fewer than ten rounds", () => {
  assertEquals(judge(Array(9).fill(1)).verdict, "inconclusive");
  assertEquals(judge(Array(10).fill(1)).verdict, "faster");
});

Deno.test("randomSource() repeats for a seed and differs between seeds and streams", () => {
  const draw = (seed: number, stream?: number) => Array.from({ length: 4 }, randomSource(seed, stream));
  assertEquals(draw(5), draw(5));
  assert(draw(5)[0] !== draw(6)[0] && draw(5)[0] !== draw(5, 1)[0]);
  const uniform = randomSource(0);
  let sum = 0;
  for (let i = 0; i < 10_000; i++) sum += uniform();
  assertAlmostEquals(sum / 10_000, 0.5, 0.02); // 7 standard errors
  assertThrows(() => randomSource(0.5), RangeError, "integer");
});
