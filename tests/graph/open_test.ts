import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { DownloadError, fuse, ModelFormatError, open } from "../../src/fusion/mod.ts";
import { messageType } from "../../src/proto/schema.ts";
import { concat, fieldBytes, wireFields } from "../../src/proto/wire.ts";
import { valuesOf } from "../../src/tensor/tensor.ts";
import { modelBytes, random, randomIn, tensor, type TestModel } from "../onnx_model.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** A model with a bit of everything that is read: weights, constants, a subgraph, a function, value info. */
const MODEL: TestModel = {
  inputs: { x: ["n", 3, 6, 6], condition: [] },
  types: { condition: 9 },
  outputs: { y: ["n", 4, null, null] },
  initializers: {
    w: random([4, 3, 3, 3], 1),
    s: randomIn(0.5, 1.5, [4, 1, 1], 2),
    shape: { dims: [4], values: [0, 4, 4, 4], type: 7 },
  },
  valueInfo: { c: ["n", 4, 4, 4] },
  opsets: { test: 1 },
  functions: [{
    name: "Twice",
    domain: "test",
    inputs: ["a"],
    outputs: ["b"],
    nodes: [{ op: "Add", inputs: ["a", "a"], outputs: ["b"] }],
  }],
  nodes: [
    { op: "Conv", inputs: ["x", "w"], outputs: ["c"], attributes: { strides: [1, 1], auto_pad: "VALID" } },
    { op: "Constant", inputs: [], outputs: ["k"], attributes: { value: { tensor: random([1, 4, 1, 1], 3) } } },
    { op: "Mul", inputs: ["c", "k"], outputs: ["m"] },
    { op: "Twice", domain: "test", inputs: ["m"], outputs: ["t"] },
    {
      op: "If",
      inputs: ["condition"],
      outputs: ["i"],
      attributes: {
        then_branch: { graph: { nodes: [{ op: "Mul", inputs: ["t", "s"], outputs: ["p"] }], outputs: { p: null } } },
        else_branch: { graph: { nodes: [{ op: "Neg", inputs: ["t"], outputs: ["q"] }], outputs: { q: null } } },
      },
    },
    { op: "Reshape", inputs: ["i", "shape"], outputs: ["y"] },
  ],
};

for (
  const [what, bytes] of Object.entries({
    "an empty file": new Uint8Array(),
    "a text": encode("this is not a model\n"),
    "JSON": encode('{"modelTopology": {"node": []}}'),
    "an HTML page that came instead of the download": encode("<!DOCTYPE html><html><body>404</body></html>"),
    "a Git LFS pointer": encode("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 178\n"),
    "a PNG": Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52),
    "a ZIP, as a PyTorch checkpoint": Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0, 8, 8, 0, 0, 0, 0, 0, 0),
    "an HDF5 file, as Keras writes": Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0),
    "zeros": new Uint8Array(1000),
    "a message without a graph": Uint8Array.of(0x08, 0x08),
  })
) {
  Deno.test(`open() refuses ${what} in one line that says what was expected`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/what.onnx`;
      await Deno.writeFile(path, bytes);
      const { message } = await assertRejects(() => open(path), ModelFormatError, "what.onnx");
      assert(/ONNX/.test(message) && !message.includes("\n"), message);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

for (
  const [what, start] of Object.entries({
    "a page of HTML or XML": "<!DOCTYPE html>",
    "a pointer of Git LFS": "version https://git-lfs.github.com/spec/v1\noid",
    "compressed with gzip": "\x1f\x8b\b\0",
    "HDF5": "\x89HDF\r\n",
    "GGUF": "GGUF\x03\0",
    "a zip archive": "PK\x03\x04\0\0",
    "a pickle": "\x80\x02}q\0.",
    "TensorFlow Lite": "\x18\0\0\0TFL3",
    "ONNX Runtime's own format": "\x18\0\0\0ORTM",
    "safetensors": `\x02\0\0\0\0\0\0\0{}`,
    "JSON": '{"model": []}',
  })
) {
  Deno.test(`open() says of what begins as ${what} that it is that`, async () => {
    const bytes = Uint8Array.from(start, (char) => char.charCodeAt(0));
    await assertRejects(() => open(bytes), ModelFormatError, `not an ONNX model: it is ${what}`);
  });
}

Deno.test("open() refuses random bytes with a ModelFormatError or finds a graph in them", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      try {
        const { graph } = (await open(bytes)).graphs();
        assert(graph);
      } catch (error) {
        assert(error instanceof ModelFormatError, `${(error as Error).stack}`);
      }
    }),
    { numRuns: 3000, seed: 3 },
  );
});

Deno.test("open() refuses a model cut inside a field, at every byte", async () => {
  const bytes = Uint8Array.from(modelBytes(MODEL));
  const ends = new Set<number>();
  let at = 0;
  for (const field of wireFields(bytes)) ends.add(at += field.bytes.length);
  for (let length = 0; length < bytes.length; length++) {
    const cut = bytes.subarray(0, length);
    if (!ends.has(length)) {
      await assertRejects(() => open(cut), ModelFormatError, undefined, `cut after ${length} of ${bytes.length}`);
      continue;
    }
    // whole fields: what is left is a model or has no graph
    await open(cut).catch((error) => assert(error instanceof ModelFormatError, `cut after ${length}: ${error.stack}`));
  }
});

Deno.test("a model with any byte changed is refused with a ModelFormatError, or opened, fused and written", async () => {
  const bytes = Uint8Array.from(modelBytes(MODEL));
  const change = fc.record({ at: fc.nat(bytes.length - 1), to: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      const broken = bytes.slice();
      for (const { at, to } of changes) broken[at] = to;
      try {
        const { model } = await fuse(broken);
        await model.bytes();
      } catch (error) {
        assert(error instanceof ModelFormatError, `${(error as Error).stack}`);
      }
    }),
    { numRuns: 2000, seed: 5 },
  );
});

Deno.test("open() names the tensor whose data does not fill its shape", async () => {
  const model = structuredClone(MODEL);
  const bytes = modelBytes({
    ...model,
    initializers: { ...model.initializers, w: { dims: [4, 3, 3, 4], values: new Float64Array(108) } },
  });
  await assertRejects(
    () => open(bytes),
    ModelFormatError,
    "tensor 'w': shape [4,3,3,4] of float32 needs 576 bytes of data, the model has 432",
  );
});

/** A model of Ifs, each in a branch of the one before; protobufjs does not write one so deep. */
function nestedIfs(depth: number): Uint8Array {
  const encoded = (type: string, fields: object) =>
    messageType(type).encode(messageType(type).fromObject(fields)).finish();
  const output = fieldBytes(12, encoded("ValueInfoProto", { name: "y" }));
  let node = encoded("NodeProto", { op_type: "Neg", input: ["x"], output: ["y"] });
  for (let level = 0; level < depth; level++) {
    const branch = concat([
      encoded("AttributeProto", { name: "then_branch", type: 5 }),
      fieldBytes(6, concat([fieldBytes(1, node), output])),
    ]);
    node = concat([encoded("NodeProto", { op_type: "If", input: ["x"], output: ["y"] }), fieldBytes(5, branch)]);
  }
  const head = encoded("ModelProto", { ir_version: 8, opset_import: [{ domain: "", version: 17 }] });
  return concat([head, fieldBytes(7, concat([fieldBytes(1, node), output]))]);
}

Deno.test("open() refuses subgraphs nested deeper than any runtime reads, in one line and at once", async () => {
  await open(nestedIfs(30));
  for (const depth of [40, 3000]) {
    await assertRejects(() => open(nestedIfs(depth)), ModelFormatError, "messages lie in one another deeper than 100");
  }
});

Deno.test("open() refuses a sparse tensor that stands for gigabytes, or has a shape that is none, by its name", async () => {
  const type = messageType("ModelProto");
  const values = { name: "huge", dims: [1], data_type: 1, raw_data: new Uint8Array(4) };
  const indices = { dims: [1, 2], data_type: 7, raw_data: new Uint8Array(16) };
  for (const dims of [[100_000, 100_000], [-4, 1]]) {
    const bytes = type.encode(type.fromObject({
      ir_version: 8,
      opset_import: [{ domain: "", version: 17 }],
      graph: { name: "g", sparse_initializer: [{ values, indices, dims }] },
    })).finish();
    await assertRejects(() => open(bytes), ModelFormatError, `sparse tensor 'huge': its shape [${dims}]`);
  }
});

Deno.test("a sparse tensor whose indices are not of its values, or outside its shape, is refused by its name when it is read", async () => {
  const type = messageType("ModelProto");
  // deno-lint-ignore no-explicit-any
  const read = async (sparse: any) => {
    const values = { name: "z", dims: [2], data_type: 1, float_data: [1, 2] };
    const bytes = type.encode(type.fromObject({
      ir_version: 8,
      opset_import: [{ domain: "", version: 17 }],
      graph: { name: "g", sparse_initializer: [{ values, dims: [3, 4], ...sparse }] },
    })).finish();
    return [...valuesOf((await open(bytes)).graphs().graph.find("z")!.initializer!)];
  };
  const int64 = (dims: number[], int64_data: number[]) => ({ indices: { dims, data_type: 7, int64_data } });
  assertEquals((await read(int64([2, 2], [0, 1, 2, 3]))).flatMap((value, at) => value ? [at] : []), [1, 11]);
  const says = "sparse tensor 'z': its indices are";
  const refused: [sparse: object, reason: string][] = [
    [int64([1], [0]), `${says} int64 [1], expected int64 [2] or [2,2]`],
    [int64([3], [0, 1, 2]), `${says} int64 [3]`],
    [int64([1, 2, 2], [0, 1, 2, 3]), `${says} int64 [1,2,2]`],
    [int64([2, 1], [0, 1]), `${says} int64 [2,1]`],
    [{ indices: { dims: [2], data_type: 1, float_data: [0, 1] } }, `${says} float32 [2]`],
    [{}, `${says} not there`],
    [int64([2], [0, 12]), "sparse tensor 'z': index 12 is outside its shape [3,4]"],
    [int64([2, 2], [0, 1, 1, -1]), "sparse tensor 'z': index 1,-1 is outside its shape [3,4]"],
  ];
  for (const [sparse, reason] of refused) await assertRejects(() => read(sparse), ModelFormatError, reason);
});

Deno.test("open() refuses a graph, an attribute's value and a sparse tensor's parts that are there twice: protobuf makes one of both", async () => {
  const type = messageType("ModelProto");
  const bytes = (model: object) => type.encode(type.fromObject(model)).finish();
  const tensor = (name: string) => ({ name, dims: [1], data_type: 1, float_data: [1] });
  const constant = (...attributes: object[]) => {
    const parts = attributes.map((part) => messageType("AttributeProto").encode(part).finish());
    const node = concat([fieldBytes(2, encode("c")), fieldBytes(4, encode("Constant"))]);
    return fieldBytes(7, fieldBytes(1, concat([node, fieldBytes(5, concat(parts))])));
  };
  const sparse = messageType("SparseTensorProto").encode({ values: tensor("z"), dims: [1] }).finish();
  const models: [model: Uint8Array, reason: string][] = [
    [
      concat([bytes({ graph: { name: "a" } }), bytes({ graph: { name: "b" } })]),
      "(bytes): not a valid ONNX model: its graph is there twice",
    ],
    [
      constant({ name: "value", type: 4, t: tensor("a") }, { t: tensor("b") }),
      "(bytes): attribute 'value' has two values",
    ],
    [
      constant({ name: "body", type: 5, g: { name: "a" } }, { g: { name: "b" } }),
      "(bytes): attribute 'body' has two values",
    ],
    [fieldBytes(7, fieldBytes(15, concat([sparse, sparse]))), "(bytes): a sparse tensor has values or indices twice"],
  ];
  for (const [model, reason] of models) await assertRejects(() => open(model), ModelFormatError, reason);
});

Deno.test("open() reads a sparse tensor in any part, of two values in one place the last", async () => {
  const type = messageType("ModelProto"), indices = [7, 2, 7, 11];
  const bytes = type.encode(type.fromObject({
    ir_version: 8,
    opset_import: [{ domain: "", version: 17 }],
    graph: {
      name: "g",
      sparse_initializer: [{
        values: { name: "z", dims: [4], data_type: 1, float_data: [1, 2, 3, 4] },
        indices: { dims: [4], data_type: 7, int64_data: indices },
        dims: [3, 4],
      }],
    },
  })).finish();
  const tensor = (await open(bytes)).graphs().graph.find("z")!.initializer!;
  assertEquals([...valuesOf(tensor)], [0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 0, 4]);
  const part = new Float64Array(5).fill(9);
  tensor.read(3, part);
  assertEquals([[...part], tensor.bound()], [[0, 0, 0, 0, 3], 4]);
});

Deno.test("open() says that a file is missing, a folder no file", async () => {
  await assertRejects(
    () => open("/no/such/model.onnx"),
    Deno.errors.NotFound,
    "/no/such/model.onnx: there is no such file",
  );
  const folder = await Deno.makeTempDir();
  await assertRejects(() => open(folder), Error, "is not a file");
  await Deno.remove(folder);
});

Deno.test("open() takes a path, a file URL as URL or text, and bytes alike", async () => {
  const path = await Deno.makeTempFile({ prefix: "ein Mödell %41 ", suffix: ".onnx" });
  try {
    const bytes = Uint8Array.from(modelBytes(MODEL));
    await Deno.writeFile(path, bytes);
    const url = new URL(`file://${path.split("/").map(encodeURIComponent).join("/")}`);
    for (const source of [path, url, url.href, bytes]) {
      assertEquals(await (await open(source)).bytes(), bytes);
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("open() downloads from a URL, and says what the server answered where it cannot", async () => {
  const bytes = Uint8Array.from(modelBytes(MODEL));
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) =>
      new URL(request.url).pathname === "/net.onnx" ? new Response(bytes) : new Response("no", { status: 404 }),
  );
  try {
    const base = `http://127.0.0.1:${server.addr.port}`;
    const model = await open(`${base}/net.onnx`, { cache: false });
    assertEquals(model.name, "net");
    assertEquals(await model.bytes(), bytes);
    await assertRejects(() => open(new URL(`${base}/other.onnx`)), Error, "the server answered 404");
    await assertRejects(() => open("http://[/net.onnx"), DownloadError, "http://[/net.onnx: is no web address.");
  } finally {
    await server.shutdown();
  }
});

Deno.test("open() keeps names that begin with a byte order mark, and refuses names that are no UTF-8", async () => {
  const named = (before: string) =>
    modelBytes({
      inputs: { [`${before}x`]: [1, 3, 4, 4] },
      outputs: { [`${before}y`]: null },
      initializers: { [`${before}w`]: random([4, 3, 1, 1], 1), s: randomIn(0.5, 1.5, [4, 1, 1], 2) },
      nodes: [
        { op: "Conv", inputs: [`${before}x`, `${before}w`], outputs: [`${before}c`] },
        { op: "Mul", inputs: [`${before}c`, "s"], outputs: [`${before}m`] },
        { op: "Relu", inputs: [`${before}m`], outputs: [`${before}y`] },
      ],
    });
  const { model, report } = await fuse(named("\ufeff"));
  assertEquals(report.after.ops, { Conv: 1, Relu: 1 });
  assertEquals(model.outputs.map(({ name }) => name), ["\ufeffy"]);
  assertEquals(model.nodes.map(({ inputs: [x] }) => x), ["\ufeffx", "\ufeffm"]);
  const wrong = named("~").map((byte) => byte === "~".charCodeAt(0) ? 0xff : byte);
  await assertRejects(
    () => open(wrong),
    ModelFormatError,
    "a name cannot be read (The encoded data",
  );
});

Deno.test("open() refuses an initializer that is there twice: which one counts depends on the runtime and on its size", async () => {
  const type = messageType("ModelProto"),
    model = type.decode(modelBytes({
      inputs: { x: [4] },
      outputs: { y: [4] },
      initializers: { s: tensor([], [2]) },
      nodes: [{ op: "Mul", inputs: ["x", "s"], outputs: ["y"] }],
    })) as unknown as { graph: { initializer: unknown[] } };
  model.graph.initializer.push(model.graph.initializer[0]);
  await assertRejects(
    () => open(type.encode(model as unknown as Parameters<typeof type.encode>[0]).finish()),
    ModelFormatError,
    "(bytes): not a valid ONNX model: initializer 's' is there twice; it must be there once.",
  );
});

Deno.test("open() refuses a node that has an attribute twice: which one counts depends on the operator", async () => {
  const type = messageType("ModelProto"),
    model = type.decode(modelBytes({
      inputs: { x: [4] },
      outputs: { y: [4] },
      nodes: [{ op: "Softmax", name: "s", inputs: ["x"], outputs: ["y"], attributes: { axis: 0 } }],
    })) as unknown as { graph: { node: { attribute: unknown[] }[] } };
  const [{ attribute }] = model.graph.node;
  attribute.push(attribute[0]);
  await assertRejects(
    () => open(type.encode(model as unknown as Parameters<typeof type.encode>[0]).finish()),
    ModelFormatError,
    "(bytes): not a valid ONNX model: an attribute of s is there twice; it must be there once.",
  );
});
