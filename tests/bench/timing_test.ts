import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { normalSource, randomSource } from "../../src/bench/random.ts";
import { timePair, timerResolution } from "../../src/bench/timing.ts";

/** A machine whose clock advances only by what runs on it, at a speed that drifts and jitters as we say. */
class Machine {
  timeMs = 0;
  calls: string[] = [];
  #normal;

  constructor(seed: number, private jitter: number, private slowness: (timeMs: number) => number = () => 1) {
    this.#normal = normalSource(randomSource(seed));
  }

  now = () => this.timeMs += 1e-4; // reading the clock takes 0.1 µs, which is its resolution

  job = (name: string, ms: number) => () => {
    this.calls.push(name);
    this.timeMs += ms * this.slowness(this.timeMs) * Math.exp(this.jitter * this.#normal());
  };
}

/** The machine gets slower steadily: 60% within the two seconds, as one that heats up. */
const drifting = (timeMs: number) => 1 + timeMs / 3333;

Deno.test("timePair() finds a known ratio under jitter and drift that a sequential reading gets backwards", async () => {
  const machine = new Machine(3, 0.1, drifting);
  const timing = await timePair(machine.job("a", 5), machine.job("b", 4.5), {
    now: machine.now,
    seconds: 2,
    precision: 0,
  });
  assertEquals(timing.verdict, "faster");
  const { low, high } = timing.speedup;
  const truth = 5 / 4.5;
  assert(low <= truth && truth <= high, `${low} … ${high} does not cover ${truth}`);

  const other = new Machine(3, 0.1, drifting);
  const sequential = (job: () => void) => {
    const start = other.timeMs;
    for (let i = 0; i < 200; i++) job();
    return other.timeMs - start;
  };
  const [first, second] = [sequential(other.job("a", 5)), sequential(other.job("b", 4.5))];
  assert(first < second, "read one after the other, the slower one looks faster");
});

Deno.test("timePair() of equal things calls a difference in at most 5% of 100 seeded experiments", async () => {
  let called = 0;
  for (let seed = 0; seed < 100; seed++) {
    const machine = new Machine(seed, 0.15, drifting);
    const [a, b, c] = ["a", "b", "c"].map((name) => machine.job(name, 1));
    const options = { now: machine.now, seconds: 0.5, seed, control: c };
    const { verdict } = await timePair(a, b, options);
    if (verdict === "faster" || verdict === "slower") called++;
  }
  assert(called <= 5, `${called} of 100 called a difference`);
});

Deno.test("timePair() calls a true 5% in at least 90% of 100 seeded experiments", async () => {
  let called = 0;
  for (let seed = 0; seed < 100; seed++) {
    const machine = new Machine(seed, 0.05, drifting);
    const options = { now: machine.now, seconds: 0.5, seed, control: machine.job("c", 2) };
    const { verdict } = await timePair(machine.job("a", 2), machine.job("b", 2.1), options);
    if (verdict === "slower") called++;
  }
  assert(called >= 90, `${called} of 100 called it`);
});

Deno.test("timePair() runs every job once a round, in an order that varies", async () => {
  const machine = new Machine(0, 0);
  const jobs = ["a", "b", "c"].map((name) => machine.job(name, 1));
  const { inner, warmup, beforeMs } = await timePair(jobs[0], jobs[1], {
    now: machine.now,
    control: jobs[2],
    maxRounds: 30,
  });
  assertEquals(inner, 1);
  const calls = machine.calls.slice(3 * warmup).join("");
  assertEquals(calls.length, 3 * beforeMs.length);
  const rounds = calls.match(/.../g)!;
  for (const round of rounds) assertEquals([...round].sort().join(""), "abc");
  assertEquals(new Set(rounds).size, 6);
});

Deno.test("timePair() repeats a short job until a block is long against the clock", async () => {
  const machine = new Machine(0, 0);
  const timing = await timePair(machine.job("a", 0.001), machine.job("b", 0.002), { now: machine.now, maxRounds: 30 });
  assert(timing.inner * 0.001 >= 100 * 1e-4 * 0.9, `${timing.inner} repeats`);
  assert(timing.inner > 1);
  assertAlmostEquals(timing.beforeMs[5], 0.001, 2e-5); // a reading of the clock is shared by the repeats
  assertAlmostEquals(timing.speedup.estimate, 0.5, 0.01);
});

Deno.test("timePair() does not stop because a difference is significant", async () => {
  const machine = new Machine(0, 0.3);
  const options = { now: machine.now, seconds: 1, precision: 1e-6 };
  const timing = await timePair(machine.job("a", 2), machine.job("b", 1), options);
  assertEquals(timing.verdict, "faster");
  assertEquals(timing.stopped, "time");
  assert(machine.timeMs >= 1000);
});

Deno.test("timePair() stops early when the interval is narrow, but not before 30 rounds", async () => {
  const machine = new Machine(0, 0.001);
  const timing = await timePair(machine.job("a", 1), machine.job("b", 1), { now: machine.now, seconds: 60 });
  assertEquals([timing.stopped, timing.verdict, timing.beforeMs.length], ["precision", "same", 30]);
});

Deno.test("timePair() runs 30 rounds even when they take longer than the time given", async () => {
  const machine = new Machine(0, 0.01);
  const timing = await timePair(machine.job("a", 100), machine.job("b", 100), { now: machine.now, seconds: 0.1 });
  assertEquals([timing.stopped, timing.lnRatios.length], ["time", 30]);
});

Deno.test("timePair() stops at its limit with fewer than 30 rounds, but never below 5", async () => {
  for (const [limitSeconds, rounds] of [[1, 5], [4, 18]]) {
    const machine = new Machine(0, 0.001);
    const options = { now: machine.now, seconds: 0.1, limitSeconds };
    const timing = await timePair(machine.job("a", 100), machine.job("b", 100), options);
    assertEquals(timing.stopped, "limit");
    assert(Math.abs(timing.lnRatios.length - rounds) <= 2, `${timing.lnRatios.length} rounds`);
  }
});

Deno.test("timePair() keeps every sample of an aborted run and gives no verdict on too few", async () => {
  const machine = new Machine(0, 0.01);
  const controller = new AbortController();
  let rounds = 0;
  const timing = await timePair(machine.job("a", 1), machine.job("b", 5), {
    now: machine.now,
    signal: controller.signal,
    onProgress: () => ++rounds === 4 && controller.abort(),
  });
  assertEquals([timing.stopped, timing.verdict, timing.beforeMs.length], ["aborted", "inconclusive", 4]);
  await assertRejects(
    () => timePair(machine.job("a", 1), machine.job("b", 1), { now: machine.now, signal: AbortSignal.abort() }),
    RangeError,
    "before the first round",
  );
});

Deno.test("timePair() keeps outliers among its samples", async () => {
  const machine = new Machine(0, 0);
  let call = 0;
  const hiccup = () => machine.job("a", ++call === 20 ? 500 : 1)();
  const timing = await timePair(hiccup, machine.job("b", 1), { now: machine.now });
  assertEquals(timing.beforeMs.filter((ms) => ms > 400).length, 1);
});

Deno.test("timerResolution() is the clock's smallest step", () => {
  let readings = 0;
  assertEquals(timerResolution(() => 0.25 * Math.floor(readings++ / 7)), 0.25);
});

Deno.test("timePair() opens everything anew where that is cheap, and counts what differs in the interval", async () => {
  // Each opening shifts the two by up to ±3%, which no number of rounds on one opening could show.
  const run = async (renewing: boolean) => {
    const machine = new Machine(0, 0.001);
    const uniform = randomSource(9);
    const open = () => {
      machine.timeMs += 2;
      const shift = 0.06 * (uniform() - 0.5);
      return { before: machine.job("a", 1 + shift), after: machine.job("b", 1) };
    };
    const { before, after } = open();
    const renew = renewing ? () => Promise.resolve(open()) : undefined;
    return await timePair(before, after, { now: machine.now, seconds: 2, precision: 0, renew, renewMs: 2 });
  };
  const [fixed, renewed] = [await run(false), await run(true)];
  assertEquals(fixed.openings, [0]);
  assert(fixed.speedup.low > 1 || fixed.speedup.high < 1, "one opening takes its shift for the truth");
  assert(renewed.openings.length > 50);
  assert(renewed.speedup.low < 1 && renewed.speedup.high > 1, JSON.stringify(renewed.speedup));
});

Deno.test("timePair() does not open anew where that would eat the time", async () => {
  const machine = new Machine(0, 0.001);
  let opened = 0;
  const renew = () => Promise.resolve({ before: machine.job(`a${++opened}`, 1), after: machine.job("b", 1) });
  await timePair(machine.job("a", 1), machine.job("b", 1), {
    now: machine.now,
    seconds: 1,
    precision: 0,
    renew,
    renewMs: 100,
  });
  assertEquals(opened, 0);
});
