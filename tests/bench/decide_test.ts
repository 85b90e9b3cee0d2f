import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { decide, type DecideOptions, duration, isSlowerByMoreThan } from "../../src/bench/decide.ts";
import { RULE } from "../../src/bench/decision_rule.ts";
import { judge } from "../../src/bench/judge.ts";
import type { Evidence } from "../../src/bench/types.ts";
import { spread } from "./saved.ts";

const evidence = (ln: number, standardError: number, more: Partial<Evidence> = {}): Evidence => ({
  ln,
  standardError,
  freedom: 1e6, // nearly normal: 95% is 1.96 and 99.5% 2.81 standard errors
  units: 10,
  unit: "opening",
  rounds: 100,
  ...more,
});
const verdict = (ln: number, standardError: number, options?: DecideOptions) =>
  decide(evidence(ln, standardError), options).verdict;

Deno.test("decide() calls faster and slower where the 99.5% interval leaves out 1 and the estimate is δ away", () => {
  assertEquals([verdict(0.03, 0.01), verdict(-0.03, 0.01)], ["faster", "slower"]);
  assertEquals([verdict(0.027, 0.01), verdict(-0.027, 0.01)], ["inconclusive", "inconclusive"]);
  assertEquals(verdict(0.009, 0.003), "inconclusive", "less than δ away");
  assertEquals(verdict(0.009, 0.003, { delta: 0.005 }), "faster");
});

Deno.test("decide() calls same where the 95% interval lies within the band", () => {
  assertEquals([verdict(0, 0.005), verdict(0.003, 0.003), verdict(-0.003, 0.003)], ["same", "same", "same"]);
  assertEquals([verdict(0, 0.0052), verdict(0.005, 0.003)], ["inconclusive", "inconclusive"]);
});

Deno.test("decide() calls nothing on fewer than ten rounds", () => {
  const nine = decide(evidence(1, 0, { rounds: 9 }));
  assertEquals(nine.verdict, "inconclusive");
  assertStringIncludes(nine.reason, "only 9 rounds");
  assertEquals(decide(evidence(1, 0, { rounds: 10 })).verdict, "faster");
});

Deno.test("decide() says where openings resemble the ones before them", () => {
  assertStringIncludes(
    decide(evidence(0, 0.02, { effectiveUnits: 3.21 })).reason,
    "each opening resembles the one before, so 10 count as 3.2, which widens the interval",
  );
});

Deno.test("decide() calls no difference below 3% where the same operators run, and says so", () => {
  const { verdict, reason } = decide(evidence(0.013, 0.001), { sameOperators: 279 });
  assertEquals(verdict, "same");
  assertStringIncludes(reason, "the same 279 operators for both, so nothing below ±3% is called a difference");
  assertEquals(decide(evidence(0.013, 0.001)).verdict, "faster");
  assertEquals(decide(evidence(0.05, 0.001), { sameOperators: 279 }).verdict, "faster");
});

Deno.test("decide() says why it cannot tell, and how much more time would", () => {
  const wide = decide(evidence(0.01, 0.0071), { seconds: 60 });
  assertEquals(wide.verdict, "inconclusive");
  assertMatch(wide.reason, /^the 99.5% interval 0\.990–1\.030 reaches across 1; about 3 min more would tell$/);
  assert(wide.moreSeconds! > 170 && wide.moreSeconds! < 190, String(wide.moreSeconds));
  const between = decide(evidence(0.009, 0.003), { seconds: 10 });
  assertStringIncludes(between.reason, "leaves out 1, but the estimate is less than ±1% away");
  const never = decide(evidence(0.0099, 0.02), { seconds: 10 });
  assertStringIncludes(never.reason, "no time that is reasonable would tell");
  assertEquals(never.moreSeconds, undefined);
});

Deno.test("decide() says that one opening is one, and asks for the time of six", () => {
  const { reason, moreSeconds } = decide(evidence(0.01, 0.02, { units: 1, assumedOpening: 0.02 }), { seconds: 10 });
  assertStringIncludes(reason, "one opening: another may differ by ±2% (assumed), which widens the interval");
  assertEquals(moreSeconds, 50);
});

Deno.test("whatever the evidence, verdict and intervals never contradict each other", () => {
  fc.assert(fc.property(
    fc.double({ min: -0.2, max: 0.2, noNaN: true }),
    fc.double({ min: 0, max: 0.1, noNaN: true }),
    fc.integer({ min: 1, max: 50 }),
    (ln, standardError, freedom) => {
      const { verdict, interval, shown, reason } = decide(evidence(ln, standardError, { freedom }), { seconds: 10 });
      assert(interval.low <= shown.low && shown.high <= interval.high);
      if (verdict === "faster") assert(interval.low > 1 && interval.estimate >= 1.01);
      if (verdict === "slower") assert(interval.high < 1 && interval.estimate <= 1 / 1.01);
      if (verdict === "same") assert(shown.low >= 1 / 1.01 - 1e-12 && shown.high <= 1.01 + 1e-12);
      assert(!/NaN|undefined|Infinity/.test(reason), reason);
    },
  ));
});

Deno.test("isSlowerByMoreThan() needs the verdict and the whole interval", () => {
  const slower = decide(evidence(-0.05, 0.005));
  assertEquals([0.02, 0.03, 0.05].map((limit) => isSlowerByMoreThan(slower, limit)), [true, true, false]);
  assertEquals(isSlowerByMoreThan(decide(evidence(-0.009, 0.001)), 0.001), false, "not slower by the rule");
});

Deno.test("judge() reads the interval against the band", () => {
  const verdict = (centre: number, half: number, delta?: number) =>
    judge(spread(centre, half), { delta, isSample: false }).verdict;
  assertEquals(verdict(0.1, 0.1), "faster");
  assertEquals(verdict(-0.1, 0.1), "slower");
  assertEquals(verdict(0.004, 0.01), "same");
  assertEquals(verdict(0.004, 0.004, 0.002), "faster");
  assertEquals(verdict(0.01, 0.2), "inconclusive");
});

Deno.test("judge() lets CPU time decide where its interval is less than half as wide, and says so", () => {
  const options = { isSample: false, lnCpuRatios: spread(0.05, 0.02) };
  const loaded = judge(spread(0.03, 0.4), options);
  assertEquals([loaded.verdict, loaded.decision.basis], ["faster", "cpu"]);
  assertStringIncludes(
    loaded.decision.reason,
    "decided by CPU time, since the wall clock's interval is 20 times as wide",
  );
  assert(loaded.speedup.low < 0.97, "the headline stays the wall clock's");
  const quiet = judge(spread(0.05, 0.03), options);
  assertEquals([quiet.verdict, quiet.decision.basis], ["faster", "wall"]);
});

Deno.test("judge() decides nothing where CPU time and the wall clock contradict each other", () => {
  const { verdict, decision } = judge(spread(-0.2, 0.1), { isSample: false, lnCpuRatios: spread(0.05, 0.01) });
  assertEquals(verdict, "inconclusive");
  assertStringIncludes(decision.reason, "CPU time says faster and the wall clock slower");
});

Deno.test("duration() is in the unit that reads best", () => {
  assertEquals([0.2, 40, 240, 7300].map(duration), ["1 s", "40 s", "4 min", "3 h"]);
});

Deno.test("the rule names both intervals and both bands", () => {
  for (const part of ["99.5%", "95%", "δ is 1%", "3% where"]) assertStringIncludes(RULE, part);
});
