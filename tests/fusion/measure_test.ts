import { assertEquals } from "@std/assert";
import { fuse as fuseAndMeasure } from "../../mod.ts";
import { fuse } from "../../src/fusion/mod.ts";
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

Deno.test("fuse() leaves out an optional rule that is measured to be slower, and says so", async () => {
  const seen: number[][] = [];
  const { model, report } = await fuse(BYTES, {
    measure: (without, withRule) => {
      seen.push([without.stats.nodes, withRule.stats.nodes]);
      return Promise.resolve("slower");
    },
  });
  assertEquals(seen, [[2, 1]]);
  assertEquals(model.stats.ops, { Conv: 2 });
  assertEquals(report.measured, { "compose-layers": "slower" });
  assertEquals(report.skipped.at(-1)?.reason, "it was measured here and made the model slower");
});

Deno.test("fuse() keeps an optional rule that is measured to be anything but slower", async () => {
  for (const verdict of ["faster", "same", "inconclusive"] as const) {
    const { model, report } = await fuse(BYTES, { measure: () => Promise.resolve(verdict) });
    assertEquals(model.stats.ops, { Conv: 1 });
    assertEquals(report.measured, { "compose-layers": verdict });
  }
});

Deno.test("fuse() measures nothing where no optional rule did anything", async () => {
  const { report } = await fuse(BYTES, {
    skip: ["compose-layers"],
    measure: () => Promise.reject(new Error("must not be called")),
  });
  assertEquals(report.measured, {});
});

Deno.test("fuse() of the front door measures by itself, with the options of compare()", async () => {
  const options = { seconds: 0.2, minRounds: 5, shape: [1, 3, 8, 8], provider: "cpu" };
  const { report } = await fuseAndMeasure(BYTES, { measure: options });
  assertEquals(Object.keys(report.measured!), ["compose-layers"]);
  assertEquals((await fuseAndMeasure(BYTES, { measure: false })).report.measured, undefined);
});
