import { assertAlmostEquals, assertEquals } from "@std/assert";
import { scaledToRun, withoutProfilerCost } from "../../src/bench/profiler_cost.ts";

const total = (times: Record<string, number>) => Object.values(times).reduce((sum, ms) => sum + ms, 0);

Deno.test("withoutProfilerCost() takes the same off every node until the times add up to an inference", () => {
  const profile = { opTimesMs: { Conv: 1, Relu: 0.1 }, opRuns: { Conv: 10, Relu: 10 } };
  const { opTimesMs, costMs } = withoutProfilerCost(profile, 1);
  assertAlmostEquals(costMs, 0.005, 1e-9);
  assertAlmostEquals(opTimesMs.Conv, 0.95, 1e-9);
  assertAlmostEquals(opTimesMs.Relu, 0.05, 1e-9);
});

Deno.test("withoutProfilerCost() lets no operator take less than nothing", () => {
  const profile = { opTimesMs: { Conv: 0.3, Shape: 0.01 }, opRuns: { Conv: 10, Shape: 10 } };
  const { opTimesMs } = withoutProfilerCost(profile, 0.26);
  assertEquals(opTimesMs.Shape, 0);
  assertAlmostEquals(total(opTimesMs), 0.26, 1e-9);
});

Deno.test("withoutProfilerCost() leaves times alone that add up to less than an inference", () => {
  const profile = { opTimesMs: { Conv: 0.9 }, opRuns: { Conv: 10 } };
  assertEquals(withoutProfilerCost(profile, 1), { opTimesMs: { Conv: 0.9 }, costMs: 0 });
});

Deno.test("withoutProfilerCost() takes no more off than a profiler costs: a busy machine stays seen", () => {
  const { opTimesMs, costMs } = withoutProfilerCost({ opTimesMs: { Conv: 80 }, opRuns: { Conv: 20 } }, 40);
  assertEquals(costMs, 0.02);
  assertAlmostEquals(opTimesMs.Conv, 79.6, 1e-9);
});

Deno.test("scaledToRun() leaves times alone that add up to within a tenth of an inference", () => {
  for (const medianMs of [0.92, 1, 1.08]) {
    assertEquals(scaledToRun({ Conv: 0.9, Relu: 0.1 }, medianMs), { opTimesMs: { Conv: 0.9, Relu: 0.1 } });
  }
  assertEquals(scaledToRun({ Conv: 0 }, 1), { opTimesMs: { Conv: 0 } });
});

Deno.test("scaledToRun() gives each operator its share of an inference where the machine was busier, and says by how much", () => {
  const { opTimesMs, scale } = scaledToRun({ Conv: 1.5, Relu: 0.5 }, 1);
  assertEquals(opTimesMs, { Conv: 0.75, Relu: 0.25 });
  assertEquals(scale, 0.5);
  assertAlmostEquals(total(scaledToRun({ Conv: 0.2, Relu: 0.1 }, 1).opTimesMs), 1, 1e-12);
});
