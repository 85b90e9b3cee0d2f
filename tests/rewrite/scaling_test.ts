import { assertEquals, assertLess } from "@std/assert";
import { fileURLToPath } from "node:url";
import { fuse, open } from "../../src/fusion/mod.ts";
import { inFolder } from "../external_model.ts";
import { LINKS, nodeChain } from "../node_chain.ts";
import { modelBytes, tensor, type TestNode, type TestTensor } from "../onnx_model.ts";

/** Seconds on any machine for 10 000 nodes; a quadratic step takes minutes. */
const SECONDS = 60;

const CLI = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

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

Deno.test("fuse() takes seconds for 8000 nodes that change nothing between one value and one sum", async () => {
  const terms = Array.from({ length: 8000 }, (_, i) => `t${i}`), start = performance.now();
  const nodes = [...terms.map((term): TestNode => ({ op: "Identity", inputs: ["x"], outputs: [term] })), {
    op: "Sum",
    inputs: terms,
    outputs: ["y"],
  }];
  const { report } = await fuse(modelBytes({ inputs: { x: [4] }, outputs: { y: [4] }, nodes }));
  assertEquals(report.after.nodes, 1);
  assertLess((performance.now() - start) / 1000, SECONDS);
});

Deno.test("fuse() takes seconds for a join of 8000 maps, and for a map before a Split into 8000", async () => {
  const parts = Array.from({ length: 8000 }, (_, i) => `t${i}`), start = performance.now();
  const join: TestNode[] = [...parts.map((part) => ({ op: "Neg", inputs: ["x"], outputs: [part] })), {
    op: "Concat",
    inputs: parts,
    outputs: ["y"],
    attributes: { axis: 0 },
  }];
  await fuse(modelBytes({ inputs: { x: [4] }, outputs: { y: [32000] }, nodes: join }));
  const split: TestNode[] = [
    { op: "Mul", inputs: ["x", "s"], outputs: ["m"] },
    { op: "Split", inputs: ["m"], outputs: parts, attributes: { axis: 0 } },
    { op: "Neg", inputs: ["t0"], outputs: ["y"] },
  ];
  const initializers = { s: tensor([], [1.5]) }, opset = 11;
  await fuse(modelBytes({ inputs: { x: [32000] }, outputs: { y: [4] }, initializers, nodes: split, opset }));
  assertLess((performance.now() - start) / 1000, SECONDS);
});

Deno.test("fuse() names a weight that is folded into again and again by one number, not by one behind the other", async () => {
  const { graph } = (await fuse(nodeChain("Mul", 500))).model.graphs();
  assertEquals([...graph.initializers].map(({ name }) => name).filter((name) => /^w/.test(name)), ["w_500"]);
});

Deno.test("fuse() takes seconds for 1000 weights of one shape, and for 1000 equal ones", async () => {
  for (const value of [(i: number) => 1 + i / 1e5, () => 1.5]) {
    const nodes: TestNode[] = [], initializers: Record<string, TestTensor> = {};
    for (let i = 0; i < 1000; i++) {
      nodes.push({ op: "Mul", inputs: [`h${i}`, `s${i}`], outputs: [`m${i}`] });
      nodes.push({ op: "Add", inputs: [`m${i}`, `s${i}`], outputs: [`a${i}`] });
      nodes.push({ op: "Mul", inputs: [`a${i}`, `s${i}`], outputs: [`b${i}`] });
      nodes.push({ op: "Sigmoid", inputs: [`b${i}`], outputs: [`h${i + 1}`] });
      initializers[`s${i}`] = tensor([1, 1, 1, 1], [value(i)]);
    }
    const start = performance.now();
    await fuse(modelBytes({ inputs: { h0: [1, 4, 8, 8] }, outputs: { h1000: null }, initializers, nodes }));
    assertLess((performance.now() - start) / 1000, SECONDS);
  }
});

Deno.test("fuse() takes seconds for 3000 maps one after another without a layer, in either order of the file", async () => {
  const name = (i: number) => i === 0 ? "x" : i === 3000 ? "y" : `v${i}`, start = performance.now();
  const chain = Array.from({ length: 3000 }, (_, i): TestNode => ({
    op: i % 2 ? "Add" : "Mul",
    inputs: [name(i), "s"],
    outputs: [name(i + 1)],
  }));
  const initializers = { s: tensor([], [1.0001]) };
  for (const nodes of [chain, chain.toReversed()]) {
    const model = modelBytes({ inputs: { x: [4] }, outputs: { y: [4] }, initializers, nodes });
    assertEquals((await fuse(model)).report.after.nodes, 2);
  }
  assertLess((performance.now() - start) / 1000, SECONDS);
});

Deno.test("fuse() takes seconds for a Sum of 100 000 terms, which is left as it is", async () => {
  const nodes: TestNode[] = [{ op: "Sum", inputs: Array(100_000).fill("x"), outputs: ["y"] }],
    start = performance.now();
  const { report } = await fuse(modelBytes({ inputs: { x: [4] }, outputs: { y: [4] }, nodes }));
  assertEquals(report.applied, []);
  assertLess((performance.now() - start) / 1000, SECONDS);
});

Deno.test("fuse() asks once for the region around 8000 layers of a line, for the CPU kernels", async () => {
  const nodes: TestNode[] = [];
  for (let i = 0; i < 4000; i++) {
    nodes.push({ op: "Conv", inputs: [`h${i}`, "w"], outputs: [`c${i}`] }, {
      op: "Relu",
      inputs: [`c${i}`],
      outputs: [`h${i + 1}`],
    });
  }
  const initializers = { w: tensor([4, 4, 1], Array(16).fill(0.25)) }, start = performance.now();
  const bytes = modelBytes({ inputs: { h0: [1, 4, 256] }, outputs: { h4000: null }, initializers, nodes });
  const { report } = await fuse(bytes, { runtime: "onnxruntime-cpu" });
  assertEquals(report.applied, []);
  assertLess((performance.now() - start) / 1000, SECONDS);
});

Deno.test("fuse() lets go of what it replaced: 20 000 layers become one in a heap of 80 MB", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/chain.onnx`, nodeChain("1×1 Conv", 20_000));
    const args = ["run", "-A", "--no-lock", "--no-check", "--v8-flags=--max-old-space-size=80", "--config", CONFIG];
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: [...args, CLI, "fuse", `${folder}/chain.onnx`, "-o", `${folder}/out.onnx`],
      stdout: "null",
      stderr: "null",
    }).output();
    assertEquals(code, 0);
    assertEquals((await open(`${folder}/out.onnx`)).stats.nodes, 1);
  }));
