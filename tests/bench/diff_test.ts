import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { diffComparisons } from "../../src/bench/diff.ts";
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
