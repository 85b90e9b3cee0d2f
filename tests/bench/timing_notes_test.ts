import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { judge } from "../../src/bench/judge.ts";
import { medianSentence, timingNotes } from "../../src/bench/timing_notes.ts";
import type { LevelComparison } from "../../src/bench/types.ts";
import { levelWith, spread } from "./saved.ts";

const plain = levelWith("all", spread(0.1, 0.01));

Deno.test("timingNotes() says nothing of a level that was timed as it should be", () => {
  assertEquals(timingNotes(plain), []);
});

Deno.test("timingNotes() says how few openings there were, what is assumed for it, and how much time six take", () => {
  const level: LevelComparison = { ...plain, ...judge(plain.lnRatios), openings: [0], seconds: 20, stopped: "limit" };
  const [note] = timingNotes(level);
  assertMatch(note, /^Level all: one opening: 100 rounds fitted into the time allowed, .* assumed to be ±2%/);
  assertStringIncludes(note, "About 120 s at this level would do for 6 openings.");
});

Deno.test("timingNotes() warns of a machine that was not left alone", () => {
  const machine = {
    ...{ seconds: 10, cores: 2, othersBusy: 1.5, stolen: 0, throttledSeconds: 0 },
    ...{ thermalThrottles: null, load: null },
  };
  assertEquals(timingNotes({ ...plain, machine }), [
    "Level all: the machine was busy: other processes kept 1.5 of 2 cores busy. Times are higher for it, and intervals wider.",
  ]);
});

Deno.test("timingNotes() says how much slower turns are than a hot loop, from 5% on", () => {
  const withHot = (hotMs: number) => timingNotes({ ...plain, after: { ...plain.after, hotMs } });
  assertEquals(withHot(9.6), []);
  assertMatch(withHot(8).join(), /taking turns costs calls \+0% \(before\) and \+25% \(after\) over a hot loop/);
});

Deno.test("medianSentence() says which to believe where the medians and the pairs disagree", () => {
  const sentence = (beforeMs: number, estimate: number) =>
    medianSentence({
      before: { medianMs: beforeMs },
      after: { medianMs: 10 },
      speedup: { estimate, low: estimate - 0.01, high: estimate + 0.01 },
    });
  assertEquals([sentence(10.2, 1.02), sentence(10.25, 1.02), sentence(10.33, 1.315 - 0.29)], [
    undefined,
    undefined,
    undefined,
  ]);
  assertStringIncludes(sentence(9.8, 1.02)!, "the two median times have the ratio 0.980, the pairs 1.020");
  assertStringIncludes(sentence(12, 1.02)!, "The pairs are what counts.");
});
