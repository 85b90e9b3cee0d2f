/** Constants of 8 and 4 bits, and the ends of int64, through what is evaluated ahead of time. */
import { assertEquals } from "@std/assert";
import { fuse, open } from "../../src/fusion/mod.ts";
import { valuesOf } from "../../src/tensor/tensor.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { messageType } from "../../src/proto/schema.ts";
import { feedsFor, modelBytes, random, relativeL2, run, tensor, type TestModel, type TestNode } from "../onnx_model.ts";

/** y = x·c of a constant that nodes make. */
function times(nodes: TestNode[], initializers: TestModel["initializers"], opset = 21): TestModel {
  return {
    opset,
    inputs: { x: ["n", 1] },
    outputs: { y: null },
    initializers,
    nodes: [...nodes, { op: "Mul", inputs: ["x", "c"], outputs: ["y"] }],
  };
}

const cast = (from: string, to: number, output: string, attributes: TestNode["attributes"] = {}): TestNode => ({
  op: "Cast",
  inputs: [from],
  outputs: [output],
  attributes: { to, ...attributes },
});

/** Numbers that fall between two 8-bit floats, onto the middle of two, and beyond the largest. */
const ODD = [
  0,
  -0,
  1.0625,
  1.1875,
  -1.0625,
  0.0009765625,
  0.0029296875,
  1e-9,
  -1e-9,
  240,
  248,
  448,
  464,
  480,
  61440,
  -7e4,
];

for (const [type, name] of [[17, "E4M3FN"], [18, "E4M3FNUZ"], [19, "E5M2"], [20, "E5M2FNUZ"]] as const) {
  Deno.test(`a constant through float8 ${name} and back is what ONNX Runtime computes`, async () => {
    const values = [...ODD, ...Array.from(random([64], type).values, (value) => value * 10)];
    const model = times([cast("w", type, "q"), cast("q", 1, "c")], { w: tensor([values.length], values) });
    await assertFuses(model, { Mul: 1 }, { tolerance: 0 });
  });
}

for (const [type, least] of [[21, 0], [22, -8]] as const) {
  Deno.test(`whole numbers through ${type === 21 ? "uint4" : "int4"} and back are themselves`, async () => {
    const values = Array.from({ length: 16 }, (_, at) => least + at).concat(least + 3);
    for (const from of [1, 3, 7]) {
      const model = times([cast("w", type, "q"), cast("q", 1, "c")], {
        w: tensor([values.length], values, type === 21 && from === 3 ? 2 : from),
      });
      await assertFuses(model, { Mul: 1 }, { tolerance: 0 });
    }
  });

  Deno.test(`fractions, and what ${type === 21 ? "uint4" : "int4"} does not hold, are left to the runtime`, async () => {
    for (const values of [[0.5], [least - 1], [least + 16]]) {
      const model = times([cast("w", type, "q"), cast("q", 1, "c")], { w: tensor([1], values) });
      await assertFuses(model, { Cast: 2, Mul: 1 }, { tolerance: 0 });
    }
  });
}

Deno.test("a weight that is rounded to whole numbers, and back, is worked out as ONNX Runtime rounds", async () => {
  const values = [
    ...Array.from({ length: 40 }, (_, at) => (at - 20) * 0.125),
    ...Array.from(random([984], 3).values, (v) => v * 40),
  ];
  for (const [type, origin] of [[3, 0], [2, 128], [3, -5], [5, 0], [4, 1000]]) {
    const w = { w: tensor([2, 512], values), s: tensor([2], [0.25, 0.3]), z: tensor([2], [origin, origin], type) };
    const nodes: TestNode[] = [
      { op: "QuantizeLinear", inputs: ["w", "s", "z"], outputs: ["q"], attributes: { axis: 0 } },
      { op: "DequantizeLinear", inputs: ["q", "s", "z"], outputs: ["d"], attributes: { axis: 0 } },
      { op: "Reshape", inputs: ["d", "flat"], outputs: ["c"] },
    ];
    await assertFuses(times(nodes, { ...w, flat: tensor([1], [1024], 7) }), { Mul: 1 }, { tolerance: 0 });
  }
});

Deno.test("QuantizeLinear by a scale of zero, or of what is no number, is left to the runtime", async () => {
  for (const [value, scale] of [[1, 0], [NaN, 1]]) {
    const nodes: TestNode[] = [
      { op: "QuantizeLinear", inputs: ["w", "s"], outputs: ["q"] },
      { op: "DequantizeLinear", inputs: ["q", "one"], outputs: ["c"] },
    ];
    const { report } = await fuse(
      modelBytes(times(nodes, { w: tensor([1], [value]), s: tensor([], [scale]), one: tensor([], [1]) })),
    );
    assertEquals(report.after.ops.QuantizeLinear, 1);
  }
});

Deno.test("a constant through a type that is not evaluated gives a reason to the layer that takes it", async () => {
  const layer = (node: TestNode): TestModel => ({
    opset: 21,
    inputs: { x: ["n", 4] },
    outputs: { y: null },
    initializers: { w: random([4, 5], 1) },
    nodes: [node, cast("q", 1, "c"), { op: "MatMul", inputs: ["x", "c"], outputs: ["y"] }],
  });
  const reason = /a weight of y is computed of constants by .*, and Cast is not worked out with these types, sizes or/;
  await assertKeeps(layer(cast("w", 22, "q")), reason);
  await assertKeeps(layer(cast("w", 17, "q", { saturate: 0 })), reason);
});

Deno.test("int4 numbers in int32_data are read as two in a byte, like those in raw data", async () => {
  const model = times([{ op: "DequantizeLinear", inputs: ["w", "s"], outputs: ["c"] }], {
    w: tensor([5], [-8, 7, 3, -1, 2], 22),
    s: tensor([], [0.5]),
  });
  const type = messageType("ModelProto"),
    proto = type.decode(modelBytes(model)) as unknown as {
      graph: { initializer: { name: string; raw_data: Uint8Array; int32_data: number[] }[] };
    };
  const weight = proto.graph.initializer.find(({ name }) => name === "w")!;
  weight.int32_data = [...weight.raw_data];
  weight.raw_data = new Uint8Array();
  const bytes = type.encode(proto as never).finish(), { model: fused, report } = await fuse(bytes);
  assertEquals(report.after.ops, { Mul: 1 });
  const { graph } = (await open(await fused.bytes())).graphs();
  assertEquals([...valuesOf(graph.initializers[0].initializer!)], [-4, 3.5, 1.5, -0.5, 1]);
  const feeds = feedsFor(model);
  assertEquals(relativeL2(await run(modelBytes(model), feeds), await run(await fused.bytes(), feeds)), 0);
});

Deno.test("the ends of int64 are compared, chosen among and cast as they are", async () => {
  const end = { dims: [1], values: [2n ** 63n - 1n] as unknown as number[], type: 7 };
  const least = { dims: [1], values: [-(2n ** 63n)] as unknown as number[], type: 7 };
  const five = tensor([1], [5], 7);
  const made: TestNode[][] = [
    [{ op: "Min", inputs: ["end", "five"], outputs: ["m"] }, cast("m", 1, "c")],
    [
      { op: "Max", inputs: ["end", "five"], outputs: ["m"] },
      { op: "Min", inputs: ["m", "five"], outputs: ["k"] },
      cast(
        "k",
        1,
        "c",
      ),
    ],
    [{ op: "Less", inputs: ["least", "five"], outputs: ["m"] }, cast("m", 1, "c")],
    [cast("end", 6, "m"), cast("m", 1, "c")],
    [cast("least", 1, "c")],
  ];
  for (const nodes of made) {
    const used = nodes.flatMap(({ inputs }) => inputs);
    const all = Object.entries({ end, least, five }).filter(([name]) => used.includes(name));
    await assertFuses(times(nodes, Object.fromEntries(all)), { Mul: 1 }, { tolerance: 0 });
  }
});

Deno.test("a double is rounded to a half once, and the mean of nothing is no number", async () => {
  const between = 1 + 2 ** -11 + 2 ** -40; // through a float it would become 1 + 2⁻¹¹, which rounds to 1
  const half = times([cast("w", 10, "h"), cast("h", 1, "c")], { w: tensor([1], [between], 11) });
  const { graph } = (await open(await (await fuse(modelBytes(half))).model.bytes())).graphs();
  assertEquals([...valuesOf(graph.initializers[0].initializer!)], [1 + 2 ** -10]);
  const mean: TestNode = { op: "ReduceMean", inputs: ["w"], outputs: ["c"], attributes: { axes: [0] } };
  const none = times([mean], { w: tensor([0, 2], []) }, 17);
  const [found] = (await open(await (await fuse(modelBytes(none))).model.bytes())).graphs().graph.initializers;
  assertEquals([found.initializer?.dims, [...valuesOf(found.initializer!)]], [[1, 2], [NaN, NaN]]);
});
