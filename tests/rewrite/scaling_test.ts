import { assertLess } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { LINKS, nodeChain } from "../node_chain.ts";

/** Seconds on any machine for 10 000 nodes; a quadratic step takes minutes. */
const SECONDS = 60;

for (const link of Object.keys(LINKS) as (keyof typeof LINKS)[]) {
  Deno.test(`fuse() takes seconds for 10 000 nodes: ${link}`, async () => {
    const bytes = nodeChain(link, 10_000), start = performance.now();
    const { model } = await fuse(bytes);
    await model.bytes();
    assertLess((performance.now() - start) / 1000, SECONDS);
  });
}
