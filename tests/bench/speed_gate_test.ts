import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { gate } from "../../src/bench/gate.ts";
import { judge } from "../../src/bench/judge.ts";
import { gateSpeed } from "../../src/bench/speed_gate.ts";
import type { LevelComparison } from "../../src/bench/types.ts";
import { comparisonWith, levelWith, spread } from "./saved.ts";

const slowerBy = (share: number, half = 0.01) => levelWith("all", spread(-Math.log1p(share), half));

/** A level of which one opening was made. */
function onOneOpening(share: number): LevelComparison {
  const level = slowerBy(share);
  return { ...level, ...judge(level.lnRatios), openings: [0], seconds: 10 };
}

Deno.test("gateSpeed() never passes what was interrupted, however fast it is", () => {
  const comparison = { ...comparisonWith([slowerBy(-0.5)]), interrupted: true };
  assertEquals(gateSpeed(comparison, 0.02).undecided, ["the measurement was interrupted"]);
  const { passed, outcome, sentence } = gate(comparison, { failIfSlower: 0.02 });
  assertEquals([passed, outcome], [false, "undecided"]);
  assertEquals(sentence, "Not decided, so not passed: the measurement was interrupted.");
  const level: LevelComparison = { ...slowerBy(-0.5), stopped: "aborted" };
  assertEquals(gate(comparisonWith([level]), { failIfSlower: 0.02 }).outcome, "undecided");
});

Deno.test("gateSpeed() never passes where nothing was timed", () => {
  assertEquals(gate(comparisonWith([]), { failIfSlower: 0.02 }).outcome, "undecided");
});

Deno.test("gateSpeed() never passes fewer than ten rounds", () => {
  const level = levelWith("all", Array(9).fill(0.5));
  assertMatch(gateSpeed(comparisonWith([level]), 0.02).undecided.join(), /only 9 rounds at level all/);
});

Deno.test("gateSpeed() asks for time where too few openings leave the limit open, and passes where they do not", () => {
  const { undecided, failures } = gateSpeed(comparisonWith([onOneOpening(0)]), 0.02);
  assertEquals(failures, []);
  assertMatch(
    undecided.join(),
    /too short, only 1 opening of 10 fitted into the time; about 2 min at this level would do/,
  );
  assertEquals(gate(comparisonWith([onOneOpening(-0.3)]), { failIfSlower: 0.02 }).outcome, "passed");
  assertEquals(gate(comparisonWith([onOneOpening(0.3)]), { failIfSlower: 0.02 }).outcome, "failed");
});

Deno.test("gateSpeed() passes what ten openings leave open with a warning, and not what six do", () => {
  const onOpenings = (count: number): LevelComparison => {
    const openings = Array.from({ length: count }, (_, i) => 10 * i);
    const ratios = openings.flatMap((_, i) => Array(10).fill(i % 2 ? 0.1 : -0.1));
    return { ...levelWith("all", ratios), ...judge(ratios, { openings }), openings, seconds: 3, stopped: "time" };
  };
  const six = gateSpeed(comparisonWith([onOpenings(6)]), 0.02), ten = gateSpeed(comparisonWith([onOpenings(10)]), 0.02);
  assertEquals([six.failures, six.warnings, ten.failures, ten.undecided], [[], [], [], []]);
  assertMatch(six.undecided.join(), /too short, only 6 openings of 10 .* about 5 s at this level would do/);
  assertMatch(ten.warnings.join(), /Inconclusive/);
});

Deno.test("gateSpeed() fails only where slower by more than the limit is the verdict", () => {
  // surely 0.5% slower: nothing that the rule calls slower, so no limit fails it
  const little = slowerBy(0.005, 0.001);
  assertEquals(little.verdict, "same");
  assertEquals(gateSpeed(comparisonWith([little]), 0).failures, []);
  assertEquals(gateSpeed(comparisonWith([slowerBy(0.05)]), 0.05).failures, []);
  assertEquals(gateSpeed(comparisonWith([slowerBy(0.05)]), 0).failures.length, 1);
});

Deno.test("gateSpeed() of the same operators fails nothing below 3%", () => {
  const ratios = spread(-Math.log1p(0.02), 0.001);
  const level = { ...levelWith("all", ratios), ...judge(ratios, { isSample: false, sameOperators: 279 }) };
  assertEquals(gateSpeed(comparisonWith([level]), 0.01).failures, []);
  assertEquals(gateSpeed(comparisonWith([levelWith("all", ratios)]), 0.01).failures.length, 1);
});

Deno.test("gateSpeed() reads files of before decisions were written", () => {
  const { decision: _decision, ...old } = slowerBy(0.05);
  assertEquals(gateSpeed(comparisonWith([old]), 0.02).failures.length, 1);
});

Deno.test("gateSpeed() refuses a limit that is none", () => {
  for (const limit of [NaN, -0.01, Infinity]) assertThrows(() => gateSpeed(comparisonWith([]), limit), RangeError);
});
