/**
 * `deno run -A bench/rewrite_scaling.ts [--nodes N,N,…]`: how long fusing takes against the number of nodes, for chains of
 * every kind of rewrite. Each time is the median of three runs; linear is a constant last column.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { medianSorted } from "simple-statistics";
import { fuse } from "../src/fusion/mod.ts";
import { LINKS, nodeChain } from "../tests/node_chain.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: { nodes: { type: "string", default: "1250,2500,5000,10000" } },
});
const sizes = values.nodes.split(",").map(Number);
if (!sizes.every((size) => Number.isInteger(size) && size > 0)) {
  console.error(`--nodes ${values.nodes}: expected whole numbers above 0, separated by commas`);
  Deno.exit(2);
}

console.log("| chain of | nodes | left | fuse, ms | µs a node |\n|---|---|---|---|---|");
for (const link of Object.keys(LINKS) as (keyof typeof LINKS)[]) {
  for (const size of sizes) {
    const bytes = nodeChain(link, size), times: number[] = [];
    let left = 0;
    for (let run = 0; run < 3; run++) {
      const start = performance.now();
      const { model } = await fuse(bytes);
      times.push(performance.now() - start);
      left = model.stats.nodes;
    }
    const ms = medianSorted(times.sort((a, b) => a - b));
    console.log(`| ${link} | ${size} | ${left} | ${ms.toFixed(0)} | ${(1000 * ms / size).toFixed(0)} |`);
  }
}
