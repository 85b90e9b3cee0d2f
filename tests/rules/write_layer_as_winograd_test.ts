/** 3×3 convolutions by Winograd's transforms, where that is asked for. */
import { assertEquals } from "@std/assert";
import { fuse, type FuseOptions } from "../../src/fusion/mod.ts";
import { modelBytes, random, randomIn, type TestAttribute, type TestModel } from "../onnx_model.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { asRun, assertForCpuAlone, CPU } from "./cpu_kernels.ts";

const RULE = "write-layer-as-winograd", NAMED: FuseOptions = { ...CPU, rules: [RULE] };

interface Case {
  channels?: number;
  out?: number;
  kernel?: number;
  group?: number;
  size?: (number | string)[];
  attributes?: Record<string, TestAttribute>;
  bias?: boolean;
  opset?: number;
}

function model(
  {
    channels = 128,
    out = 128,
    kernel = 3,
    group = 1,
    size = [14, 14],
    attributes = { pads: [1, 1, 1, 1] },
    bias = true,
    opset = 13,
  }: Case = {},
): TestModel {
  return {
    opset,
    inputs: { x: [1, channels, ...size] },
    outputs: { y: null },
    initializers: {
      w: randomIn(-0.1, 0.1, [out, channels / group, kernel, kernel], 1),
      ...bias && { b: random([out], 2) },
    },
    nodes: [
      {
        op: "Conv",
        inputs: ["x", "w", ...bias ? ["b"] : []],
        outputs: ["y"],
        name: "wide",
        attributes: { group, ...attributes },
      },
    ],
  };
}

// 16 tiles and 16 products, 16 sums and 6 changes of sign for columns (8 and 4) and rows, as in Aᵀ·M·A
const WRITTEN = { Conv: 38, Add: 24, Concat: 1, DepthToSpace: 1 };

Deno.test("fuse() writes a wide 3×3 Conv by Winograd's transforms where the rule is named", async () => {
  for (const given of [{}, { bias: false, opset: 17 }, { out: 144, size: [14, 20] }]) {
    await assertFuses(model(given), WRITTEN, { options: NAMED, tolerance: 2e-6 });
  }
  for (const attributes of [{ pads: [0, 0, 0, 0] }, { pads: [0, 2, 2, 0] }]) {
    await assertFuses(model({ attributes, size: [16, 16] }), WRITTEN, { options: NAMED, tolerance: 2e-6 });
  }
});

Deno.test("ONNX Runtime runs the transforms on blocks: nothing but convolutions, sums and one join", async () => {
  const ran = await asRun(model(), NAMED), others = Object.keys(ran).filter((name) => !name.startsWith("nchwc."));
  assertEquals(others.filter((name) => !["Add", "Concat", "DepthToSpace"].includes(name)), []);
});

Deno.test("fuse() keeps a wide Conv where the rule is neither named nor measured, and for every other runtime", async () => {
  assertEquals((await fuse(modelBytes(model()), CPU)).report.applied, []);
  await assertForCpuAlone(model(), RULE, { Conv: 1 });
});

Deno.test("--measure tries the transforms and leaves them out where they are slower", async () => {
  const tried: number[] = [];
  const { report } = await fuse(modelBytes(model()), {
    ...CPU,
    measure: (_without, { stats }) => {
      tried.push(stats.nodes);
      return Promise.resolve("slower");
    },
  });
  assertEquals([tried.length > 0, report.after.ops, report.measured?.[RULE]], [true, { Conv: 1 }, "slower"]);
});

Deno.test("fuse() keeps a Conv of another kernel, stride or dilation, or in groups", async () => {
  for (
    const given of [{ kernel: 5 }, { attributes: { strides: [2, 2] } }, { attributes: { dilations: [2, 2] } }, {
      group: 2,
    }] as Case[]
  ) await assertKeeps(model(given), /no 3×3 convolution at stride 1/, { options: NAMED });
});

Deno.test("fuse() keeps a Conv of few channels, or that fill no blocks", async () => {
  for (const given of [{ channels: 64 }, { out: 112 }, { channels: 136 }]) {
    await assertKeeps(model(given), /or no blocks/, { options: NAMED });
  }
});

Deno.test("fuse() keeps a Conv whose height or width is odd or not known", async () => {
  for (const size of [[15, 14], [14, 15], ["h", 14]]) {
    await assertKeeps(model({ size }), /even height and width/, { options: NAMED });
  }
});

Deno.test("fuse() keeps a Conv of few positions", async () => {
  await assertKeeps(model({ size: [12, 14] }), /too few/, { options: NAMED });
});
