/** Convolutions in small groups, in larger ones with zeros. */
import { assertEquals } from "@std/assert";
import { fuse, type FuseOptions } from "../../src/fusion/mod.ts";
import { modelBytes, random, type TestModel } from "../onnx_model.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { asRun, assertForCpuAlone, CPU } from "./cpu_kernels.ts";

const NAMED: FuseOptions = { ...CPU, rules: ["join-groups"], allowGrowth: true };

function model({ channels = 32, out = 32, group = 8, rank = 4 } = {}): TestModel {
  const spatial = new Array<number>(rank - 2).fill(6);
  return {
    inputs: { x: ["n", channels, ...spatial] },
    outputs: { y: null },
    initializers: { w: random([out, channels / group, ...spatial.map(() => 3)], 1), b: random([out], 2) },
    nodes: [{ op: "Conv", inputs: ["x", "w", "b"], outputs: ["y"], attributes: { group } }],
  };
}

const KEPT = { Conv: 1 };

async function assertLeft(given: TestModel, options: FuseOptions): Promise<void> {
  assertEquals((await fuse(modelBytes(given), options)).report.applied, []);
}

Deno.test("fuse() joins small groups to groups of whole blocks where the rule is named", async () => {
  for (
    const given of [{}, { channels: 64, out: 32, group: 4 }, { channels: 64, out: 64, group: 32 }, {
      channels: 32,
      out: 128,
      group: 16,
    }]
  ) {
    await assertFuses(model(given), KEPT, { options: NAMED, tolerance: 1e-6 });
    assertEquals((await fuse(modelBytes(model(given)), NAMED)).report.applied.length, 1, JSON.stringify(given));
  }
});

Deno.test("ONNX Runtime runs the larger groups in its blocked layout, which it does not the small ones", async () => {
  assertEquals((await asRun(model(), NAMED))["nchwc.Conv"], 1);
});

Deno.test("fuse() keeps groups where the rule is neither named nor measured, and for every other runtime", async () => {
  await assertLeft(model(), { ...CPU, allowGrowth: true });
  await assertForCpuAlone(model(), "join-groups", KEPT);
});

Deno.test("fuse() keeps groups that would make the file larger, unless it may grow", async () => {
  await assertKeeps(model(), /file would grow/, { options: { ...NAMED, allowGrowth: false } });
});

Deno.test("fuse() keeps depthwise layers, whole blocks, one group and 1-D layers as they are", async () => {
  for (const given of [{ group: 32 }, { channels: 64, out: 64, group: 4 }, { group: 1 }, { rank: 3 }]) {
    await assertLeft(model(given), NAMED);
  }
});

Deno.test("fuse() keeps groups of a Conv that pads by itself, of an image of open size", async () => {
  const given = model();
  given.inputs = { x: ["n", 32, "h", "w"] };
  given.nodes[0].attributes = { group: 8, auto_pad: "SAME_UPPER", strides: [2, 2] };
  await assertKeeps(given, /auto_pad/, { options: NAMED });
});

Deno.test("fuse() keeps groups of which no few fill blocks", async () => {
  for (const given of [{ channels: 24, out: 24, group: 8 }, { channels: 32, out: 16, group: 16 }]) {
    await assertKeeps(model(given), /fill blocks/, { options: NAMED });
  }
});
