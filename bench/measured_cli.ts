/** The command line in a process of its own, with what it took: for the benches that set it beside `cp`. */
import { fileURLToPath } from "node:url";
import { medianSorted } from "simple-statistics";
import config from "../deno.json" with { type: "json" };

const CLI = new URL("../src/cli/main.ts", import.meta.url);
const CONFIG = fileURLToPath(new URL("../deno.json", import.meta.url));
/** What the task that runs the command line tells V8. */
const V8_FLAGS = config.tasks.layerfuse.command.match(/--v8-flags=\S+/g) ?? [];
/**
 * The CLI with its time and its peak memory printed last: Linux's VmHWM where there is one, since maxRSS there begins with what
 * the process that started this one had.
 */
const MEASURED = `
const start = performance.now();
const kib = async (name) =>
  new RegExp(name + ":\\\\s*(\\\\d+)").exec(await Deno.readTextFile("/proc/self/status").catch(() => ""))?.[1];
const before = await kib("VmRSS") ?? 0;
import process from "node:process";
const { main } = await import(${JSON.stringify(CLI.href)});
const code = await main(Deno.args);
const ms = performance.now() - start;
console.log("measured", ms, await kib("VmHWM") ?? process.resourceUsage().maxRSS, before);
Deno.exit(code);
`;

/** What a command took. */
export interface Cost {
  /** Wall time from start to end of the process, seconds. */
  readonly seconds: number;
  /** The same without the start of Deno, for the CLI. */
  readonly ownSeconds: number;
  /** Peak memory of the CLI, MB (10⁶ bytes). */
  readonly peakMB: number;
  /** The same beyond what Deno had before it loaded anything of the CLI. */
  readonly ownPeakMB: number;
}

async function run(command: string, args: string[]): Promise<{ seconds: number; output: string }> {
  const start = performance.now();
  const { success, stdout, stderr } = await new Deno.Command(command, { args, stdout: "piped", stderr: "piped" })
    .output();
  const seconds = (performance.now() - start) / 1000;
  if (!success) throw new Error(`${command} ${args.join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
  return { seconds, output: new TextDecoder().decode(stdout) };
}

/** Seconds that a command takes. */
export async function timed(command: string, ...args: string[]): Promise<number> {
  return (await run(command, args)).seconds;
}

/** What a command line of layerfuse takes. `folder` is where the script that measures it is written. */
export async function measuredCli(folder: string, ...args: string[]): Promise<Cost> {
  const script = `${folder}/measured.ts`;
  await Deno.writeTextFile(script, MEASURED);
  const flags = ["-A", ...V8_FLAGS, "--config", CONFIG];
  const { seconds, output } = await run(Deno.execPath(), ["run", ...flags, script, ...args]);
  const [, ms, ...kib] = /measured ([\d.]+) (\d+) (\d+)/.exec(output)!;
  const [peakMB, startMB] = kib.map((count) => Number(count) * 1.024 / 1000);
  return { seconds, ownSeconds: Number(ms) / 1000, peakMB, ownPeakMB: peakMB - startMB };
}

/** The middle one of some values. */
export function median(values: readonly number[]): number {
  return medianSorted(values.toSorted((a, b) => a - b));
}
