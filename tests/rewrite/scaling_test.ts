import { assertLess } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { LINKS, nodeChain } from "../node_chain.ts";
import { modelBytes, tensor, type TestNode } from "../onnx_model.ts";

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

Deno.test("fuse() takes seconds for a value with 8000 users that are all added", async () => {
  const scaled = (x: string, y: string): TestNode => ({ op: "Mul", inputs: [x, "s"], outputs: [y] });
  const terms = Array.from({ length: 8000 }, (_, i) => `t${i}`);
  const nodes = [scaled("x", "m"), ...terms.map((term) => scaled("m", term)), {
    op: "Sum",
    inputs: terms,
    outputs: ["y"],
  }];
  const initializers = { s: tensor([], [1.5]) }, start = performance.now();
  await fuse(modelBytes({ inputs: { x: [4] }, outputs: { y: [4] }, initializers, nodes }));
  assertLess((performance.now() - start) / 1000, SECONDS);
});
