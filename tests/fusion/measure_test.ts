import { assert, assertEquals, assertLess } from "@std/assert";
import { fuse as fuseAndMeasure } from "../../mod.ts";
import { fuse, type Measure, type Model } from "../../src/fusion/mod.ts";
import { modelBytes, random } from "../onnx_model.ts";

/** Two Convs that compose, behind a BatchNormalization-like scale that folds whatever is measured. */
const BYTES = modelBytes({
  inputs: { x: ["n", 3, 8, 8] },
  outputs: { y: ["n", 2, 8, 8] },
  initializers: { v: random([6, 3, 1, 1], 1), w: random([2, 6, 1, 1], 2), s: random([1], 3) },
  nodes: [
    { op: "Conv", inputs: ["x", "v"], outputs: ["c"] },
    { op: "Conv", inputs: ["c", "w"], outputs: ["d"] },
    { op: "Mul", inputs: ["d", "s"], outputs: ["y"] },
  ],
});

/** A measurement that calls a model slower that has fewer of some operator than the other. */
function slowerWithout(op: string, seen: string[] = []): Measure {
  return (without, withRewrites) => {
    const [a, b] = [without, withRewrites].map(({ stats }) => stats.ops[op] ?? 0);
    seen.push(`${a} → ${b}`);
    return Promise.resolve(b < a ? "slower" : "same");
  };
}

Deno.test("fuse() leaves out a rule that is measured to be slower, and says so", async () => {
  const { model, report } = await fuse(BYTES, { measure: slowerWithout("Conv") });
  assertEquals(model.stats.ops, { Conv: 2 });
  assertEquals(report.measured, { "fuse-affine-into-layer": "same", "compose-layers": "slower" });
  const left = report.skipped.filter(({ code }) => code === "measured-slower");
  assertEquals(left.map(({ rule, node }) => [rule, node]), [["compose-layers", "d"]]);
});

Deno.test("fuse() measures every rule that did something, not only those that trade work for work", async () => {
  const { model, report } = await fuse(BYTES, { measure: slowerWithout("Mul") });
  assertEquals(report.measured, { "fuse-affine-into-layer": "slower", "compose-layers": "same" });
  assertEquals(model.stats.ops, { Conv: 1, Mul: 1 });
});

Deno.test("fuse() leaves out by halves the single rewrites that are slower, and keeps the others", async () => {
  const mul = (x: string, s: string, y: string) => ({ op: "Mul", inputs: [x, s], outputs: [y], name: y });
  const conv = (x: string, y: string) => ({ op: "Conv", inputs: [x, "w"], outputs: [y] });
  const links = [0, 1, 2, 3, 4].flatMap((i) => [
    conv(i ? `t${i - 1}` : "x", `c${i}`),
    mul(`c${i}`, `s${i}`, `m${i}`),
    { op: "Tanh", inputs: [`m${i}`], outputs: [`t${i}`] },
  ]);
  const bytes = modelBytes({
    inputs: { x: [1, 3, 4, 4] },
    outputs: { t4: [1, 3, 4, 4] },
    initializers: {
      w: random([3, 3, 1, 1], 2),
      ...Object.fromEntries([0, 1, 2, 3, 4].map((i) => [`s${i}`, random([1], i + 3)])),
    },
    nodes: links,
  });
  const hasThird = (model: Model) => model.graphs().graph.nodes.some(({ name }) => name === "m3");
  const seen: boolean[][] = [];
  const { model, report } = await fuse(bytes, {
    measure: (without, withRewrites) => {
      seen.push([without, withRewrites].map(hasThird));
      return Promise.resolve(hasThird(without) && !hasThird(withRewrites) ? "slower" : "same");
    },
  });
  assertEquals(model.stats.ops, { Conv: 5, Mul: 1, Tanh: 5 });
  assert(hasThird(model));
  assertLess(seen.length, 8);
  assertEquals(report.skipped.filter(({ code }) => code === "measured-slower").map(({ node }) => node), ["m3"]);
});

Deno.test("fuse() keeps a rule that is measured to be anything but slower", async () => {
  for (const verdict of ["faster", "same", "inconclusive"] as const) {
    const { model, report } = await fuse(BYTES, { measure: () => Promise.resolve(verdict) });
    assertEquals(model.stats.ops, { Conv: 1 });
    assertEquals(report.measured, { "fuse-affine-into-layer": verdict, "compose-layers": verdict });
  }
});

Deno.test("fuse() measures nothing where no rule did anything", async () => {
  const { report } = await fuse(BYTES, {
    skip: ["compose-layers", "fuse-affine-into-layer"],
    measure: () => Promise.reject(new Error("must not be called")),
  });
  assertEquals(report.measured, {});
});

Deno.test("fuse() of the front door measures by itself, with the options of compare()", async () => {
  const options = { seconds: 0.2, minRounds: 5, shape: [1, 3, 8, 8], provider: "cpu" };
  const { report } = await fuseAndMeasure(BYTES, { measure: options });
  assertEquals(Object.keys(report.measured!), ["fuse-affine-into-layer", "compose-layers"]);
  assertEquals((await fuseAndMeasure(BYTES, { measure: false })).report.measured, undefined);
});
