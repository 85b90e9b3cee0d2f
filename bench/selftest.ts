/**
 * `deno task bench:selftest [--runs N] [--seconds S] [--models A,B] [--threads 1,2] [--conditions quiet,loaded] [--json FILE]
 * [--markdown FILE]`: can the benchmark be trusted on this machine?
 *
 * Every comparison is a process of its own. Under each condition, of each model and number of threads, N times:
 *
 * - A/A, the model with itself: how often the 95% interval leaves out 1, and how often a difference is called (without the
 *   wider band that the same operators have, so that nothing is excused);
 * - power: the model with one part more of fifty, a slow-down of about 2% (the median of all runs is taken for the truth), and with
 *   three more: how often it is called (`ResNet-101`, only where `--models` names it, has blocks for parts);
 * - `diff` of every run with the next of the same pair, one a side: how often a change is called;
 * - the gate at the pair's own slow-down: how often it fails.
 *
 * Each rate is given with its exact 95% binomial interval (Clopper and Pearson). `--json FILE` keeps all readings; where the
 * file is there already, new ones are added, so that a long test may be run in pieces, and
 * `--runs 0` only reads it. `--markdown FILE` writes the rates as a page. Exits with 1 where a rate is surely
 * beyond its limit: the whole binomial interval.
 *
 * @module
 */
import os from "node:os";
import { type Condition, limits, type Rate, ratesTable, type Reading, summarise } from "./selftest_rates.ts";
import { describeEnvironment } from "../src/bench/mod.ts";
import { MODELS } from "./selftest_models.ts";
import { taskOptions } from "../tasks/task_options.ts";

/** Parts more than the model has: none for A/A, one for power at 2%, three for power at about 5%. */
const PAIRS = { "A/A": 0, "+2%": 1, "+5%": 3 } as const;

/** Busy loops in processes of their own for as long as it is in scope. */
class Load implements Disposable {
  #processes: Deno.ChildProcess[];
  #stop = () => this.#processes.forEach((process) => process.kill("SIGKILL"));

  constructor(loops: number) {
    this.#processes = Array.from(
      { length: loops },
      () => new Deno.Command(Deno.execPath(), { args: ["eval", "for (;;);"], stdin: "null" }).spawn(),
    );
    globalThis.addEventListener("unload", this.#stop);
  }

  [Symbol.dispose](): void {
    globalThis.removeEventListener("unload", this.#stop);
    this.#stop();
  }
}

async function compareOnce(first: string, second: string, settings: readonly (string | number)[]): Promise<Reading> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", "--no-lock", "--config", new URL("../deno.json", import.meta.url).pathname],
      ...[new URL("selftest_run.ts", import.meta.url).pathname, first, second, ...settings.map(String)],
    ],
  }).output();
  if (!success) throw new Error(`a comparison failed: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

function progress(text: string): void {
  if (Deno.stderr.isTerminal()) Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
}

async function main(): Promise<number> {
  const { values } = await taskOptions(import.meta.url, {
    options: {
      runs: { type: "string", default: "100" },
      seconds: { type: "string", default: "3" },
      threads: { type: "string", default: "1,2" },
      models: { type: "string", default: "0.2 ms,3 ms" },
      conditions: { type: "string", default: "quiet,loaded" },
      pairs: { type: "string", default: Object.keys(PAIRS).join() },
      json: { type: "string" },
      markdown: { type: "string" },
    },
  });
  const runs = Number(values.runs), seconds = Number(values.seconds);
  const list = (text: string) => text.split(",").map((part) => part.trim());
  const [models, pairs, conditions, threads] = [values.models, values.pairs, values.conditions, values.threads].map(
    list,
  );
  if (
    !(runs >= 0 && seconds > 0) || models.some((name) => !(name in MODELS)) || pairs.some((name) => !(name in PAIRS)) ||
    conditions.some((name) => name !== "quiet" && name !== "loaded") || threads.some((count) => !(Number(count) >= 1))
  ) {
    console.error(
      `bench:selftest: expected --runs N, --seconds S, --threads 1,2, --models ${Object.keys(MODELS).join()}, ` +
        `--pairs ${Object.keys(PAIRS).join()}, --conditions quiet,loaded`,
    );
    return 2;
  }
  const folder = await Deno.makeTempDir({ prefix: "layerfuse_selftest_" });
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const known: Condition[] = values.json ? await saved(values.json) : [];
  for (const model of models) {
    const path = (more: number) => `${folder}/${model.replace(" ", "_")}_${more}.onnx`;
    for (const pair of pairs) {
      await MODELS[model](PAIRS[pair as keyof typeof PAIRS]).save(path(PAIRS[pair as keyof typeof PAIRS]));
    }
    await MODELS[model](0).save(path(0));
    for (const name of conditions) {
      for (const count of threads) {
        for (const pair of pairs) {
          using _load = new Load(name === "loaded" ? Math.max(2, os.availableParallelism()) : 0);
          const key = { name, model, threads: Number(count), pair, seconds };
          let condition = known.find((each) =>
            Object.entries(key).every(([k, v]) => each[k as keyof typeof key] === v)
          );
          if (!condition) known.push(condition = { ...key, readings: [] });
          for (let run = 0; run < runs; run++) {
            progress(`${name}, ${model}, ${count} thread(s), ${pair}: ${run + 1} of ${runs}`);
            const settings = [seconds, count, condition.readings.length];
            condition.readings.push(await compareOnce(path(0), path(PAIRS[pair as keyof typeof PAIRS]), settings));
            if (values.json) await Deno.writeTextFile(values.json, JSON.stringify(known));
          }
        }
      }
    }
  }
  progress("");
  const rows = summarise(known);
  for (const { text } of rows) console.log(text);
  if (values.markdown) await writePage(values.markdown, rows);
  const broken = rows.filter(({ isBroken }) => isBroken);
  console.log(`\n${limits()}\n${broken.length === 0 ? "Passed: no rate is surely beyond its limit." : "Failed:"}`);
  for (const { text } of broken) console.log(text);
  return broken.length === 0 ? 0 : 1;
}

async function writePage(path: string, rates: readonly Rate[]): Promise<void> {
  const { cpu, cores, os, onnxruntime, date } = await describeEnvironment({ provider: "cpu", threads: 1, seed: 0 });
  await Deno.writeTextFile(
    path,
    `# How often the benchmark is wrong

Rates of wrong answers with their exact 95% binomial intervals, each comparison in a process of its own. Written by
\`npx -y deno task bench:selftest --markdown FILE\`, whose first lines say what is counted
(\`loaded\`: beside as many busy loops as cores). ${limits()}

${date.slice(0, 10)}: ${cpu}, ${cores} cores, ${os}; Deno ${Deno.version.deno}, ONNX Runtime ${onnxruntime}.

${ratesTable(rates)}
`,
  );
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", path] }).output();
}

async function saved(path: string): Promise<Condition[]> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

if (import.meta.main) Deno.exit(await main());
