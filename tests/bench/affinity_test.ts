import { assertEquals } from "@std/assert";
import { chooseCpus, parseCpuList, workerCpus } from "../../src/bench/affinity.ts";

Deno.test("chooseCpus() takes one hyper-thread of each further core and leaves the first core to the main thread", () => {
  const beside = (cpu: number) => `${cpu - cpu % 2}-${cpu - cpu % 2 + 1}`; // 0-1, 2-3, …
  const across = (cpu: number) => `${cpu % 4},${cpu % 4 + 4}`; // 0,4, 1,5, …
  const all = [0, 1, 2, 3, 4, 5, 6, 7];
  assertEquals(chooseCpus(all, beside, 4), [2, 4, 6]);
  assertEquals(chooseCpus(all, across, 4), [1, 2, 3]);
  assertEquals(chooseCpus([5, 6, 7], String, 2), [6]);
  assertEquals(chooseCpus(all, beside, 1), []);
});

Deno.test("chooseCpus() pins nothing where there are more threads than cores", () => {
  assertEquals(chooseCpus([0, 1], (_) => "0-1", 2), undefined);
  assertEquals(chooseCpus([0, 1], String, 3), undefined);
});

Deno.test("parseCpuList() reads the kernel's lists", () => {
  assertEquals(parseCpuList("0-2,8"), [0, 1, 2, 8]);
  assertEquals(parseCpuList("3"), [3]);
  assertEquals(parseCpuList(""), []);
});

Deno.test("workerCpus() never names a CPU twice", () => {
  const cpus = workerCpus(2);
  if (cpus) assertEquals(new Set(cpus).size, 1);
});
