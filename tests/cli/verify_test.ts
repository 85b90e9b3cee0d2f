import { assertEquals, assertLess, assertMatch } from "@std/assert";
import { float32Run, inFloat32, narrowTypeOf } from "../../src/cli/float32_run.ts";
import { verify } from "../../src/cli/verify.ts";
import { fuse, open } from "../../src/fusion/mod.ts";
import { modelBytes, random, randomIn, tensor, type TestModel } from "../onnx_model.ts";
import { inFolder } from "./run_cli.ts";

const FLOAT16 = 10;

const scaled = (scale: number, weight: number, nodes: TestModel["nodes"]): TestModel => {
  const { dims, values } = random([4, 3, 3, 3], 1);
  return {
    inputs: { x: [1, 3, 6, 6] },
    outputs: { y: [1, 4, 4, 4] },
    types: { x: FLOAT16, y: FLOAT16 },
    initializers: {
      w: { dims, type: FLOAT16, values: Float64Array.from(values, (value) => value * weight) },
      s: tensor([], [scale], FLOAT16),
    },
    nodes,
  };
};

const conv = (y: string) => ({ op: "Conv", inputs: ["x", "w"], outputs: [y] });
const mul = { op: "Mul", inputs: ["c", "s"], outputs: ["y"] };

Deno.test("verify() holds float16 models against a float32 run of the original's graph, and says so", async () => {
  const before = await open(modelBytes(scaled(0.7, 1, [conv("c"), mul])));
  const { model } = await fuse(before);
  assertEquals(model.ops, { Conv: 1 });
  const { isSame, sentence } = await verify(before, model);
  assertEquals(isSame, true);
  assertMatch(
    sentence,
    /^verify: relative L2 error \d\.\d\de-4 to a float32 run of the original's graph \(the original: \d\.\d\de-4\), within 0\.01$/,
  );
});

Deno.test("verify() refuses float16 weights that lost their digits, which the runtime's own optimizations do too", async () => {
  const louder = { op: "Mul", inputs: ["x", "h"], outputs: ["l"] };
  const model = (weight: number, nodes: TestModel["nodes"]) => {
    const quiet = scaled(2 ** -20, weight, [louder, { ...conv("c"), inputs: ["l", "w"] }, ...nodes]);
    return open(modelBytes({ ...quiet, initializers: { ...quiet.initializers, h: tensor([], [256], FLOAT16) } }));
  };
  const before = await model(1, [mul]);
  const after = await model(2 ** -20, [{ op: "Identity", inputs: ["c"], outputs: ["y"] }]);
  const { isSame, sentence } = await verify(before, after);
  assertEquals(isSame, false);
  assertMatch(
    sentence,
    /the relative L2 error is \d\.\d\de-2 \(output y.*; the original makes \d\.\d\de-4 of it\), above 0\.01/,
  );
});

Deno.test("verify() takes the original itself where that is far from a float32 run", async () => {
  const before = await open(modelBytes(scaled(65000, 1, [conv("c"), mul])));
  const { isSame, sentence } = await verify(before, before);
  assertEquals(isSame, true);
  assertMatch(
    sentence,
    /0\.00e\+0 to the original, which is itself infinitely far from a float32 run of its graph, within 0\.01\./,
  );
});

Deno.test("verify() knows a model that computes in float16 behind float32 inputs and outputs", async () => {
  const mixed = (nodes: TestModel["nodes"], weight = 1) =>
    open(modelBytes({
      ...scaled(0.3, weight, [
        { op: "Cast", inputs: ["x"], outputs: ["h"], attributes: { to: FLOAT16 } },
        ...nodes.map((node) => ({ ...node, inputs: node.inputs.map((name) => name === "x" ? "h" : name) })),
        { op: "Cast", inputs: ["z"], outputs: ["y"], attributes: { to: 1 } },
      ]),
      types: {},
    }));
  const before = await mixed([conv("c"), { ...mul, outputs: ["z"] }]);
  assertEquals(narrowTypeOf(before), "float16");
  assertMatch((await verify(before, await mixed([conv("z")], 0.3))).sentence, /to a float32 run .*, within 0\.01$/);
});

Deno.test("verify() excuses nothing beyond ten times the tolerance, whatever the runtime's optimizations do", async () => {
  // what is normalised is the small difference of large numbers
  const before = await open(modelBytes({
    inputs: { x: [1, 3, 6, 6] },
    outputs: { y: [1, 4, 4, 4] },
    initializers: {
      w: random([4, 3, 3, 3], 1),
      b: tensor([4], [2e4, 2e4, 2e4, 2e4]),
      scale: randomIn(0.5, 1, [4], 2),
      shift: tensor([4], [0, 0, 0, 0]),
      mean: tensor([4], [2e4, 2e4, 2e4, 2e4]),
      variance: tensor([4], [1, 1, 1, 1]),
    },
    nodes: [
      { op: "Conv", inputs: ["x", "w", "b"], outputs: ["c"] },
      { op: "BatchNormalization", inputs: ["c", "scale", "shift", "mean", "variance"], outputs: ["y"] },
    ],
  }));
  const { model } = await fuse(before);
  const { isSame, sentence } = await verify(before, model);
  assertEquals(isSame, false);
  assertMatch(
    sentence,
    /ONNX Runtime's own optimizations make \d\.\d\de-4 of it\), above 0\.00001: nothing was written$/,
  );
});

Deno.test("a float32 run computes with the same weights, wherever the graph keeps or names the narrow type", async () => {
  await inFolder(async (folder) => {
    const model = await open(modelBytes({
      ...scaled(0.5, 1, [
        { op: "Norm", domain: "own", inputs: ["x", "w"], outputs: ["c"] },
        {
          op: "ConstantOfShape",
          inputs: ["n"],
          outputs: ["ones"],
          attributes: { value: { tensor: tensor([1], [2], FLOAT16) } },
        },
        { op: "Cast", inputs: ["c"], outputs: ["d"], attributes: { to: FLOAT16 } },
        { op: "Mul", inputs: ["d", "ones"], outputs: ["y"] },
      ]),
      initializers: { w: random([4, 3, 3, 3], 1, FLOAT16), n: tensor([1], [1], 7) },
      valueInfo: { c: [1, 4, 4, 4] },
      types: { x: FLOAT16, y: FLOAT16, c: FLOAT16, n: 7 },
      opsets: { own: 1 },
      functions: [{
        name: "Norm",
        domain: "own",
        inputs: ["a", "k"],
        outputs: ["b"],
        nodes: [{ op: "Conv", inputs: ["a", "k"], outputs: ["b"] }],
      }],
    }));
    const { dims, values } = random([1, 3, 6, 6], 9);
    const x = { type: "float16", dims, data: Float16Array.from(values) };
    const wide = await float32Run(model, { x }, folder, {});
    const [w] = [Float16Array.from(random([4, 3, 3, 3], 1).values)];
    let first = 0; // the first element of the convolution, times two
    for (let c = 0; c < 3; c++) {
      for (let i = 0; i < 3; i++) {
        for (let j = 0; j < 3; j++) first += 2 * w[c * 9 + i * 3 + j] * x.data[c * 36 + i * 6 + j];
      }
    }
    assertEquals([wide!.y.type, inFloat32({ x }).x.type], ["float32", "float32"]);
    assertLess(Math.abs(wide!.y.data[0] as number - first), 1e-5);
  });
});
