/**
 * `deno task bench:scaling [--nodes N,N,…]`: how long fusing a file into another takes against the number of nodes, for chains of
 * every kind of rewrite, and beside it ONNX Runtime's own `basic` optimizer reading the same file and writing what it made of it.
 * The two take turns; each time is the median of three. Linear is a constant column of time per node. The peak memory is that of
 * `layerfuse fuse` in a process of its own, as the task runs it.
 *
 * @module
 */
import { openSession } from "../src/bench/session.ts";
import { fuse } from "../src/fusion/mod.ts";
import { LINKS, nodeChain } from "../tests/node_chain.ts";
import { taskOptions } from "../tasks/task_options.ts";
import { measuredCli, median } from "./measured_cli.ts";

const { values } = await taskOptions(import.meta.url, {
  options: { nodes: { type: "string", default: "1250,2500,5000,10000" } },
});
const sizes = values.nodes.split(",").map(Number);
if (!sizes.every((size) => Number.isInteger(size) && size > 0)) {
  console.error(`--nodes ${values.nodes}: expected whole numbers above 0, separated by commas`);
  Deno.exit(2);
}

console.log(
  "| chain of | nodes | left | fuse, ms | µs per node | ONNX Runtime basic, ms | ratio | peak, MB |\n|---|---|---|---|---|---|---|---|",
);
const folder = await Deno.makeTempDir({ prefix: "layerfuse_" });
try {
  const [path, out] = [`${folder}/chain.onnx`, `${folder}/out.onnx`];
  for (const link of Object.keys(LINKS) as (keyof typeof LINKS)[]) {
    for (const size of sizes) {
      await Deno.writeFile(path, nodeChain(link, size));
      const ours: number[] = [], runtime: number[] = [];
      let left = 0;
      for (let run = 0; run < 3; run++) {
        const start = performance.now();
        const { model } = await fuse(path);
        await model.save(out);
        const middle = performance.now();
        await using _session = await openSession(path, { level: "basic", optimizedPath: out });
        ours.push(middle - start);
        runtime.push(performance.now() - middle);
        left = model.stats.nodes;
      }
      const [ms, theirs] = [median(ours), median(runtime)];
      const { peakMB } = await measuredCli(folder, "fuse", path, "-o", out);
      console.log(
        `| ${link} | ${size} | ${left} | ${ms.toFixed(0)} | ${(1000 * ms / size).toFixed(0)} | ${theirs.toFixed(0)} | ${
          (ms / theirs).toFixed(2)
        } | ${peakMB.toFixed(0)} |`,
      );
    }
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
