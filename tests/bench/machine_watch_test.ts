import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { cpuClock } from "../../src/bench/cpu_clock.ts";
import { parseCpuStat, parseProcStat, watchMachine, watchWarnings } from "../../src/bench/machine_watch.ts";
import type { MachineWatch } from "../../src/bench/types.ts";

const quiet: MachineWatch = {
  seconds: 10,
  cores: 2,
  othersBusy: 0.1,
  stolen: 0,
  throttledSeconds: 0,
  thermalThrottles: 0,
  load: { begin: 0.5, end: 1 },
};

Deno.test("watchWarnings() says nothing of a quiet machine, or of one that tells nothing", () => {
  assertEquals(watchWarnings(quiet), []);
  const unknown = { othersBusy: null, stolen: null, throttledSeconds: null, thermalThrottles: null, load: null };
  assertEquals(watchWarnings({ ...quiet, ...unknown }), []);
});

Deno.test("watchWarnings() names other work, stolen time, quotas and heat", () => {
  const busy = { ...quiet, othersBusy: 1.62, stolen: 0.3, throttledSeconds: 2.5, thermalThrottles: 4 };
  assertEquals(watchWarnings(busy), [
    "other processes kept 1.6 of 2 cores busy",
    "the hypervisor took away 30% of a core",
    "the CPU quota stopped the process for 2.5 s",
    "the processor slowed down 4 times because it was hot",
  ]);
});

Deno.test("parseProcStat() and parseCpuStat() read what the kernel writes", () => {
  assertEquals(parseProcStat("cpu  100 10 50 9000 70 5 15 20 0 0\ncpu0 1 2\n"), {
    busySeconds: 1.8,
    stolenSeconds: 0.2,
  });
  assertEquals(parseProcStat(""), undefined);
  assertEquals(parseCpuStat("usage_usec 5\nnr_throttled 3\nthrottled_usec 2500000\n"), 2.5);
  assertEquals(parseCpuStat("nr_throttled 3\nthrottled_time 2500000000\n"), 2.5);
  assertEquals(parseCpuStat("usage_usec 5\n"), undefined);
});

Deno.test("watchMachine() sees a process that keeps a core busy", { ignore: Deno.build.os !== "linux" }, async () => {
  const loop = new Deno.Command(Deno.execPath(), { args: ["eval", "for (;;);"], stdin: "null" }).spawn();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const watched = watchMachine();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const { othersBusy, seconds } = watched();
  loop.kill("SIGKILL");
  await loop.status;
  assert(othersBusy! > 0.4, `${othersBusy} cores in ${seconds} s`);
});

Deno.test("cpuClock() goes on while this thread works, and hardly while it sleeps", async () => {
  const now = cpuClock("thread");
  if (!now) return assertEquals(Deno.build.os === "linux" || Deno.build.os === "darwin", false);
  const spin = () => {
    const end = performance.now() + 60;
    while (performance.now() < end);
  };
  const start = now();
  spin();
  const worked = now() - start;
  assert(worked > 5 && worked < 70, `${worked} ms`);
  const before = now();
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert(now() - before < 50, `${now() - before} ms while it slept`);
  const whole = cpuClock("process")!;
  assert(whole() >= worked);
  assertAlmostEquals(whole() - whole(), 0, 5);
});
