import { assert, assertAlmostEquals, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { normalSource, randomSource } from "../../src/bench/random.ts";
import { timePair, timerResolution } from "../../src/bench/timing.ts";

/** A machine whose clock advances only by what runs on it, at a speed that drifts and jitters as we say. */
class Machine {
  timeMs = 0;
  calls: string[] = [];
  #normal;

  private jitter: number;
  private slowness: (timeMs: number) => number;

  constructor(seed: number, jitter: number, slowness: (timeMs: number) => number = () => 1) {
    this.jitter = jitter;
    this.slowness = slowness;

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
    const [a, b] = ["a", "b"].map((name) => machine.job(name, 1));
    const options = { now: machine.now, seconds: 0.5, seed };
    const { verdict } = await timePair(a, b, options);
    if (verdict === "faster" || verdict === "slower") called++;
  }
  assert(called <= 5, `${called} of 100 called a difference`);
});

Deno.test("timePair() calls a true 5% in at least 90% of 100 seeded experiments", async () => {
  let called = 0;
  for (let seed = 0; seed < 100; seed++) {
    const machine = new Machine(seed, 0.05, drifting);
    const options = { now: machine.now, seconds: 0.5, seed };
    const { verdict } = await timePair(machine.job("a", 2), machine.job("b", 2.1), options);
    if (verdict === "slower") called++;
  }
  assert(called >= 90, `${called} of 100 called it`);
});

Deno.test("timePair() runs both once a round, in an order that varies, warm-up included", async () => {
  const machine = new Machine(0, 0);
  const jobs = ["a", "b"].map((name) => machine.job(name, 20));
  const { inner, warmup, beforeMs } = await timePair(jobs[0], jobs[1], { now: machine.now, maxRounds: 30, seconds: 3 });
  assertEquals([inner, beforeMs.length], [1, 30]);
  const turns = machine.calls.join("").match(/../g)!.slice(0, warmup + 30);
  for (const turn of turns) assertEquals([...turn].sort().join(""), "ab");
  assertEquals([new Set(turns.slice(0, warmup)).size, new Set(turns.slice(warmup)).size], [2, 2]);
});

Deno.test("timePair() leads each block of a short job in with an untimed call", async () => {
  let timeMs = 0, last = "";
  // what runs after the other takes three times as long: the caches are the other's
  const job = (name: string) => () => {
    timeMs += last === name ? 0.4 : 1.2;
    last = name;
  };
  const timing = await timePair(job("a"), job("b"), { now: () => timeMs += 1e-4, maxRounds: 30 });
  assertAlmostEquals(timing.beforeMs[3], 0.4, 1e-3);
  assertAlmostEquals(timing.hotMs!.before, 0.4, 1e-3);
});

Deno.test("timePair() says how much faster a hot loop is where a block is not led in", async () => {
  let timeMs = 0, last = "";
  const job = (name: string) => () => {
    timeMs += last === name ? 20 : 24;
    last = name;
  };
  const timing = await timePair(job("a"), job("b"), { now: () => timeMs += 1e-4, maxRounds: 30, seconds: 60 });
  assert(timing.beforeMs.some((ms) => ms > 23.9) && timing.hotMs!.before < 20.1, JSON.stringify(timing.hotMs));
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

Deno.test("timePair() stops early when the interval is narrow at two looks in a row, the first after 30 rounds", async () => {
  const machine = new Machine(0, 0.001);
  const timing = await timePair(machine.job("a", 1), machine.job("b", 1), { now: machine.now, seconds: 60 });
  assertEquals([timing.stopped, timing.verdict, timing.beforeMs.length], ["precision", "same", 36]);
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

Deno.test("timePair() makes six openings even where that takes longer than asked for", async () => {
  const machine = new Machine(0, 0.001);
  let opened = 1;
  const renew = () => {
    machine.timeMs += 100;
    return Promise.resolve({ before: machine.job(`a${++opened}`, 1), after: machine.job("b", 1) });
  };
  const options = { now: machine.now, seconds: 0.7, precision: 0, renew, renewMs: 100 };
  const timing = await timePair(machine.job("a", 1), machine.job("b", 1), options);
  assertEquals([opened, timing.openings.length, timing.decision.evidence.assumedOpening], [6, 6, undefined]);
});

Deno.test("timePair() does not open anew where that would eat the time, and widens the interval for it", async () => {
  const machine = new Machine(0, 0.001);
  let opened = 0;
  const renew = () => Promise.resolve({ before: machine.job(`a${++opened}`, 1), after: machine.job("b", 1) });
  const options = { now: machine.now, seconds: 1, precision: 0, renew, renewMs: 2500 };
  const { speedup, verdict, decision } = await timePair(machine.job("a", 1), machine.job("b", 1), options);
  assertEquals([opened, verdict], [0, "inconclusive"]);
  assert(speedup.low < 0.955 && speedup.high > 1.045, JSON.stringify(speedup));
  assertStringIncludes(decision.reason, "one opening: another may differ by ±2%");
});

Deno.test("timePair() keeps to its limit with as many openings as that allows", async () => {
  const machine = new Machine(0, 0.001);
  const renew = () => {
    machine.timeMs += 1000;
    return Promise.resolve({ before: machine.job("a", 100), after: machine.job("b", 100) });
  };
  const options = { now: machine.now, seconds: 6, limitSeconds: 9, precision: 0, renew, renewMs: 1000 };
  const { openings, decision } = await timePair(machine.job("a", 100), machine.job("b", 100), options);
  assert(openings.length >= 2 && openings.length < 6, String(openings.length));
  assertEquals(decision.evidence.assumedOpening, 0.02);
  assert(machine.timeMs < 10_000, `${machine.timeMs} ms`);
});

Deno.test("timePair() spreads its rounds evenly over the openings", async () => {
  const machine = new Machine(0, 0.001);
  const renew = () => {
    machine.timeMs += 20;
    return Promise.resolve({ before: machine.job("a", 1), after: machine.job("b", 1) });
  };
  const options = { now: machine.now, seconds: 2, precision: 0, renew, renewMs: 20 };
  const { openings, lnRatios } = await timePair(machine.job("a", 1), machine.job("b", 1), options);
  const sizes = openings.map((start, i) => (openings[i + 1] ?? lnRatios.length) - start);
  assertEquals(new Set(sizes).size, 1, sizes.join());
  assert(sizes.length >= 10);
});

Deno.test("timePair() stopped while it opens anew counts no opening without a round", async () => {
  const machine = new Machine(0, 0.001);
  const controller = new AbortController();
  const renew = () => {
    controller.abort();
    return Promise.resolve({ before: machine.job("a", 1), after: machine.job("b", 1) });
  };
  const options = { now: machine.now, seconds: 1, renew, renewMs: 10, signal: controller.signal };
  const timing = await timePair(machine.job("a", 1), machine.job("b", 1), options);
  assertEquals([timing.openings, timing.stopped], [[0], "aborted"]);
});

Deno.test("timePair() takes CPU time beside wall time, and decides by it only where it may", async () => {
  // every other call of either is preempted for as long as it takes, which CPU time does not see
  const run = async (cpuMayDecide: boolean) => {
    let timeMs = 0, cpuMs = 0;
    const uniform = randomSource(5);
    const job = (ms: number) => () => {
      cpuMs += ms;
      timeMs += ms * (1 + 3 * uniform());
    };
    const options = { now: () => timeMs += 1e-4, cpuNow: () => cpuMs, cpuMayDecide, seconds: 0.5 };
    return await timePair(job(1), job(1.03), options);
  };
  const [decided, told] = [await run(true), await run(false)];
  assertEquals([decided.decision.basis, decided.verdict], ["cpu", "slower"]);
  assertAlmostEquals(decided.cpuMs!.after[0], 1.03, 1e-9);
  assertAlmostEquals(decided.cpuSpeedup!.estimate, 1 / 1.03, 1e-9);
  assertEquals([told.decision.basis, told.verdict, told.cpuMs !== undefined], ["wall", "inconclusive", true]);
});

Deno.test("timePair() keeps to its time where a call is shorter than the clock can tell, as in a browser", async () => {
  const machine = new Machine(5, 0.01), coarse = () => Math.floor(machine.now() * 10) / 10;
  const timing = await timePair(machine.job("a", 0.03), machine.job("b", 0.02), { now: coarse, seconds: 1 });
  assertEquals(timing.verdict, "faster");
  assert(machine.timeMs < 3000, `${machine.timeMs} ms`);
});
