import { assertEquals } from "@std/assert";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { random, randomIn, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";

type Attributes = TestNode["attributes"];

/** One layer after another: operator, weight shape, attributes, bias length. */
interface Layer {
  op: "Conv" | "ConvTranspose" | "Gemm" | "MatMul";
  weight: number[];
  bias?: number;
  attributes?: Attributes;
}

/** The layers one after the other on an input of this shape. */
function chain(x: (number | string | null)[], ...layers: Layer[]): TestModel {
  const initializers: Record<string, TestTensor> = {};
  const nodes = layers.map(({ op, weight, bias, attributes }, index): TestNode => {
    initializers[`w${index}`] = random(weight, 2 * index + 1);
    if (bias) initializers[`b${index}`] = random([bias], 2 * index + 2);
    return {
      op,
      inputs: [index === 0 ? "x" : `h${index - 1}`, `w${index}`, ...bias ? [`b${index}`] : []],
      outputs: [index === layers.length - 1 ? "y" : `h${index}`],
      attributes,
    };
  });
  const rank = layers[0].op === "Conv" || layers[0].op === "ConvTranspose" ? layers[0].weight.length : x.length;
  return { nodes, initializers, inputs: { x }, outputs: { y: Array(rank).fill(null) } };
}

const IMAGE = ["n", 3, 9, 9];

Deno.test("fuse() composes a 1×1 Conv and the k×k Conv after it, padded or not", async () => {
  const first: Layer = { op: "Conv", weight: [6, 3, 1, 1] };
  const report = await assertFuses(
    chain(IMAGE, first, { op: "Conv", weight: [4, 6, 3, 3], bias: 4, attributes: { pads: [1, 1, 1, 1] } }),
    { Conv: 1 },
  );
  const [applied] = report.applied;
  assertEquals([applied.rule, applied.before!.macs, applied.after!.macs], [
    "compose-layers",
    81 * 6 * 3 + 81 * 4 * 6 * 9,
    81 * 4 * 3 * 9,
  ]);
  await assertFuses(chain(IMAGE, { ...first, bias: 6 }, { op: "Conv", weight: [4, 6, 3, 3] }), { Conv: 1 });
});

Deno.test("fuse() composes a k×k Conv, padded, strided, dilated, and the 1×1 Conv after it", async () => {
  const next: Layer = { op: "Conv", weight: [2, 6, 1, 1], bias: 2 };
  for (
    const attributes of [{ pads: [1, 1, 1, 1] }, { strides: [2, 2], pads: [0, 1, 1, 0] }, { dilations: [2, 2] }, {
      auto_pad: "SAME_UPPER",
      strides: [2, 2],
    }] as Attributes[]
  ) {
    await assertFuses(chain(IMAGE, { op: "Conv", weight: [6, 3, 3, 3], bias: 6, attributes }, next), { Conv: 1 });
  }
});

Deno.test("fuse() composes general kernels where the second is unpadded: the strides multiply", async () => {
  const strided: Layer[] = [
    { op: "Conv", weight: [12, 3, 2, 2], bias: 12, attributes: { strides: [2, 2] } },
    { op: "Conv", weight: [1, 12, 2, 2], bias: 1, attributes: { strides: [2, 2] } },
  ];
  for (const size of [9, 14, 15, 16]) await assertFuses(chain(["n", 3, size, size], ...strided), { Conv: 1 });
  const padded: Layer[] = [
    { op: "Conv", weight: [9, 3, 1, 1], attributes: { strides: [2, 2] } },
    { op: "Conv", weight: [2, 9, 3, 3], attributes: { pads: [1, 1, 1, 1], strides: [2, 2] } },
  ];
  for (const size of [14, 15, 16, 17]) await assertFuses(chain(["n", 3, size, size], ...padded), { Conv: 1 });
});

Deno.test("fuse() composes depthwise convolutions, and grouped ones", async () => {
  await assertFuses(
    chain(
      ["n", 4, 9],
      { op: "Conv", weight: [4, 1, 2], bias: 4, attributes: { group: 4 } },
      { op: "Conv", weight: [4, 1, 2], bias: 4, attributes: { group: 4 } },
    ),
    { Conv: 1 },
  );
  await assertFuses(
    chain(
      ["n", 4, 9, 9],
      { op: "Conv", weight: [8, 2, 1, 1], bias: 8, attributes: { group: 2 } },
      { op: "Conv", weight: [6, 4, 3, 3], bias: 6, attributes: { group: 2 } },
    ),
    { Conv: 1 },
  );
  await assertFuses(
    chain(
      ["n", 4, 9, 9],
      { op: "Conv", weight: [8, 1, 1, 1], attributes: { group: 4 } },
      { op: "Conv", weight: [6, 4, 3, 3], attributes: { group: 2, pads: [1, 1, 1, 1] } },
    ),
    { Conv: 1 },
  );
});

Deno.test("fuse() composes chains of Gemm and MatMul, biases between them included", async () => {
  await assertFuses(
    chain(["n", 4], { op: "Gemm", weight: [8, 4], bias: 8, attributes: { transB: 1, alpha: { float: 2 } } }, {
      op: "Gemm",
      weight: [8, 3],
      bias: 3,
      attributes: { beta: { float: 0.5 } },
    }),
    { Gemm: 1 },
  );
  const model = chain(["n", 5, 4], { op: "MatMul", weight: [4, 8] }, { op: "MatMul", weight: [8, 3] });
  await assertFuses(model, { MatMul: 1 });
  model.initializers!.b = random([8], 9);
  model.nodes = [
    model.nodes[0],
    { op: "Add", inputs: ["h0", "b"], outputs: ["hb"] },
    { ...model.nodes[1], inputs: ["hb", "w1"] },
  ];
  await assertFuses(model, { MatMul: 1, Add: 1 });
});

Deno.test("fuse() composes three layers into one", async () => {
  const layers: Layer[] = [
    { op: "Conv", weight: [6, 3, 1, 1], bias: 6 },
    { op: "Conv", weight: [6, 6, 3, 3], bias: 6 },
    { op: "Conv", weight: [3, 6, 1, 1], bias: 3 },
  ];
  await assertFuses(chain(IMAGE, ...layers), { Conv: 1 });
});

Deno.test("fuse() composes a ConvTranspose and a 1×1 Conv, in both orders", async () => {
  const up: Layer = {
    op: "ConvTranspose",
    weight: [3, 6, 2, 2],
    bias: 6,
    attributes: { strides: [2, 2] },
  };
  await assertFuses(chain(IMAGE, up, { op: "Conv", weight: [2, 6, 1, 1], bias: 2 }), { ConvTranspose: 1 });
  await assertFuses(chain(["n", 3, "h", "w"], up, { op: "Conv", weight: [2, 6, 1, 1] }), { ConvTranspose: 1 });
  const padded = { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] };
  await assertFuses(
    chain(IMAGE, { op: "Conv", weight: [8, 3, 1, 1] }, {
      op: "ConvTranspose",
      weight: [8, 4, 3, 3],
      bias: 4,
      attributes: padded,
    }),
    { ConvTranspose: 1 },
  );
});

Deno.test("fuse() does not compose a biased 1×1 Conv and a ConvTranspose: its cells are not seen equally often", async () => {
  const model = chain(IMAGE, { op: "Conv", weight: [8, 3, 1, 1], bias: 8 }, {
    op: "ConvTranspose",
    weight: [8, 4, 3, 3],
    attributes: { strides: [2, 2] },
  });
  await assertKeeps(model, /h0 has a bias, and the cells of the result of y see different numbers/);
});

Deno.test("fuse() keeps a bottleneck and says what one layer would take", async () => {
  const model = chain(IMAGE, { op: "Conv", weight: [2, 3, 1, 1] }, { op: "Conv", weight: [16, 2, 1, 1] });
  await assertKeeps(model, /one layer for h0, y would take 48 multiply-accumulates .* apart they take 38/);
});

Deno.test("fuse() keeps a depthwise Conv before a pointwise one", async () => {
  const model = chain(
    ["n", 4, 9, 9],
    { op: "Conv", weight: [4, 1, 3, 3], attributes: { group: 4 } },
    { op: "Conv", weight: [8, 4, 1, 1] },
  );
  await assertKeeps(model, /would take 288 multiply-accumulates for each position of its result, apart they take 68/);
});

Deno.test("fuse() does not compose where the second Conv pads and the first is more than a tap, or has a bias", async () => {
  const next: Layer = { op: "Conv", weight: [2, 12, 3, 3], attributes: { pads: [1, 1, 1, 1] } };
  await assertKeeps(
    chain(IMAGE, { op: "Conv", weight: [12, 3, 2, 2] }, next),
    /y pads the result of h0 with zeros, and a kernel that does the work of both would see the input there/,
  );
  await assertKeeps(
    chain(IMAGE, { op: "Conv", weight: [12, 3, 1, 1], bias: 12 }, next),
    /y pads the result of h0 with zeros, and its bias would have to end at that border/,
  );
});

Deno.test("fuse() does not compose layers whose middle is used elsewhere", async () => {
  const model = chain(IMAGE, { op: "Conv", weight: [6, 3, 1, 1] }, { op: "Conv", weight: [2, 6, 1, 1] });
  model.outputs.h0 = [null, null, null, null];
  await assertKeeps(model, /'h0', which would disappear, is a graph output/);
  delete model.outputs.h0;
  model.nodes.push({ op: "Relu", inputs: ["h0"], outputs: ["z"] });
  model.outputs.z = [null, null, null, null];
  await assertKeeps(model, /'h0', which would disappear, is used more than once/);
});

/** The layers, with the shape of one result in between as an output. */
function asked(value: string, x: (number | string)[], ...layers: Layer[]): TestModel {
  const model = chain(x, ...layers);
  model.nodes.push({ op: "Shape", inputs: [value], outputs: ["z"] });
  return { ...model, outputs: { ...model.outputs, z: [null] }, types: { z: 7 } };
}

Deno.test("fuse() composes layers of whose middle only the shape is asked for, where the input has the same", async () => {
  await assertFuses(asked("h0", ["n", "l", 4], { op: "MatMul", weight: [4, 4] }, { op: "MatMul", weight: [4, 2] }), {
    MatMul: 1,
    Shape: 1,
  });
  const same: Layer = { op: "Conv", weight: [3, 3, 3, 3], attributes: { pads: [1, 1, 1, 1] } };
  await assertFuses(asked("h0", ["n", 3, "h", "w"], same, { op: "Conv", weight: [1, 3, 1, 1] }), { Conv: 1, Shape: 1 });
});

Deno.test("fuse() does not compose layers whose middle's shape is asked for and no other has", async () => {
  const product = (...weight: number[]): Layer => ({ op: "MatMul", weight });
  await assertKeeps(asked("h0", ["n", 4], product(4, 3), product(3, 2)), /'h0', which would disappear, is used more/);
  // the middle of the three has the shape of what is before it, and not that of the input
  const three = asked("h1", ["n", 8], product(8, 4), product(4, 4), product(4, 2));
  await assertFuses(three, { MatMul: 2, Shape: 1 });
});

Deno.test("fuse() does not compose layers with an activation between them", async () => {
  const model = chain(IMAGE, { op: "Conv", weight: [6, 3, 1, 1] }, { op: "Conv", weight: [2, 6, 1, 1] });
  model.nodes.splice(1, 0, { op: "Relu", inputs: ["h0"], outputs: ["r"] });
  model.nodes[2].inputs[0] = "r";
  await assertFuses(model, { Conv: 2, Relu: 1 });
});

Deno.test("fuse() composes an enlarging pair of unknown size only where it is asked to be aggressive", async () => {
  const layers: Layer[] = [
    { op: "Conv", weight: [11, 20, 1, 1] },
    { op: "Conv", weight: [20, 11, 1, 1], attributes: { pads: [1, 1, 1, 1] } },
  ];
  await assertFuses(chain(["n", 20, 30, 30], ...layers), { Conv: 1 }); // below 20×20 the padded border outweighs the rest
  await assertKeeps(chain(["n", 20, 12, 12], ...layers), /multiply-accumulates/);
  const unknown = chain(["n", 20, null, null], ...layers);
  await assertKeeps(unknown, /depends on shapes that the model does not say \(the option aggressive does it anyway\)/);
  await assertFuses(unknown, { Conv: 1 }, { options: { aggressive: true } });
});

Deno.test("fuse() composes after it has folded a BatchNormalization between two layers", async () => {
  const model = chain(IMAGE, { op: "Conv", weight: [6, 3, 1, 1] }, { op: "Conv", weight: [2, 6, 3, 3] });
  Object.assign(model.initializers!, {
    g: randomIn(0.5, 1.5, [6], 11),
    b: random([6], 12),
    m: random([6], 13),
    v: randomIn(0.5, 1.5, [6], 14),
  });
  model.nodes.splice(1, 0, { op: "BatchNormalization", inputs: ["h0", "g", "b", "m", "v"], outputs: ["n"] });
  model.nodes[2].inputs[0] = "n";
  await assertFuses(model, { Conv: 1 });
});

Deno.test("fuse() does not pull a layer of an outer graph into a subgraph", async () => {
  const model = chain(IMAGE, { op: "Conv", weight: [6, 3, 1, 1] }, { op: "Conv", weight: [2, 6, 1, 1] });
  const [first, second] = model.nodes;
  const branch = (nodes: TestNode[], y: string) => ({ graph: { nodes, outputs: { [y]: null } } });
  model.nodes = [first, {
    op: "If",
    inputs: ["condition"],
    outputs: ["y"],
    attributes: {
      then_branch: branch([{ ...second, outputs: ["t"] }], "t"),
      else_branch: branch([{ ...second, outputs: ["e"] }], "e"),
    },
  }];
  model.inputs!.condition = [];
  model.types = { condition: 9 };
  await assertFuses(model, { Conv: 3, If: 1 });
  const [, choice] = model.nodes;
  choice.attributes!.else_branch = branch([{
    op: "Constant",
    inputs: [],
    outputs: ["e"],
    attributes: { value: { tensor: random([1], 1) } },
  }], "e");
  await assertFuses(model, { Conv: 2, If: 1, Constant: 1 });
});

Deno.test("fuse() says of an average pool and the Conv behind it what one layer would cost", async () => {
  const { skipped } = await assertKeeps({
    inputs: { x: ["n", 4, 8, 8] },
    outputs: { y: null },
    initializers: { w: random([8, 4, 1, 1], 1) },
    nodes: [
      { op: "AveragePool", inputs: ["x"], outputs: ["p"], attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
      { op: "Conv", inputs: ["p", "w"], outputs: ["y"] },
    ],
  }, /^one layer for p, y would take 128 multiply-accumulates for each position of its result, apart they take 48$/);
  assertEquals(skipped.map(({ node, code }) => [node, code]), [["y", "not-cheaper"]]);
});
