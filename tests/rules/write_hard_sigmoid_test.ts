/** Clips between affine maps: HardSigmoid and HardSwish where the range is [0, 1], nothing else. */
import { assertEquals, assertLess } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { feedsFor, modelBytes, random, relativeL2, run, tensor, type TestModel, type TestNode } from "../onnx_model.ts";

const NUMBERS = { three: 3, zero: 0, six: 6, sixth: 1 / 6, one: 1, half: 0.5, fifth: 0.2, seven: 7 };

function model(nodes: [op: string, inputs: string[]][], opset = 13, more: Partial<TestModel> = {}): TestModel {
  return {
    opset,
    inputs: { x: [1, 4, 5, 5], u: [1, 4, 5, 5] },
    outputs: { [`v${nodes.length - 1}`]: [1, 4, 5, 5] },
    initializers: {
      ...Object.fromEntries(Object.entries(NUMBERS).map(([name, value]) => [name, tensor([], [value])])),
      perChannel: random([4, 1, 1], 3),
    },
    nodes: nodes.map(([op, inputs], at): TestNode => ({ op, inputs, outputs: [`v${at}`] })),
    ...more,
  };
}

async function opsOf(given: TestModel): Promise<Record<string, number>> {
  const bytes = modelBytes(given), { model: fused, report } = await fuse(bytes);
  const feeds = feedsFor(given);
  assertLess(relativeL2(await run(bytes, feeds), await run(await fused.bytes(), feeds)), 1e-6);
  return report.after.ops;
}

const clip = (x: string): [string, string[]] => ["Clip", [x, "zero", "six"]];
const start: [string, string[]][] = [["Add", ["x", "three"]], clip("v0")];

Deno.test("fuse() makes x·clip(x + 3, 0, 6)/6 a HardSwish, in every order, where the opset has it", async () => {
  const orders: [string, string[]][][] = [
    [...start, ["Mul", ["x", "v1"]], ["Div", ["v2", "six"]]],
    [...start, ["Mul", ["v1", "x"]], ["Mul", ["sixth", "v2"]]],
    [...start, ["Div", ["v1", "six"]], ["Mul", ["x", "v2"]]],
    [...start, ["Mul", ["v1", "sixth"]], ["Mul", ["v2", "x"]]],
  ];
  for (const nodes of orders) {
    assertEquals(await opsOf(model(nodes, 14)), { HardSwish: 1 });
    assertEquals(await opsOf(model(nodes, 13)), { HardSigmoid: 1, Mul: 1 });
  }
});

Deno.test("fuse() makes x·HardSigmoid(x; 1/6, 1/2) a HardSwish from opset 14 on", async () => {
  const attributes = { alpha: { float: 1 / 6 }, beta: { float: 0.5 } };
  const nodes: TestNode[] = [
    { op: "HardSigmoid", inputs: ["x"], outputs: ["v0"], attributes },
    { op: "Mul", inputs: ["x", "v0"], outputs: ["v1"] },
  ];
  assertEquals(await opsOf({ ...model([["Relu", ["x"]], ["Relu", ["v0"]]], 14), nodes }), { HardSwish: 1 });
  assertEquals(await opsOf({ ...model([["Relu", ["x"]], ["Relu", ["v0"]]], 13), nodes }), { HardSigmoid: 1, Mul: 1 });
});

Deno.test("fuse() makes a clipped gate a HardSigmoid, beside another factor too", async () => {
  const gate: [string, string[]][] = [["Mul", ["x", "fifth"]], ["Add", ["v0", "half"]], ["Clip", [
    "v1",
    "zero",
    "one",
  ]]];
  assertEquals(await opsOf(model(gate)), { HardSigmoid: 1 });
  assertEquals(await opsOf(model([...gate, ["Mul", ["u", "v2"]]])), { HardSigmoid: 1, Mul: 1 });
  const scaled: [string, string[]][] = [...start, ["Mul", ["u", "v1"]], ["Div", ["v2", "six"]]];
  assertEquals(await opsOf(model(scaled, 14)), { HardSigmoid: 1, Mul: 1 });
});

Deno.test("fuse() finds a HardSwish in front of further scales and shifts", async () => {
  const behind: [string, string[]][] = [["Mul", ["v3", "seven"]], ["Add", ["v4", "half"]]];
  const nodes: [string, string[]][] = [...start, ["Mul", ["x", "v1"]], ["Div", ["v2", "six"]], ...behind];
  assertEquals(await opsOf(model(nodes, 14)), { HardSwish: 1, Mul: 1, Add: 1 });
});

Deno.test("fuse() keeps a Clip whose range is not [0, 1]", async () => {
  assertEquals((await opsOf(model([...start, ["Div", ["v1", "seven"]]]))).HardSigmoid, undefined);
  assertEquals(
    (await opsOf(model([["Add", ["x", "three"]], ["Clip", ["v0", "zero", "seven"]], ["Div", ["v1", "six"]]])))
      .HardSigmoid,
    undefined,
  );
});

Deno.test("fuse() keeps a Clip without a bound, or whose affine map differs by channel", async () => {
  assertEquals(
    (await opsOf(model([["Add", ["x", "three"]], ["Clip", ["v0", "zero"]], ["Div", ["v1", "six"]]]))).HardSigmoid,
    undefined,
  );
  assertEquals(
    (await opsOf(model([["Add", ["x", "perChannel"]], clip("v0"), ["Mul", ["v1", "perChannel"]]]))).HardSigmoid,
    undefined,
  );
});

Deno.test("fuse() keeps a Clip whose result is used twice as it is", async () => {
  const shared = model([...start, ["Div", ["v1", "six"]], ["Mul", ["v2", "v1"]]]);
  assertEquals((await opsOf(shared)).HardSigmoid, undefined);
});

Deno.test("fuse() keeps a Clip of float64, for which ONNX Runtime has no HardSigmoid", async () => {
  const double = 11, nodes: [string, string[]][] = [...start, ["Div", ["v1", "six"]]];
  const given = model(nodes, 14, { types: { x: double, u: double, v2: double } });
  given.initializers = Object.fromEntries(
    Object.entries(NUMBERS).map(([name, value]) => [name, tensor([], [value], double)]),
  );
  assertEquals((await opsOf(given)).HardSigmoid, undefined);
});
