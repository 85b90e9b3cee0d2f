/**
 * `deno task bench:rewrite [MODEL.onnx] [--runs N]`: what `layerfuse fuse` costs beside `cp` of the same file, in wall time
 * (Deno's start included) and peak memory. The two take turns; medians are printed, and every run.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { medianSorted } from "simple-statistics";
import { build } from "../src/models/mod.ts";

const CLI = new URL("../src/cli/main.ts", import.meta.url);
/**
 * The CLI with its peak memory printed last, in KiB: Linux's VmHWM where there is one, since maxRSS there begins with what
 * the process that started this one had.
 */
const MEASURED = `
import process from "node:process";
import { main } from ${JSON.stringify(CLI.href)};
const code = await main(Deno.args);
const status = await Deno.readTextFile("/proc/self/status").catch(() => "");
console.log("maxRSS", /VmHWM:\\s*(\\d+)/.exec(status)?.[1] ?? process.resourceUsage().maxRSS);
Deno.exit(code);
`;

async function timed(command: string, args: string[]): Promise<{ seconds: number; output: string }> {
  const start = performance.now();
  const { success, stdout, stderr } = await new Deno.Command(command, { args, stdout: "piped", stderr: "piped" })
    .output();
  const seconds = (performance.now() - start) / 1000;
  if (!success) throw new Error(`${command} ${args.join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
  return { seconds, output: new TextDecoder().decode(stdout) };
}

function median(values: number[]): number {
  return medianSorted(values.toSorted((a, b) => a - b));
}

const { values, positionals } = parseArgs({
  args: Deno.args,
  options: { runs: { type: "string", default: "7" } },
  allowPositionals: true,
});
const folder = await Deno.makeTempDir({ prefix: "layerfuse_" });
try {
  const [given] = positionals;
  const model = given ?? `${folder}/resnet101.onnx`;
  if (given === undefined) await (await build("resnet101", { seed: 0 })).save(model);
  const script = `${folder}/measured.ts`;
  await Deno.writeTextFile(script, MEASURED);
  const { size } = await Deno.stat(model);
  console.log(`${given ?? "resnet101"}, ${(size / 1e6).toFixed(1)} MB`);
  console.log("run    cp (s)  fuse (s)   ratio  peak RSS (MB)");
  const cps: number[] = [], fuses: number[] = [], ratios: number[] = [], peaks: number[] = [];
  for (let run = 0; run <= Number(values.runs); run++) {
    const config = new URL("../deno.json", import.meta.url).pathname;
    const cp = await timed("cp", [model, `${folder}/copy.onnx`]);
    const fuse = await timed(Deno.execPath(), [
      "run",
      "-A",
      "--config",
      config,
      script,
      ...["fuse", model, "-o", `${folder}/fused.onnx`],
    ]);
    if (run === 0) continue; // the first fills the page cache and Deno's
    const peak = Number(/maxRSS (\d+)/.exec(fuse.output)![1]) / 1000;
    cps.push(cp.seconds);
    fuses.push(fuse.seconds);
    ratios.push(fuse.seconds / cp.seconds);
    peaks.push(peak);
    console.log(row(String(run), cp.seconds, fuse.seconds, fuse.seconds / cp.seconds, peak));
  }
  console.log(row("median", median(cps), median(fuses), median(ratios), median(peaks)));
} finally {
  await Deno.remove(folder, { recursive: true });
}

function row(name: string, cp: number, fuse: number, ratio: number, peak: number): string {
  return [
    name.padEnd(6),
    ...[cp.toFixed(3), fuse.toFixed(3), ratio.toFixed(1), peak.toFixed(0)].map((v) => v.padStart(8)),
  ]
    .join(" ");
}
