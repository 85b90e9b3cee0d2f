/**
 * `deno task bench:selftest [--runs N] [--seconds S] [--threads N] [--json FILE]`: can the benchmark be trusted on this machine?
 *
 * Compares a small model with itself (any difference called is a false one) and with itself plus one layer (a true slow-down
 * of a known 5%), each N times, first as the machine is, then with every core loaded by another process. Beside it the same
 * pairs in `deno bench`, one after the other, and read naively. Exits with 1 where more than 5% of the first are called
 * different, or fewer than 90% of the second are called slower.
 *
 * @module
 */
import os from "node:os";
import { parseArgs } from "node:util";
import { compare, denoBench, type Verdict } from "../src/bench/mod.ts";
import { exportModel } from "../src/graph/export.ts";
import { Model } from "../src/fusion/model.ts";
import { conv } from "../src/models/layers.ts";
import { Network } from "../src/models/network.ts";

/** Layers of the model; one more, alike in everything, is a 5% slow-down (6.3% of the layers' work, which is four fifths of the time). */
const LAYERS = 16;
const FALSE_LIMIT = 0.05;
const TRUE_LIMIT = 0.9;

interface Reading {
  /** What it says of the second model. */
  verdict: Verdict;
  /** Its speed-up, first over second. */
  speedup: number;
}

interface Condition {
  name: string;
  paired: { same: Reading[]; slower: Reading[] };
  sequential: { same: Reading[]; slower: Reading[] };
}

function chain(layers: number): Model {
  const network = new Network({ name: `chain${layers}`, input: ["batch", 8, 14, 14], seed: 0 });
  let x = network.input;
  for (let i = 0; i < layers; i++) x = conv(network, x, `conv${i}`, { out: 8, kernel: 3 });
  return Model.from(exportModel(network.finish(x)), `chain${layers}`);
}

/** Keeps every core busy in processes of their own while it is in scope. */
class Load implements Disposable {
  #processes = Array.from(
    { length: os.availableParallelism() },
    () => new Deno.Command(Deno.execPath(), { args: ["eval", "for (;;);"], stdin: "null" }).spawn(),
  );
  #stop = () => this.#processes.forEach((process) => process.kill("SIGKILL"));

  constructor() {
    globalThis.addEventListener("unload", this.#stop);
  }

  [Symbol.dispose](): void {
    globalThis.removeEventListener("unload", this.#stop);
    this.#stop();
  }
}

async function pairedReadings(first: string, second: string, options: Options, label: string): Promise<Reading[]> {
  const readings: Reading[] = [];
  for (let seed = 0; seed < options.runs; seed++) {
    progress(`${label}: ${seed + 1} of ${options.runs}`);
    const { seconds, threads } = options;
    const { levels: [level] } = await compare(first, second, {
      levels: ["all"],
      profile: false,
      seconds,
      threads,
      seed,
    });
    readings.push({ verdict: level.verdict, speedup: level.speedup.estimate });
  }
  return readings;
}

/** The same in `deno bench`, read as its summary invites to: whatever rounds to another factor than 1.00 is a difference. */
async function sequentialReadings(first: string, second: string, options: Options, folder: string): Promise<Reading[]> {
  const file = `${folder}/pairs_bench.ts`;
  const module = new URL("../src/bench/mod.ts", import.meta.url).href;
  await Deno.writeTextFile(
    file,
    `import { registerComparison } from ${JSON.stringify(module)};
     for (let i = 0; i < ${options.runs}; i++) {
       registerComparison(String(i), ${JSON.stringify(first)}, ${JSON.stringify(second)},
         { levels: ["all"], provider: "cpu", threads: ${options.threads} });
     }`,
  );
  const config = new URL("../deno.json", import.meta.url).pathname;
  const results = await denoBench(file, { args: ["-A", "--no-check", "--no-lock", "--config", config] });
  const mean = (name: string) => {
    const found = results.find((result) => result.name === name);
    if (!found?.times) throw new Error(`deno bench of ${name}: ${found?.error ?? "no result"}`);
    return found.times.meanMs;
  };
  return Array.from({ length: options.runs }, (_, i) => {
    const speedup = mean(`${i} before`) / mean(`${i} after`);
    const verdict = Math.abs(speedup - 1) < 0.005 ? "same" : speedup > 1 ? "faster" : "slower";
    return { verdict, speedup };
  });
}

interface Options {
  runs: number;
  seconds: number;
  threads: number;
}

async function measure(
  name: string,
  [small, large]: [string, string],
  options: Options,
  folder: string,
): Promise<Condition> {
  const paired = {
    same: await pairedReadings(small, small, options, `${name}, a model with itself`),
    slower: await pairedReadings(small, large, options, `${name}, one layer more`),
  };
  progress(`${name}, deno bench`);
  const sequential = {
    same: await sequentialReadings(small, small, options, folder),
    slower: await sequentialReadings(small, large, options, folder),
  };
  progress("");
  return { name, paired, sequential };
}

const falseCalls = (readings: Reading[]) =>
  readings.filter(({ verdict }) => verdict === "faster" || verdict === "slower").length;
const trueCalls = (readings: Reading[]) => readings.filter(({ verdict }) => verdict === "slower").length;

function row(name: string, { same, slower }: { same: Reading[]; slower: Reading[] }): string {
  const speedups = slower.map(({ speedup }) => speedup).sort((a, b) => a - b);
  const slowdown = 100 * (1 / speedups[speedups.length >> 1] - 1);
  const of = (count: number, all: unknown[]) => `${count} of ${all.length}`.padStart(12);
  return `${name.padEnd(34)} ${of(falseCalls(same), same)}      ${of(trueCalls(slower), slower)}      ${
    slowdown.toFixed(1).padStart(6)
  }%`;
}

function progress(text: string): void {
  if (Deno.stderr.isTerminal()) Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "100" },
      seconds: { type: "string", default: "3" },
      threads: { type: "string", default: "1" },
      json: { type: "string" },
    },
  });
  const options = { runs: Number(values.runs), seconds: Number(values.seconds), threads: Number(values.threads) };
  if (!(options.runs >= 1 && options.seconds > 0 && options.threads >= 1)) {
    console.error("bench:selftest: --runs, --seconds and --threads take positive numbers");
    return 2;
  }
  const folder = await Deno.makeTempDir({ prefix: "layerfuse_selftest_" });
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const models: [string, string] = [`${folder}/small.onnx`, `${folder}/large.onnx`];
  await chain(LAYERS).save(models[0]);
  await chain(LAYERS + 1).save(models[1]);

  const conditions = [await measure("quiet", models, options, folder)];
  {
    using _load = new Load();
    conditions.push(await measure("every core loaded", models, options, folder));
  }
  console.log(`${LAYERS} equal layers against themselves, and against ${LAYERS + 1}; ${options.threads} thread(s)\n`);
  console.log(`${"".padEnd(34)}  false calls       true calls        median`);
  console.log(`${"".padEnd(34)}  (itself)          (one layer more)  slow-down`);
  for (const { name, paired, sequential } of conditions) {
    console.log(row(`${name}: compare()`, paired));
    console.log(row(`${name}: deno bench, naive`, sequential));
  }
  if (values.json) await Deno.writeTextFile(values.json, JSON.stringify({ ...options, conditions }, null, 2));

  const passed = conditions.every(({ paired }) =>
    falseCalls(paired.same) <= FALSE_LIMIT * options.runs && trueCalls(paired.slower) >= TRUE_LIMIT * options.runs
  );
  console.log(
    `\n${
      passed ? "Passed" : "Failed"
    }: at most 5% false calls and at least 90% true calls by compare() in both conditions.`,
  );
  return passed ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
