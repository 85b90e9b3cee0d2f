import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { compare } from "../../src/bench/compare.ts";
import { findFitting, withLimits } from "../../src/bench/fitting_inputs.ts";
import { openSession, type Session } from "../../src/bench/session.ts";
import { messageType } from "../../src/proto/schema.ts";
import { modelBytes, random, tensor, type TestModel } from "../onnx_model.ts";

/** Runs with a sound of 512 samples only: [1, l] as 8 × 64, and a sampling rate that must be 8000 or 16 000. */
const SOUND: TestModel = {
  inputs: { x: [1, null], h: [2, null, 4] },
  outputs: { y: null, z: null },
  initializers: { shape: tensor([2], [8, 64], 7), one: tensor([3], [2, 1, 4], 7) },
  nodes: [
    { op: "Reshape", inputs: ["x", "shape"], outputs: ["y"] },
    { op: "Reshape", inputs: ["h", "one"], outputs: ["z"] },
  ],
};

/** Runs with pictures of a height of 48 only. */
const LINE: TestModel = {
  inputs: { x: ["n", 3, "h", "w"] },
  outputs: { y: null },
  initializers: { shape: tensor([3], [0, 144, -1], 7), weight: random([144, 144]) },
  nodes: [
    { op: "Reshape", inputs: ["x", "shape"], outputs: ["r"] },
    { op: "MatMul", inputs: ["weight", "r"], outputs: ["m"] },
    { op: "Slice", inputs: ["x", "zero", "end", "axis"], outputs: ["s"] },
    { op: "Reshape", inputs: ["s", "row"], outputs: ["t"] },
    { op: "MatMul", inputs: ["t", "square"], outputs: ["y"] },
  ],
};
Object.assign(LINE.initializers!, {
  zero: tensor([1], [0], 7),
  end: tensor([1], [1], 7),
  axis: tensor([1], [3], 7),
  row: tensor([3], [0, 3, -1], 7),
  square: random([48, 2]),
});

async function opened(model: TestModel, use: (session: Session, path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".onnx" });
  try {
    await Deno.writeFile(path, modelBytes(model));
    await using session = await openSession(path, { level: "disabled" });
    await use(session, path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("findFitting() tries the lengths that the runtime names when it fails: what a model was exported at", async () => {
  const model: TestModel = {
    inputs: { x: ["n", "s", 4] },
    outputs: { y: null },
    initializers: { shape: tensor([3], [1, 11, 4], 7) },
    nodes: [{ op: "Reshape", inputs: ["x", "shape"], outputs: ["y"] }],
  };
  await opened(model, async (session, path) => {
    const { shapes, tried } = await findFitting(session, path, {});
    assertEquals(shapes, { x: [1, 11, 4] });
    assert(tried < 6, String(tried));
  });
});

Deno.test("findFitting() tries usual lengths of a sound and sizes of a picture until the model runs", async () => {
  await opened(SOUND, async (session, path) => {
    assertEquals((await findFitting(session, path, {})).shapes, { x: [1, 512], h: [2, 1, 4] });
  });
  await opened(LINE, async (session, path) => {
    const { shapes, tried } = await findFitting(session, path, {});
    assertEquals([shapes!.x[2], tried > 0], [48, true]);
  });
});

Deno.test("findFitting() says nothing where the likely shapes run, and tries nothing where all are given", async () => {
  const relu: TestModel = {
    inputs: { x: ["n", 4] },
    outputs: { y: null },
    nodes: [{ op: "Relu", inputs: ["x"], outputs: ["y"] }],
  };
  await opened(relu, async (session, path) => assertEquals(await findFitting(session, path, {}), { tried: 0 }));
  await opened(SOUND, async (session, path) => {
    const { tried, failure } = await findFitting(session, path, { shapes: { x: [1, 7], h: [2, 1, 4] } });
    assertEquals([tried, failure instanceof Error], [0, true]);
    const x = { type: "float32", dims: [1, 7], data: new Float32Array(7) };
    assertEquals((await findFitting(session, path, { inputs: { x } })).failure instanceof Error, true);
  });
});

const quick = { seconds: 0.1, levels: ["disabled"], threads: 1, profile: false } as const;

Deno.test("compare() measures with the shapes that were found, in a process of its own or here, and says so", async () => {
  for (const isolate of [true, false]) {
    const { inputs, notes } = await compare(modelBytes(SOUND), modelBytes(SOUND), { ...quick, isolate });
    assertEquals(inputs.map(({ dims }) => dims), [[1, 512], [2, 1, 4]]);
    assertStringIncludes(notes.join("\n"), "The likely shapes of the inputs do not run, others do: x 1×512, h 2×1×4.");
  }
});

Deno.test("compare() that finds no shape says how many it tried, and advises none of them", async () => {
  const never: TestModel = {
    inputs: { x: ["n", "l"] },
    outputs: { y: null },
    initializers: { shape: tensor([2], [1, 60_001], 7) },
    nodes: [{ op: "Reshape", inputs: ["x", "shape"], outputs: ["y"] }],
  };
  const { message } = await assertRejects(() => compare(modelBytes(never), modelBytes(never), quick), Error);
  assert(/ \d\d+ other shapes do not run either\./.test(message), message);
  assertStringIncludes(message, "--shape x=nxl with numbers for the names");
});

Deno.test("withLimits() finds the vocabulary behind casts and quantised tables, the smallest of several", async () => {
  const model: TestModel = {
    inputs: { ids: [1, "l"], x: [1, 4] },
    types: { ids: 7 },
    outputs: { a: null, b: null, y: null },
    initializers: {
      words: random([50, 4]),
      few: random([4, 20], 2),
      q: tensor([30, 2], new Array(60).fill(1), 3),
      s: tensor([], [0.5]),
    },
    nodes: [
      { op: "Cast", inputs: ["ids"], outputs: ["i32"], attributes: { to: 6 } },
      { op: "Gather", inputs: ["words", "ids"], outputs: ["a"] },
      { op: "DequantizeLinear", inputs: ["q", "s"], outputs: ["d"] },
      { op: "Gather", inputs: ["d", "i32"], outputs: ["c"] },
      { op: "Gather", inputs: ["few", "i32"], outputs: ["b"], attributes: { axis: 1 } },
      { op: "Relu", inputs: ["x"], outputs: ["y"] },
    ],
  };
  await opened(model, async (session, path) => {
    assertEquals(withLimits(session.inputs, path).map(({ limit }) => limit), [20, undefined]);
    assertEquals(await findFitting(session, path, {}), { tried: 0 });
    await Promise.resolve();
  });
});

Deno.test("a sequence as an input is refused with what to give in its place", async () => {
  const type = messageType("ModelProto"), value = (name: string, type: unknown) => ({ name, type });
  const floats = { tensor_type: { elem_type: 1, shape: { dim: [{ dim_value: 2 }] } } };
  const bytes = type.encode(type.fromObject({
    ir_version: 8,
    opset_import: [{ domain: "", version: 17 }],
    graph: {
      name: "g",
      node: [{
        op_type: "ConcatFromSequence",
        input: ["s"],
        output: ["y"],
        attribute: [{ name: "axis", type: 2, i: 0 }],
      }],
      input: [value("s", { sequence_type: { elem_type: floats } })],
      output: [value("y", { tensor_type: { elem_type: 1 } })],
    },
  })).finish();
  const { message } = await assertRejects(() => compare(bytes, bytes, quick), Error);
  assertStringIncludes(message, "before: input s is a sequence, and ONNX Runtime takes nothing but tensors");
  assertStringIncludes(message, "by a SequenceConstruct node");
});
