/**
 * `timePair` itself on a fake clock, thousands of times: how often its interval covers the truth, and how often it calls a difference
 * that is not there.
 */
import { assert } from "@std/assert";
import { gateSpeed } from "../../src/bench/speed_gate.ts";
import type { LevelComparison } from "../../src/bench/types.ts";
import { comparisonWith, levelWith } from "./saved.ts";
import { type Disturbance, type Job, simulate } from "./simulated_machine.ts";

/** A model of 1 ms for a second, and of 250 ms for half a minute, with openings as dear as they are for such. */
const SIZES: Record<string, Job & { seconds: number }> = {
  small: { ms: 1, ratio: 1, openMs: 5, seconds: 1 },
  large: { ms: 250, ratio: 1, openMs: 600, seconds: 30 },
};

const SCENARIOS: Record<string, Disturbance> = {
  "independent noise": { jitter: 0.05 },
  "heavy tails": { jitter: 0.05, spikes: 0.05 },
  "drift": { jitter: 0.05, drift: 0.6 },
  "steps": { jitter: 0.05, steps: 0.3 },
  "two modes": { jitter: 0.05, bimodal: 0.1 },
  "±0.5% a session": { jitter: 0.05, session: 0.005 },
  "±1% a session": { jitter: 0.05, session: 0.01 },
  "±2% a session": { jitter: 0.05, session: 0.02 },
  "±3% a session": { jitter: 0.05, session: 0.03 },
  "an advantage of 3% to what runs first": { jitter: 0.05, firstRun: 0.03 },
  "all of it": { jitter: 0.05, spikes: 0.02, drift: 0.3, steps: 0.1, bimodal: 0.05, session: 0.01, firstRun: 0.01 },
};

const RUNS = 2500; // the standard error of a coverage of 95% is then 0.44%

for (const [size, { seconds, ...job }] of Object.entries(SIZES)) {
  for (const [scenario, disturbance] of Object.entries(SCENARIOS)) {
    Deno.test(`timePair() covers the truth in 95 ± 2% and calls at most 1% falsely: ${size}, ${scenario}`, async () => {
      let covered = 0, called = 0;
      for (let seed = 0; seed < RUNS; seed++) {
        const { speedup, verdict } = await simulate(seed, job, disturbance, { seconds });
        if (speedup.low <= 1 && 1 <= speedup.high) covered++;
        if (verdict === "faster" || verdict === "slower") called++;
      }
      const said = `covered ${covered}, called ${called} of ${RUNS}`;
      assert(covered >= 0.93 * RUNS && covered <= 0.97 * RUNS && called <= 0.01 * RUNS, said);
    });
  }
}

Deno.test("openings that resemble the ones before widen the interval: what they are worth is never known from few", async () => {
  const job = { ms: 1, ratio: 1, openMs: 5 }, disturbance = { jitter: 0.02, session: 0.02, resemblance: 0.8 };
  for (const [seconds, least] of [[1, 0.75], [4, 0.85]]) { // without that it is 51% and 54%
    let covered = 0;
    for (let seed = 0; seed < 500; seed++) {
      const { speedup } = await simulate(seed, job, disturbance, { seconds, precision: 0 });
      if (speedup.low <= 1 && 1 <= speedup.high) covered++;
    }
    assert(covered >= 500 * least, `covered ${covered} of 500 in ${seconds} s`);
  }
});

Deno.test("timePair() that stops on precision covers the truth in 95 ± 2% all the same", async () => {
  let covered = 0, stopped = 0;
  for (let seed = 0; seed < RUNS; seed++) {
    const job = { ms: 1, ratio: 1.03, openMs: 5 };
    const timing = await simulate(seed, job, { jitter: 0.02, session: 0.01 }, { seconds: 3, precision: 0.008 });
    if (timing.stopped === "precision") stopped++;
    if (timing.speedup.low <= 1.03 && 1.03 <= timing.speedup.high) covered++;
  }
  assert(stopped > 0.9 * RUNS, `${stopped} stopped early`);
  assert(covered >= 0.93 * RUNS && covered <= 0.97 * RUNS, `covered ${covered} of ${RUNS}`);
});

Deno.test("more time does not make the interval less honest", async () => {
  const coverage = async (seconds: number) => {
    let covered = 0;
    for (let seed = 0; seed < 500; seed++) {
      const { speedup } = await simulate(seed, SIZES.small, { jitter: 0.02, session: 0.01 }, { seconds, precision: 0 });
      if (speedup.low <= 1 && 1 <= speedup.high) covered++;
    }
    return covered / 500;
  };
  for (const seconds of [0.3, 1, 5]) {
    const share = await coverage(seconds);
    assert(share >= 0.92 && share <= 0.98, `${share} after ${seconds} s`); // three standard errors about 95%
  }
});

Deno.test("timePair() calls a true 2% in at least 90% of ten seconds, at 0.2 ms and 3 ms, and 5% in three", async () => {
  for (const [ms, ratio, seconds] of [[0.2, 1.02, 10], [3, 1.02, 10], [0.2, 1.05, 3], [3, 1.05, 3]]) {
    let called = 0;
    for (let seed = 0; seed < 100; seed++) {
      const { verdict } = await simulate(seed, { ms, ratio, openMs: 20 }, { jitter: 0.03, session: 0.005 }, {
        seconds,
      });
      if (verdict === "faster") called++;
    }
    assert(called >= 90, `${called} of 100 at ${ms} ms, ${ratio}, ${seconds} s`);
  }
});

Deno.test("the gate fails a pair that is slower by just its limit in at most 1%", async () => {
  let failed = 0;
  for (let seed = 0; seed < RUNS; seed++) {
    const job = { ms: 1, ratio: 1 / 1.02, openMs: 5 };
    const timing = await simulate(seed, job, { jitter: 0.03, session: 0.01 }, { seconds: 1 });
    const level: LevelComparison = { ...levelWith("all", timing.lnRatios), ...timing };
    if (gateSpeed(comparisonWith([level]), 0.02).failures.length > 0) failed++;
  }
  assert(failed <= 0.01 * RUNS, `${failed} of ${RUNS}`);
});
