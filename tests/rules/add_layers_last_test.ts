/** Sums of convolutions and other images, in the order in which each convolution adds as it stores its result. */
import { assertEquals, assertLess } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { feedsFor, modelBytes, random, relativeL2, run, type TestModel, type TestNode } from "../onnx_model.ts";

interface Case {
  channels?: number;
  size?: (number | string)[];
  shortcut?: (number | string)[];
  isInBlocks?: boolean;
}

/** Two convolutions, a shortcut x in blocks and what is made of them. */
function model(
  sums: TestNode[],
  { channels = 16, size = [6, 6], shortcut = [1, channels, ...size], isInBlocks = true }: Case = {},
) {
  const layer = (name: string): TestNode => ({
    op: "Conv",
    inputs: [`${name}0`, name],
    outputs: [`${name}1`],
    attributes: { pads: [1, 1, 1, 1] },
  });
  const before: TestNode[] = ["a", "b"].map((name) => ({ op: "Sigmoid", inputs: [`${name}x`], outputs: [`${name}0`] }));
  return {
    inputs: { ax: [1, channels, ...size], bx: [1, channels, ...size], c0: shortcut },
    outputs: { y: null },
    initializers: Object.fromEntries(
      ["a", "b", "c"].map((name, seed) => [name, random([channels, channels, 3, 3], seed)]),
    ),
    nodes: [
      ...before,
      layer("a"),
      layer("b"),
      ...isInBlocks ? [layer("c")] : [],
      { op: "Relu", inputs: [isInBlocks ? "c1" : "c0"], outputs: ["x"] },
      { op: "Sigmoid", inputs: ["x"], outputs: ["z"] },
      ...sums,
    ],
  } as TestModel;
}

const add = (a: string, b: string, sum: string, op = "Add"): TestNode => ({ op, inputs: [a, b], outputs: [sum] });
const RELU: TestNode = { op: "Relu", inputs: ["s"], outputs: ["y"] };
/** (a + b) + x. */
const SHORTCUT_LAST = [add("a1", "b1", "t"), add("t", "x", "s"), RELU];

/** What each addition adds, in order, by the operators that made it ("" for an input); the results are compared. */
async function sums(test: TestModel): Promise<string[]> {
  const bytes = modelBytes(test), { model: fused } = await fuse(bytes), feeds = feedsFor(test);
  assertLess(relativeL2(await run(bytes, feeds), await run(await fused.bytes(), feeds)), 2e-6);
  const maker = new Map(fused.nodes.flatMap(({ opType, outputs }) => outputs.map((name) => [name, opType])));
  return fused.nodes.filter(({ opType }) => /^(Add|Sub)$/.test(opType))
    .map(({ inputs }) => inputs.map((name) => maker.get(name) ?? "").join(" + "));
}

const LAST = ["Conv + Conv", "Add + Relu"], FIRST = ["Relu + Conv", "Add + Conv"];

Deno.test("fuse() adds a shortcut before the branches", async () => {
  assertEquals(await sums(model(SHORTCUT_LAST)), FIRST);
  const right = [add("a1", "b1", "t"), add("x", "t", "s"), RELU];
  assertEquals(await sums(model(right)), FIRST);
});

Deno.test("fuse() adds a layer last where an activation follows the sum", async () => {
  const twice = [add("a1", "x", "t"), add("t", "z", "s"), RELU];
  assertEquals((await sums(model(twice))).at(-1), "Add + Conv");
  const plain = [add("a1", "x", "t"), add("t", "z", "y")];
  assertEquals((await sums(model(plain))).at(-1), "Add + Sigmoid");
});

Deno.test("fuse() leaves additions of which each has a layer", async () => {
  assertEquals(await sums(model([add("x", "a1", "t"), add("t", "b1", "s"), RELU])), FIRST);
  assertEquals(await sums(model([add("b1", "a1", "s"), RELU])), ["Conv + Conv"]);
});

Deno.test("fuse() leaves a sum of convolutions that do not run on blocks", async () => {
  assertEquals(await sums(model(SHORTCUT_LAST, { channels: 10 })), LAST);
});

Deno.test("fuse() adds a shortcut first where height and width are open", async () => {
  const { model: fused } = await fuse(modelBytes(model(SHORTCUT_LAST, { size: ["h", "w"] })));
  const add = fused.nodes.find(({ opType }) => opType === "Add")!;
  assertEquals(add.inputs.includes("x"), true);
});

Deno.test("fuse() leaves a sum with a term that is not made in blocks, which would have to be put there", async () => {
  assertEquals(await sums(model(SHORTCUT_LAST, { isInBlocks: false })), LAST);
});

Deno.test("fuse() leaves a sum with a term of another shape", async () => {
  assertEquals(await sums(model(SHORTCUT_LAST, { shortcut: [1, 16, 1, 1] })), LAST);
});

Deno.test("fuse() leaves a sum whose inner result something else takes", async () => {
  const test = model(SHORTCUT_LAST);
  test.outputs.t = [null, null, null, null];
  assertEquals(await sums(test), LAST);
});

Deno.test("fuse() leaves a convolution whose result something else takes where it was added", async () => {
  const test = model(SHORTCUT_LAST);
  test.outputs.a1 = [null, null, null, null];
  test.outputs.b1 = [null, null, null, null];
  assertEquals(await sums(test), LAST);
});

Deno.test("fuse() leaves a difference", async () => {
  const difference = [add("a1", "b1", "t"), add("x", "t", "s", "Sub"), RELU];
  assertEquals(await sums(model(difference)), ["Conv + Conv", "Relu + Add"]);
});

Deno.test("fuse() leaves an Add that broadcasts as it did before opset 7", async () => {
  const before: TestNode = { op: "Add", inputs: ["t", "x"], outputs: ["y"], attributes: { broadcast: 1, axis: 1 } };
  const test = { ...model([add("a1", "b1", "t"), before], { shortcut: [16] }), opset: 6 };
  const { report } = await fuse(modelBytes(test));
  assertEquals(report.applied.filter(({ rule }) => rule === "add-layers-last"), []);
});
