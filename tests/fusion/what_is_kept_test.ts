/** What fuse() does not touch: everything a rewrite has no business with, down to the byte. */
import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { explain, fuse, listRules, open, RuleNameError, SKIP_CODES } from "../../src/fusion/mod.ts";
import { messageType } from "../../src/proto/schema.ts";
import { concat, contentsOf, fieldBytes, varintFieldBytes, wireFields } from "../../src/proto/wire.ts";
import { fixture } from "../bench/fixture.ts";
import { modelBytes, random, randomIn, type TestModel } from "../onnx_model.ts";

// deno-lint-ignore no-explicit-any
type Proto = any;

const text = (value: string) => new TextEncoder().encode(value);
const type = messageType("ModelProto");

/** A field no version of ONNX has, with a mark in it. */
const unknown = (mark: string) => fieldBytes(7777, text(mark));

/** Every message in `path` (field numbers) gets an unknown field; indices choose among repeated fields. */
function marked(
  message: Uint8Array,
  path: readonly (readonly [field: number, index: number])[],
  mark: string,
): Uint8Array {
  if (path.length === 0) return concat([message, unknown(mark)]);
  const [[field, index], ...rest] = path;
  let at = 0;
  return concat(
    wireFields(message).map((part) =>
      part.number === field && at++ === index ? fieldBytes(field, marked(part.content!, rest, mark)) : part.bytes
    ),
  );
}

/** Whether the field written by {@link marked} is in the message at that path. */
function isMarked(
  message: Uint8Array,
  path: readonly (readonly [field: number, index: number])[],
  mark: string,
): boolean {
  const [step, ...rest] = path;
  if (step) return isMarked(contentsOf(wireFields(message), step[0])[step[1]], rest, mark);
  return contentsOf(wireFields(message), 7777).some((content) => new TextDecoder().decode(content) === mark);
}

/** Layer → BN → Relu, the layer as `op`. */
function layerBn(op: "Conv" | "ConvTranspose" | "Gemm", extra: Partial<TestModel> = {}): TestModel {
  const isGemm = op === "Gemm";
  return {
    inputs: { x: isGemm ? [2, 8] : [2, 8, 6, 6] },
    outputs: { y: null },
    initializers: {
      w: random(isGemm ? [8, 8] : [8, 8, 3, 3], 1),
      c: random([8], 6),
      gamma: randomIn(0.5, 1.5, [8], 2),
      beta: random([8], 3),
      mean: random([8], 4),
      variance: randomIn(0.3, 2, [8], 5),
      other: random([30], 7),
    },
    nodes: [
      { op, inputs: ["x", "w", "c"], outputs: ["a"], attributes: isGemm ? { beta: { float: 0.5 } } : {} },
      { op: "BatchNormalization", inputs: ["a", "gamma", "beta", "mean", "variance"], outputs: ["b"] },
      { op: "Relu", inputs: ["b"], outputs: ["r"] },
      { op: "Mul", inputs: ["r", "r"], outputs: ["y"] },
    ],
    ...extra,
  };
}

/** The same model with documentation, so much of it, and metadata wherever ONNX has room for them. */
function documented(model: TestModel, more = ""): Uint8Array {
  const proto = type.toObject(type.decode(modelBytes(model)), { arrays: true }) as Proto;
  const notes = (where: string) => ({
    doc_string: `doc of ${where}${more}`,
    metadata_props: [{ key: "where", value: where }],
  });
  Object.assign(proto, notes("model"), { producer_version: "7.1", domain: "org.test", model_version: 42 });
  Object.assign(proto.graph, notes("graph"), {
    quantization_annotation: [{
      tensor_name: "x",
      quant_parameter_tensor_names: [{ key: "SCALE_TENSOR", value: "s" }],
    }],
  });
  for (const node of proto.graph.node) Object.assign(node, notes(node.name));
  for (const port of [...proto.graph.input, ...proto.graph.output, ...proto.graph.initializer]) {
    Object.assign(port, notes(port.name));
  }
  return Uint8Array.from(type.encode(type.fromObject(proto)).finish());
}

for (const [op, more] of [["Conv", ""], ["Conv", "·".repeat(5000)], ["ConvTranspose", ""], ["Gemm", ""]] as const) {
  const what = more ? "documentation as long as weights" : "documentation";
  Deno.test(`${what}, metadata and fields of later ONNX versions stay, on the fused ${op} too`, async () => {
    const places: Record<string, [number, number][]> = {
      model: [],
      graph: [[7, 0]],
      [op]: [[7, 0], [1, 0]],
      relu: [[7, 0], [1, 2]],
      input: [[7, 0], [11, 0]],
      output: [[7, 0], [12, 0]],
      "operator set": [[8, 0]],
      metadata: [[14, 0]],
      "other weight": [[7, 0], [5, 6]],
    };
    let bytes = documented(layerBn(op), more);
    for (const [name, path] of Object.entries(places)) bytes = marked(bytes, path, name);
    const { model, report } = await fuse(bytes);
    assertEquals(report.after.ops, { [op]: 1, Relu: 1, Mul: 1 });
    const fused = await model.bytes();
    const after = type.toObject(type.decode(fused), { arrays: true, longs: Number }) as Proto;
    const before = type.toObject(type.decode(bytes), { arrays: true, longs: Number }) as Proto;
    for (
      const key of [
        "doc_string",
        "producer_name",
        "producer_version",
        "domain",
        "model_version",
        "metadata_props",
        "opset_import",
        "ir_version",
      ]
    ) {
      assertEquals(after[key], before[key], key);
    }
    for (const key of ["name", "doc_string", "metadata_props", "quantization_annotation", "input", "output"]) {
      assertEquals(after.graph[key], before.graph[key], `graph's ${key}`);
    }
    const [layer] = after.graph.node;
    assertEquals([layer.op_type, layer.name, layer.doc_string], [op, "a", `doc of a${more}`]);
    assertEquals(layer.metadata_props, [{ key: "where", value: "a" }]);
    assertEquals(after.graph.node[1], before.graph.node[2], "a node nobody touched");
    const moved = {
      ...places,
      relu: [[7, 0], [1, 1]],
      "other weight": [[7, 0], [5, after.graph.initializer.findIndex((t: Proto) => t.name === "other")]],
    };
    for (const [name, path] of Object.entries(moved)) {
      assert(isMarked(fused, path as [number, number][], name), `the unknown field of ${name}`);
    }
  });
}

Deno.test("a layer made of several keeps the documentation of the one it is named after", async () => {
  const model = layerBn("Conv", {
    nodes: [
      { op: "Conv", inputs: ["x", "w"], outputs: ["a"], attributes: { pads: [1, 1, 1, 1] } },
      { op: "Conv", inputs: ["x", "w"], outputs: ["b"], attributes: { pads: [1, 1, 1, 1] } },
      { op: "Add", inputs: ["a", "b"], outputs: ["y"] },
    ],
  });
  const { model: fused } = await fuse(documented(model));
  const { graph } = type.toObject(type.decode(await fused.bytes()), { arrays: true }) as Proto;
  assertEquals(graph.node.length, 1);
  const [{ name, doc_string, metadata_props, output }] = graph.node;
  assertEquals([doc_string, metadata_props, output], [`doc of ${name}`, [{ key: "where", value: name }], ["y"]]);
});

const NOTHING_TO_FUSE: Record<string, () => Uint8Array | Promise<Uint8Array>> = {
  "a network without a rule that applies": () =>
    documented(layerBn("Conv", {
      nodes: [{ op: "Sigmoid", inputs: ["x"], outputs: ["s"] }, { op: "Mul", inputs: ["s", "x"], outputs: ["y"] }],
    })),
  "fields in an unusual order and unknown ones": () => {
    const fields = wireFields(documented(layerBn("Conv", { nodes: [{ op: "Relu", inputs: ["x"], outputs: ["y"] }] })));
    return concat([
      unknown("first"),
      ...fields.toReversed().map(({ bytes }) => bytes),
      unknown("last"),
      varintFieldBytes(9000, 5),
    ]);
  },
  "a BatchNormalization in training mode": () =>
    modelBytes(layerBn("Conv", {
      nodes: [{
        op: "BatchNormalization",
        inputs: ["x", "gamma", "beta", "mean", "variance"],
        outputs: ["y"],
        attributes: { training_mode: 1 },
      }],
    })),
  "training info": () => {
    const info = fieldBytes(
      20,
      fieldBytes(1, concat([fieldBytes(2, text("init")), fieldBytes(5, fieldBytes(9, new Uint8Array(64)))])),
    );
    return concat([modelBytes(layerBn("Conv")), info]);
  },
};

for (const [what, make] of Object.entries(NOTHING_TO_FUSE)) {
  Deno.test(`fuse() gives back ${what} byte for byte, in memory and in a file`, async () => {
    const bytes = Uint8Array.from(await make());
    const { model, report } = await fuse(bytes);
    assertEquals(report.applied, []);
    assertEquals(await model.bytes(), bytes);
    const folder = await Deno.makeTempDir();
    await model.save(`${folder}/same.onnx`);
    assertEquals(await Deno.readFile(`${folder}/same.onnx`), bytes);
    await Deno.remove(folder, { recursive: true });
  });
}

Deno.test("fuse() with every rule skipped gives back a fixture byte for byte", async () => {
  const path = fixture("fashion_resnet");
  const { model, report } = await fuse(path, { skip: listRules().map(({ name }) => name) });
  assertEquals(report.applied, []);
  assertEquals(report.skipped, []);
  assertEquals(report.before, report.after);
  assertEquals(await model.bytes(), await Deno.readFile(path));
});

Deno.test("fuse() leaves the model it is given, and its bytes, as they were", async () => {
  const bytes = Uint8Array.from(modelBytes(layerBn("Conv"))), copy = bytes.slice();
  const model = await open(bytes);
  const { model: fused } = await fuse(model);
  assertEquals(model.ops, { Conv: 1, BatchNormalization: 1, Relu: 1, Mul: 1 });
  assertEquals(fused.ops, { Conv: 1, Relu: 1, Mul: 1 });
  assertEquals(await model.bytes(), copy);
  assertEquals(bytes, copy);
});

Deno.test("weights of layers that nothing was folded into stay byte for byte, in their order", async () => {
  const model = layerBn("Conv");
  const { model: fused } = await fuse(modelBytes(model));
  const weights = (bytes: Uint8Array) => contentsOf(wireFields(contentsOf(wireFields(bytes), 7)[0]), 5);
  const before = weights(modelBytes(model)), after = weights(await fused.bytes());
  const named = (protos: Uint8Array[], name: string) =>
    protos.map((proto) => Uint8Array.from(proto)).find((proto) =>
      new TextDecoder().decode(contentsOf(wireFields(proto), 8)[0]) === name
    );
  assertEquals(named(after, "other"), named(before, "other"));
  assertFalse(named(after, "gamma"), "what nobody uses any more is gone");
});

Deno.test("fuse() is deterministic: twice the same model is twice the same bytes", async () => {
  for (const name of ["fashion_densenet", "fashion_repvgg"]) {
    const [a, b] = [await fuse(fixture(name)), await fuse(fixture(name))];
    assertEquals(a.report, b.report);
    assertEquals(await a.model.bytes(), await b.model.bytes());
  }
});

Deno.test("fuse() applies the rules that are chosen by name, and refuses a name that is none", async () => {
  const bytes = modelBytes(layerBn("Conv"));
  assertEquals((await fuse(bytes, { rules: ["fuse-affine-into-layer"] })).report.after.ops, {
    Conv: 1,
    Relu: 1,
    Mul: 1,
  });
  assertEquals(
    (await fuse(bytes, { skip: ["fuse-affine-into-layer"], rules: ["fuse-affine-into-layer"] })).report.applied,
    [],
  );
  const { message } = await assertRejects(() => fuse(bytes, { rules: ["fuse-everything"] }), RuleNameError);
  assert(message.includes("'fuse-everything'") && listRules().every(({ name }) => message.includes(name)), message);
  await assertRejects(() => fuse(bytes, { skip: ["nothing"] }), RuleNameError);
});

Deno.test("explain() says what fuse() would do", async () => {
  const bytes = modelBytes(layerBn("Gemm"));
  assertEquals(await explain(bytes), (await fuse(bytes)).report);
});

Deno.test("explain() says what each code of its reasons means, and no two codes mean the same", async () => {
  const { skipped, codes } = await explain(new URL("../fixtures/fashion_densenet.onnx", import.meta.url));
  const given = new Set(skipped.map(({ code }) => code));
  assert(given.size > 1, "reasons of several kinds");
  assertEquals(codes, Object.fromEntries([...given].map((code) => [code, SKIP_CODES[code]])));
  assertEquals(new Set(Object.values(SKIP_CODES)).size, Object.keys(SKIP_CODES).length);
});

Deno.test("every rule has a name that starts with a verb and a summary in one line", () => {
  for (const { name, summary } of listRules()) {
    assert(/^[a-z]+(-[a-z]+)+$/.test(name), name);
    assert(summary.length > 20 && !summary.includes("\n"), name);
  }
  assertEquals(new Set(listRules().map(({ name }) => name)).size, listRules().length, "names are distinct");
});
