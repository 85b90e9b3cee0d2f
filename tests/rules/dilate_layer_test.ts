/** Cells dealt out to batches, convolved, and put back: a dilated convolution. */
import { assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { modelBytes, random, tensor, type TestAttribute, type TestModel, type TestNode } from "../onnx_model.ts";

const INT64 = 7, SWAP = [1, 0, 2, 3];

interface Case {
  opset?: number;
  block?: number;
  size?: [number, number];
  batch?: number | string;
  kernel?: number;
  /** Zeros before and after each axis, and cells cut off there. */
  pads?: [number, number];
  crops?: [number, number];
  padValue?: number;
  attributes?: Record<string, TestAttribute>;
  group?: number;
  mode?: string;
  perms?: [number[], number[]];
}

/** As exporters write it with the batch in the place of channels. */
function model(given: Case = {}): TestModel {
  const { opset = 17, block = 2, size = [6, 8], batch = "n", kernel = 3, group = 1, padValue, mode, attributes } =
    given;
  const { pads: [before, after] = [block, block], crops: [top, bottom] = [0, 0], perms = [SWAP, SWAP] } = given;
  const end = bottom > 0 ? -bottom : 2 ** 31 - 1, isOld = opset < 11, pads = [0, 0, before, before, 0, 0, after, after];
  const transpose = (x: string, y: string, perm = SWAP): TestNode => ({
    op: "Transpose",
    inputs: [x],
    outputs: [y],
    attributes: { perm },
  });
  return {
    opset,
    inputs: { x: perms[0] === SWAP ? [batch, 4, ...size] : [batch, ...size, 4] },
    outputs: { y: null },
    initializers: {
      w: random([6, 4 / group, kernel, kernel], 1),
      b: random([6], 2),
      pads: tensor([8], pads, INT64),
      value: tensor([], [padValue ?? 0]),
      starts: tensor([2], [top, top], INT64),
      ends: tensor([2], [end, end], INT64),
      axes: tensor([2], [2, 3], INT64),
    },
    nodes: [
      transpose("x", "t", perms[0]),
      isOld
        ? { op: "Pad", inputs: ["t"], outputs: ["p"], attributes: { pads } }
        : { op: "Pad", inputs: ["t", "pads", ...padValue === undefined ? [] : ["value"]], outputs: ["p"] },
      { op: "SpaceToDepth", inputs: ["p"], outputs: ["s"], attributes: { blocksize: block } },
      transpose("s", "u"),
      { op: "Conv", inputs: ["u", "w", "b"], outputs: ["c"], attributes: { ...group > 1 && { group }, ...attributes } },
      transpose("c", "v"),
      { op: "DepthToSpace", inputs: ["v"], outputs: ["d"], attributes: { blocksize: block, ...mode && { mode } } },
      opset < 10
        ? {
          op: "Slice",
          inputs: ["d"],
          outputs: ["e"],
          attributes: { starts: [top, top], ends: [end, end], axes: [2, 3] },
        }
        : { op: "Slice", inputs: ["d", "starts", "ends", "axes"], outputs: ["e"] },
      transpose("e", "y", perms[1]),
    ],
  };
}

/** As written with shapes: blocks of different sizes, and known ones only. */
function reshaped(blocks: [number, number], given: { order?: number[]; batch?: number } = {}): TestModel {
  const [rows, columns] = blocks, { order = [3, 5, 0, 1, 2, 4], batch = 2 } = given;
  const [height, width] = [4 * rows, 3 * columns], many = rows * columns * batch;
  const shape = (...dims: number[]) => tensor([dims.length], dims, INT64);
  return {
    inputs: { x: [batch, 4, height, width] },
    outputs: { y: null },
    initializers: {
      apart: shape(batch, 4, 4, rows, 3, columns),
      dealt: shape(many, 4, 4, 3),
      w: random([6, 4, 3, 3], 1),
      back: shape(rows, columns, batch, 6, 4, 3),
      whole: shape(batch, 6, height, width),
    },
    nodes: [
      { op: "Reshape", inputs: ["x", "apart"], outputs: ["a"] },
      { op: "Transpose", inputs: ["a"], outputs: ["t"], attributes: { perm: order } },
      { op: "Reshape", inputs: ["t", "dealt"], outputs: ["u"] },
      { op: "Conv", inputs: ["u", "w"], outputs: ["c"], attributes: { pads: [1, 1, 1, 1] } },
      { op: "Reshape", inputs: ["c", "back"], outputs: ["v"] },
      { op: "Transpose", inputs: ["v"], outputs: ["z"], attributes: { perm: [2, 3, 4, 0, 5, 1] } },
      { op: "Reshape", inputs: ["z", "whole"], outputs: ["y"] },
    ],
  };
}

async function left(test: TestModel) {
  return (await fuse(modelBytes(test))).report.after.ops;
}

Deno.test("fuse() makes a convolution of batches of cells a dilated one", async () => {
  await assertFuses(model(), { Conv: 1 });
  await assertFuses(model({ batch: 3 }), { Conv: 1 });
  await assertFuses(model({ block: 3, size: [9, 6] }), { Conv: 1 });
  await assertFuses(model({ opset: 9 }), { Conv: 1 });
  await assertFuses(model({ kernel: 1, pads: [0, 0] }), { Conv: 1 });
});

Deno.test("fuse() takes over zeros around the image and cells that are cut off", async () => {
  await assertFuses(model({ size: [7, 5], pads: [2, 3], crops: [0, 1] }), { Conv: 1 });
  await assertFuses(model({ pads: [3, 3], crops: [1, 1] }), { Conv: 1 });
  await assertFuses(model({ pads: [4, 0], attributes: { pads: [0, 1, 2, 1] } }), { Conv: 1 });
  await assertFuses(model({ attributes: { auto_pad: "SAME_UPPER" } }), { Conv: 1 });
});

Deno.test("fuse() multiplies dilations, and keeps groups", async () => {
  await assertFuses(model({ size: [12, 12], attributes: { dilations: [2, 1] } }), { Conv: 1 });
  await assertFuses(model({ group: 2 }), { Conv: 1 });
});

Deno.test("fuse() turns images with their channels last around once", async () => {
  const perms: [number[], number[]] = [[3, 0, 1, 2], [1, 2, 3, 0]];
  await assertFuses(model({ perms }), { Conv: 1, Transpose: 2 });
});

Deno.test("fuse() turns images that lie as the batches do", async () => {
  const test = model(), rest = test.nodes.slice(1, -1);
  rest[0].inputs = ["x", ...rest[0].inputs.slice(1)];
  rest.at(-1)!.outputs = ["y"];
  test.inputs!.x = [4, "n", 6, 8];
  await assertFuses({ ...test, nodes: rest }, { Conv: 1, Transpose: 2 });
  const short = rest.slice(1, -1);
  short[0].inputs = ["x"];
  short.at(-1)!.outputs = ["y"];
  await assertFuses({ ...test, nodes: short }, { Conv: 1, Transpose: 2 });
});

Deno.test("fuse() knows the batches in whatever operators they are written", async () => {
  await assertFuses(reshaped([2, 2]), { Conv: 1 });
  await assertFuses(reshaped([2, 3]), { Conv: 1 });
  await assertFuses(reshaped([1, 4], { batch: 1 }), { Conv: 1 });
  const open = reshaped([2, 2]), { initializers, inputs } = open;
  inputs!.x[0] = "n";
  for (const [name, axis] of [["apart", 0], ["dealt", 0], ["back", 2], ["whole", 0]] as const) {
    initializers![name] = tensor(
      initializers![name].dims,
      Array.from(initializers![name].values).with(axis, -1),
      INT64,
    );
  }
  await assertFuses(open, { Conv: 1 });
});

Deno.test("fuse() dilates one layer although others take the same batches", async () => {
  const test = model();
  test.nodes.push({ op: "Relu", inputs: ["u"], outputs: ["z"] });
  test.outputs.z = null;
  assertEquals((await left(test)).DepthToSpace, undefined);
  await assertFuses(test, { Conv: 1, Pad: 1, Relu: 1, SpaceToDepth: 1, Transpose: 2 });
});

Deno.test("fuse() keeps batches of cells in another order", async () => {
  assertEquals((await left(reshaped([2, 2], { order: [5, 3, 0, 1, 2, 4] }))).Reshape, 4);
  assertEquals((await left(model({ mode: "CRD", batch: 2 }))).DepthToSpace, 1);
});

Deno.test("fuse() keeps a convolution with a stride", async () => {
  const test = model({ size: [10, 10], attributes: { strides: [2, 2] } });
  await assertKeeps(test, /c has a stride/);
});

Deno.test("fuse() keeps what cuts off more than is padded", async () => {
  await assertKeeps(
    model({ pads: [0, 0], crops: [1, 1], size: [8, 8] }),
    /more is cut off behind c than a pad in front of it/,
  );
});

Deno.test("fuse() leaves padding with other values than zero where it is", async () => {
  await assertFuses(model({ padValue: 0.5 }), { Conv: 1, Pad: 1, Transpose: 2 });
  const last = model({ padValue: 0.5, perms: [[3, 0, 1, 2], [1, 2, 3, 0]], pads: [2, 2] });
  await assertFuses(last, { Conv: 1, Pad: 1, Transpose: 3 });
});

Deno.test("fuse() keeps a result that something else takes in batches", async () => {
  for (const name of ["c", "v"]) {
    const test = model();
    test.outputs[name] = null;
    assertEquals((await left(test)).DepthToSpace, 1);
  }
});

Deno.test("fuse() leaves a Slice of batch or channels where it is", async () => {
  const test = model({ batch: 3 });
  test.initializers!.axes = tensor([2], [1, 2], INT64); // channels lie first there
  test.initializers!.starts = tensor([2], [0, 0], INT64);
  test.initializers!.ends = tensor([2], [2, 2 ** 31 - 1], INT64);
  await assertFuses(test, { Conv: 1, Slice: 1, Transpose: 2 });
});

Deno.test("fuse() leaves a Slice of channels in front of the batches where it is", async () => {
  for (const batch of [3, "n"]) {
    const test = model({ batch });
    test.inputs!.x = [batch, 6, 6, 8];
    Object.assign(test.initializers!, {
      from: tensor([1], [0], INT64),
      to: tensor([1], [4], INT64),
      axis: tensor([1], [1], INT64),
    });
    test.nodes.unshift({ op: "Slice", inputs: ["x", "from", "to", "axis"], outputs: ["few"] });
    test.nodes[1].inputs = ["few"];
    await assertFuses(test, { Slice: 1, Conv: 1 });
  }
});

Deno.test("fuse() keeps functions of single elements behind the layer, and an image that lies as the batches do", async () => {
  const test = model(), at = test.nodes.findIndex(({ op }) => op === "DepthToSpace");
  test.nodes[at].inputs = ["f"];
  test.nodes.splice(at, 0, { op: "Sigmoid", inputs: ["v"], outputs: ["f"] });
  await assertFuses(test, { Conv: 1, Sigmoid: 1 });
  const twice = model({ size: [8, 8] }), again = model();
  Object.assign(twice.initializers!, { w2: random([4, 6, 3, 3], 5) });
  twice.nodes = [
    ...twice.nodes.slice(0, -1),
    ...again.nodes.slice(1).map(({ inputs, outputs, ...node }): TestNode => ({
      ...node,
      inputs: inputs.map((name) => ({ t: "e", w: "w2", b: "" })[name] ?? (name.length === 1 ? `${name}2` : name)),
      outputs: outputs.map((name) => name === "y" ? name : `${name}2`),
    })),
  ];
  await assertFuses(twice, { Conv: 2 });
});

Deno.test("fuse() keeps what mixes elements between the layer and its cells' way back", async () => {
  const test = model(), at = test.nodes.findIndex(({ op }) => op === "DepthToSpace");
  test.nodes[at].inputs = ["f"];
  test.nodes.splice(at, 0, { op: "Softmax", inputs: ["v"], outputs: ["f"] });
  assertEquals((await left(test)).DepthToSpace, 1);
});

Deno.test("fuse() keeps images of unknown size", async () => {
  const test = model();
  test.inputs!.x = ["n", 4, "h", "w"];
  assertEquals((await left(test)).DepthToSpace, 1);
});

Deno.test("fuse() counts the arithmetic of every batch of cells, although the number of images is open", async () => {
  const costs = async (batch: number | string) => {
    const { applied } = await assertFuses(model({ batch }), { Conv: 1 });
    const { before, after } = applied.find(({ rule }) => rule === "dilate-layer")!;
    return [before?.macs, after?.macs];
  };
  assertEquals(await costs("n"), await costs(1));
});
