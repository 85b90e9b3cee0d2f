/**
 * `deno task bench:rewrite [MODEL.onnx] [--runs N]`: what `layerfuse fuse` costs beside `cp` of the same file, in wall time
 * (Deno's start included) and peak memory. The two take turns; medians are printed, and every run. `cp + sync` is `cp` until
 * the bytes are on the disk, as they are when `fuse` is done.
 *
 * @module
 */
import { build } from "../src/models/mod.ts";
import { measuredCli, median, timed } from "./measured_cli.ts";
import { taskOptions } from "../tasks/task_options.ts";

const { values, positionals } = await taskOptions(import.meta.url, {
  options: { runs: { type: "string", default: "7" } },
  allowPositionals: true,
});
const folder = await Deno.makeTempDir({ prefix: "layerfuse_" });
try {
  const [given] = positionals;
  const model = given ?? `${folder}/resnet101.onnx`, copy = `${folder}/copy.onnx`;
  if (given === undefined) await (await build("resnet101", { seed: 0 })).save(model);
  const { size } = await Deno.stat(model);
  console.log(`${given ?? "resnet101"}, ${(size / 1e6).toFixed(1)} MB`);
  console.log("run    cp (s)  cp + sync  fuse (s)  fuse/cp  peak RSS (MB)");
  const rows: number[][] = [];
  for (let run = 0; run <= Number(values.runs); run++) {
    const cp = await timed("cp", model, copy), sync = await timed("sync", copy);
    const { seconds, peakMB } = await measuredCli(folder, "fuse", model, "-o", `${folder}/fused.onnx`);
    if (run === 0) continue; // the first fills the page cache and Deno's
    const row = [cp, cp + sync, seconds, seconds / cp, peakMB];
    rows.push(row);
    print(String(run), row);
  }
  print("median", rows[0].map((_, column) => median(rows.map((row) => row[column]))));
} finally {
  await Deno.remove(folder, { recursive: true });
}

function print(name: string, [cp, synced, fuse, ratio, peak]: number[]): void {
  const cells = [cp.toFixed(3), synced.toFixed(3), fuse.toFixed(3), ratio.toFixed(1), peak.toFixed(0)];
  console.log([name.padEnd(6), ...cells.map((cell, at) => cell.padStart([7, 10, 9, 8, 14][at]))].join(" "));
}
