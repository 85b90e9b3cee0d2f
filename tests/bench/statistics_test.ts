import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { normalSource, randomSource } from "../../src/bench/random.ts";
import { ASSUMED_OPENING, countOutliers, evidenceOf, halfWidth, intervalAt } from "../../src/bench/statistics.ts";
import { spread } from "./saved.ts";

/** `count` openings of three equal rounds each. */
const inThrees = (values: readonly number[]) => ({
  lnRatios: values.flatMap((value) => [value, value, value]),
  openings: values.map((_, i) => 3 * i),
});

Deno.test("evidenceOf() is the t-interval over what the openings say from six openings on", () => {
  // mean 0, sample variance 3.5, and t(0.975, 5) = 2.5706 of any table
  const { lnRatios, openings } = inThrees([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]);
  const evidence = evidenceOf(lnRatios, { openings });
  assertEquals([evidence.units, evidence.freedom, evidence.unit, evidence.assumedOpening], [
    6,
    5,
    "opening",
    undefined,
  ]);
  assertAlmostEquals(evidence.standardError, Math.sqrt(3.5 / 6), 1e-12);
  assertAlmostEquals(halfWidth(evidence, 0.95), 2.5705818 * Math.sqrt(3.5 / 6), 1e-6);
  const { estimate, low, high } = intervalAt(evidence, 0.95);
  assertAlmostEquals(estimate, 1, 1e-12);
  assertAlmostEquals(low * high, 1, 1e-12);
});

Deno.test("evidenceOf() counts openings that resemble the ones before them as fewer, and only these", () => {
  const steady = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1], mixed = [0, 1, 1, 0, 1, 0, 0, 1, 0, 1];
  const [alike, apart] = [steady, mixed].map(inThrees).map(({ lnRatios, openings }) =>
    evidenceOf(lnRatios, { openings })
  );
  // r = (8 − 1)·0.25/2.5 = 0.7, and with its bias of (1 + 3r)/10 ρ = 1.01: the least is left
  assertEquals([alike.units, alike.effectiveUnits, alike.freedom], [10, 3, 2]);
  assertAlmostEquals(alike.standardError, Math.sqrt(2.5 / 9 / 3), 1e-12);
  assertEquals([apart.units, apart.effectiveUnits, apart.freedom], [10, undefined, 9]);
});

Deno.test("evidenceOf() takes a robust centre, so that a wild round moves nothing", () => {
  const lnRatios = [0, 0, 9, 0.1, 0.1, -9, 0, 0, 0, 0.1, 0.1, 0.1, 0, 0, 0, 0.1, 0.1, 0.1];
  assertAlmostEquals(evidenceOf(lnRatios, { openings: [0, 3, 6, 9, 12, 15] }).ln, 0.05, 1e-12);
});

Deno.test("evidenceOf() pulls in the rounds of a slow spell, though an opening has more of them than others", () => {
  const quiet = [-0.02, -0.01, 0, 0.01, 0.02, 0], slow = [0.3, 0.35, 0.4, 0.01, 0.02, 0];
  const lnRatios = [...Array(9).fill(quiet), slow].flat();
  const { ln, standardError } = evidenceOf(lnRatios, { openings: Array.from({ length: 10 }, (_, i) => 6 * i) });
  // by medians, the slow opening's 0.16 would be 0.016 of the mean and all of the spread
  assert(ln > 0 && ln < 0.003 && standardError < 0.003, `${ln} ± ${standardError}`);
});

Deno.test("evidenceOf() counts what an opening is like whole, however far from the others it lies", () => {
  const levels = [0.01, -0.03, 0.03, 0, -0.02, 0.02, -0.01], around = [-0.001, 0, 0.001];
  const lnRatios = levels.flatMap((level) => around.map((round) => level + round));
  const { ln, standardError } = evidenceOf(lnRatios, { openings: levels.map((_, i) => 3 * i) });
  assertAlmostEquals(ln, 0, 1e-9);
  assertAlmostEquals(standardError, Math.sqrt(0.0028 / 6 / 7), 1e-9);
});

Deno.test("evidenceOf() of rounds that are mostly equal takes the openings' medians", () => {
  const { lnRatios, openings } = inThrees([0, 0, 0, 0, 0, 0, 0.7]);
  const { ln, standardError } = evidenceOf(lnRatios, { openings });
  assertAlmostEquals(ln, 0.1, 1e-12);
  assertAlmostEquals(standardError, 0.1, 1e-12);
});

Deno.test("evidenceOf() of one opening assumes what it cannot know, whatever the number of rounds", () => {
  for (const rounds of [30, 3000]) {
    const evidence = evidenceOf(Array(rounds).fill(0.03));
    assertEquals([evidence.units, evidence.freedom, evidence.assumedOpening], [1, 5, ASSUMED_OPENING]);
    assertAlmostEquals(halfWidth(evidence, 0.95), 2.5705818 * ASSUMED_OPENING, 1e-6);
  }
});

Deno.test("evidenceOf() believes measured openings more, the more there are", () => {
  // all openings equal: what is left of the width is the assumed share
  const widths = [1, 2, 3, 4, 5, 6].map((count) => {
    const { lnRatios, openings } = inThrees(Array(count).fill(0));
    return halfWidth(evidenceOf(lnRatios, { openings }), 0.95);
  });
  for (const [i, width] of widths.slice(1).entries()) assert(width < widths[i], widths.join());
  assertEquals(widths[5], 0);
});

Deno.test("evidenceOf() tells the spread between openings from the noise of their rounds", () => {
  const normal = normalSource(randomSource(4));
  const openings = Array.from({ length: 200 }, (_, i) => 60 * i);
  const lnRatios = openings.flatMap(() => {
    const shift = 0.02 * normal();
    return Array.from({ length: 60 }, () => shift + 0.05 * normal());
  });
  const { betweenOpenings, withinOpening } = evidenceOf(lnRatios, { openings });
  assertAlmostEquals(betweenOpenings!, 0.02, 0.003); // its standard error is 0.02/√400 and a little
  assertAlmostEquals(withinOpening!, 0.05 / Math.sqrt(60), 0.0003); // of a mean: σ/√n
});

Deno.test("evidenceOf() where there is nothing to open is over twenty blocks of rounds, and assumes nothing", () => {
  const evidence = evidenceOf(spread(0.1, 0.1), { isSample: false });
  assertEquals([evidence.units, evidence.freedom, evidence.unit], [20, 19, "block"]);
  assertEquals(evidenceOf(spread(0, 1).slice(0, 17), { isSample: false }).units, 17);
  assertEquals(evidenceOf([3], { isSample: false }).standardError, Infinity);
  assertThrows(() => evidenceOf([]), RangeError, "no rounds");
});

Deno.test("countOutliers() counts what lies outside Tukey's fences", () => {
  assertEquals(countOutliers([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), 0);
  assertEquals(countOutliers([1, 2, 3, 4, 5, 6, 7, 8, 9, 100, -100]), 2);
  assertEquals(countOutliers([1, 1000]), 0);
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
