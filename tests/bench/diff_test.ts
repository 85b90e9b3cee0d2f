import { assert, assertAlmostEquals, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { diffComparisons } from "../../src/bench/diff.ts";
import { normalSource, randomSource } from "../../src/bench/random.ts";
import { comparisonWith, levelWith, spread } from "./saved.ts";

const run = (speedup: number, half = 0.02) => comparisonWith([levelWith("all", spread(Math.log(speedup), half))]);

Deno.test("diffComparisons() sees a speed-up that was lost", () => {
  const { levels: [level], warnings } = diffComparisons(run(1.2), run(1.1));
  assertEquals([level.verdict, warnings], ["worse", []]);
  assertAlmostEquals(level.change.estimate, 1.1 / 1.2, 1e-9);
  assert(level.change.low < 1.1 / 1.2 && 1.1 / 1.2 < level.change.high && level.change.high < 1);
  assertEquals(diffComparisons(run(1.1), run(1.2)).levels[0].verdict, "better");
});

Deno.test("diffComparisons() shows no difference where the runs are too noisy to tell", () => {
  assertEquals(diffComparisons(run(1.2, 1), run(1.1, 1)).levels[0].verdict, "no difference shown");
});

Deno.test("diffComparisons() warns of other machines, models, inputs and missing levels", () => {
  const older = run(1.2);
  const newer = {
    ...run(1.2),
    environment: { ...older.environment, cpu: "B CPU", threads: 4, date: "later", load: 3, commit: "c" },
    before: { ...older.before, sha256: "ef" },
    inputs: [{ name: "image", type: "float32", dims: [1, 3, 9, 9] }],
    levels: [],
  };
  assertEquals(diffComparisons(older, newer).warnings, [
    'The environments differ: cpu was "A CPU", now "B CPU".',
    "The environments differ: threads was 2, now 4.",
    "The first models differ: net.onnx and net.onnx are not the same file.",
    "The inputs differ: image float32 [1,3,8,8]; now image float32 [1,3,9,9].",
    "Not measured now: level all.",
  ]);
});

/** A run whose speed-up is off by as much as runs are from each other. */
const runs = (speedup: number, ...off: number[]) => off.map((each) => run(speedup * (1 + each), 0.02));

Deno.test("diffComparisons() of one run a side says what it cannot know, and calls no small change", () => {
  const { levels: [level], unknown } = diffComparisons(run(1.2), run(1.17));
  assertEquals(level.verdict, "no difference shown");
  assertStringIncludes(level.reason, "with so few runs ±1% from run to run is assumed");
  assertStringIncludes(unknown!, "One run a side: how far runs of the same pair differ from each other is not known");
  assertStringIncludes(unknown!, "diff A1.json A2.json A3.json -- B1.json B2.json B3.json");
});

Deno.test("diffComparisons() of many runs knows how far runs differ, and calls what is beyond it", () => {
  const [calm, wild] = [[-0.001, 0, 0.001, 0.0005], [-0.03, 0.02, 0.03, -0.02]];
  const found = diffComparisons(runs(1.2, ...calm), runs(1.17, ...calm));
  assertEquals([found.levels[0].verdict, found.unknown, found.levels[0].runs], ["worse", undefined, {
    old: 4,
    new: 4,
  }]);
  assertEquals(diffComparisons(runs(1.2, ...wild), runs(1.17, ...wild)).levels[0].verdict, "no difference shown");
  assertEquals(diffComparisons(runs(1.2, ...calm), runs(1.2, ...calm)).levels[0].verdict, "same");
});

Deno.test("diffComparisons() calls at most 2% of 1000 seeded pairs of runs that differ by 1% each, however many a side", () => {
  const normal = normalSource(randomSource(3));
  for (const count of [1, 2, 5]) {
    let called = 0;
    for (let i = 0; i < 1000; i++) {
      const side = () => runs(1.2, ...Array.from({ length: count }, () => 0.01 * normal()));
      const { verdict } = diffComparisons(side(), side()).levels[0];
      if (verdict === "better" || verdict === "worse") called++;
    }
    assert(called <= 20, `${called} of 1000 with ${count} a side`);
  }
});

Deno.test("diffComparisons() refuses a side without a run", () => {
  assertThrows(() => diffComparisons([], run(1)), RangeError, "a side has no run");
});
