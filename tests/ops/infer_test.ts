/** Inferred shapes and types against what ONNX Runtime makes of every value. */
import { assertEquals, assertGreater } from "@std/assert";
import fc from "fast-check";
import * as ort from "onnxruntime-node";
import { open } from "../../src/fusion/mod.ts";
import { fixture } from "../bench/fixture.ts";
import { arbitraryRecipe, modelOf } from "../fuzz/arbitrary_graph.ts";
import { outputsOf, withOutputs } from "../fuzz/check_graph.ts";
import { feedsFor, modelBytes, random, type TestModel, type TestNode } from "../onnx_model.ts";

/** Compares every value of the main graph; named dimensions must be the same number wherever they are. Returns known of all. */
async function compare(bytes: Uint8Array, feeds: Record<string, ort.Tensor>): Promise<{ known: number; all: number }> {
  const { graph } = (await open(bytes)).graphs();
  // what gives a sequence gives no tensor that could be looked at
  const nodes = graph.nodes.filter(({ opType }) =>
    !["SplitToSequence", "SequenceConstruct", "SequenceInsert"].includes(opType)
  );
  const values = nodes.flatMap(({ outputs }) => outputs).filter((value) => value !== undefined);
  const actual = await outputsOf(withOutputs(bytes, values.map(({ name }) => ({ name }))), feeds);
  const named = new Map<string, number>();
  let known = 0, all = 0;
  for (const { name, shape, type, producer } of values) {
    const { dims, type: actualType } = actual[name];
    const what = `'${name}', made by ${
      producer!.opType
    }: inferred ${type}[${shape}], in ONNX Runtime ${actualType}[${dims}]`;
    if (type && type !== "opaque") assertEquals(type, actualType, what);
    all += dims.length + 1;
    if (!shape) continue;
    known++;
    assertEquals(shape.length, dims.length, what);
    shape.forEach((dim, axis) => {
      if (dim === null) return;
      known++;
      if (typeof dim === "number") assertEquals(dim, dims[axis], what);
      else assertEquals(dims[axis], named.get(dim) ?? named.set(dim, dims[axis]).get(dim), `${what}: dimension ${dim}`);
    });
  }
  return { known, all };
}

for (const name of ["resnet", "densenet", "repvgg", "convrelubn", "autoencoder"]) {
  Deno.test(`every shape of fashion_${name} is inferred, the batch by its name`, async () => {
    const bytes = await Deno.readFile(fixture(`fashion_${name}`));
    const image = new ort.Tensor("float32", new Float32Array(3 * 784), [3, 1, 28, 28]);
    const { known, all } = await compare(bytes, { image });
    assertEquals(known, all);
  });
}

Deno.test("shapes of random graphs are inferred as ONNX Runtime has them", async () => {
  let known = 0, all = 0;
  await fc.assert(
    fc.asyncProperty(arbitraryRecipe(), async (recipe) => {
      const model = modelOf(recipe), bytes = modelBytes(model), feeds = feedsFor(model);
      try {
        await outputsOf(bytes, feeds);
      } catch {
        return; // not one that ONNX Runtime runs
      }
      const counts = await compare(bytes, feeds);
      known += counts.known;
      all += counts.all;
    }),
    { numRuns: 250, seed: 4 },
  );
  console.log(`${known} of ${all} ranks and dimensions inferred`);
  assertGreater(known / all, 0.95);
});

/** One sliding-window operator with random parameters on a known input, all of whose dimensions must be inferred. */
Deno.test("Conv, ConvTranspose and pools of any geometry are inferred whole", async () => {
  const axes = fc.integer({ min: 1, max: 3 });
  const geometry = axes.chain((rank) => {
    const list = (length: number, min: number, max: number) =>
      fc.array(fc.integer({ min, max }), { minLength: length, maxLength: length });
    return fc.record({
      op: fc.constantFrom("Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool"),
      spatial: list(rank, 5, 9),
      kernel: list(rank, 1, 3),
      strides: list(rank, 1, 3),
      dilations: list(rank, 1, 2),
      pads: list(2 * rank, 0, 2),
      extra: list(rank, 0, 2),
      autoPad: fc.constantFrom("NOTSET", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"),
      ceil: fc.boolean(),
      given: fc.boolean(),
    });
  });
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(geometry, async (g) => {
      const { op, spatial, kernel, strides, dilations, extra, autoPad } = g;
      const pools = op.endsWith("Pool"), w = op === "Conv" ? [4, 3, ...kernel] : [3, 4, ...kernel];
      const node: TestNode = {
        op,
        inputs: pools ? ["x"] : ["x", "w"],
        outputs: ["y"],
        attributes: {
          ...pools || g.given ? { kernel_shape: kernel } : {},
          strides,
          ...op === "AveragePool" || op === "LpPool" ? {} : { dilations },
          ...autoPad === "NOTSET"
            ? { pads: g.pads.map((pad, at) => pools ? Math.min(pad, kernel[at % kernel.length] - 1) : pad) }
            : { auto_pad: autoPad },
          ...pools && op !== "LpPool" && g.ceil ? { ceil_mode: 1 } : {},
          ...op === "ConvTranspose" && autoPad === "NOTSET"
            ? { output_padding: extra.map((e, at) => Math.min(e, strides[at] - 1)) }
            : {},
        },
      };
      const model: TestModel = {
        inputs: { x: [2, 3, ...spatial] },
        outputs: { y: null },
        initializers: pools ? {} : { w: random(w) },
        nodes: [node],
      };
      const bytes = modelBytes(model), feeds = feedsFor(model);
      try {
        await outputsOf(bytes, feeds);
      } catch {
        return;
      }
      const { known, all } = await compare(bytes, feeds);
      // runtimes differ where padding would be negative, and on dilated pools
      const isOpen = autoPad.startsWith("SAME") && (op === "ConvTranspose" || op === "MaxPool");
      if (!isOpen) assertEquals(known, all, "everything is known");
      compared++;
    }),
    { numRuns: 400, seed: 6 },
  );
  assertGreater(compared, 250);
});

Deno.test("a shape the file tells is kept where it says more, and not believed where the rank is another", async () => {
  const model: TestModel = {
    inputs: { x: [null, 3] },
    outputs: { y: null },
    valueInfo: { a: ["batch", 3] },
    nodes: [{ op: "Relu", inputs: ["x"], outputs: ["a"] }, { op: "Neg", inputs: ["a"], outputs: ["y"] }],
  };
  const opened = await open(modelBytes(model));
  assertEquals(opened.inputs[0].shape, [null, 3]);
  const { graph } = opened.graphs();
  assertEquals(graph.find("a")!.shape, ["batch", 3]);
  assertEquals(graph.find("y")!.shape, ["batch", 3]);
});

Deno.test("a Conv or a pool at stride 1 that pads as much as its kernel takes keeps sizes that have names", async () => {
  const shapeOf = async (pads: number[], more: TestNode["attributes"] = {}, op = "Conv") => {
    const [inputs, attributes] = op === "Conv" ? [["x", "w"], {}] : [["x"], { kernel_shape: [3, 3] }];
    const model = modelBytes({
      inputs: { x: ["n", 2, "h", "w_"] },
      outputs: { y: null },
      initializers: op === "Conv" ? { w: random([2, 2, 3, 3], 1) } : {},
      nodes: [{ op, inputs, outputs: ["y"], attributes: { ...attributes, pads, ...more } }],
    });
    return (await open(model)).graphs().graph.find("y")!.shape;
  };
  for (const op of ["Conv", "MaxPool", "AveragePool"]) {
    assertEquals(await shapeOf([1, 1, 1, 1], {}, op), ["n", 2, "h", "w_"]);
    assertEquals(await shapeOf([2, 1, 0, 0], {}, op), ["n", 2, "h", null]);
    assertEquals(await shapeOf([1, 1, 1, 1], { strides: [2, 1] }, op), ["n", 2, null, "w_"]);
  }
  assertEquals(await shapeOf([2, 1, 2, 1], { dilations: [2, 2] }), ["n", 2, "h", null]);
});

Deno.test("a size that attributes make negative, a fraction or endless is not known", async () => {
  const shapeOf = async (op: string, attributes: TestNode["attributes"], domain = "") => {
    const model = modelBytes({
      opset: 9,
      opsets: { "com.microsoft": 1 },
      inputs: { x: ["n", 4, 5, 6] },
      outputs: { y: null },
      nodes: [{ op, domain, inputs: ["x"], outputs: ["y"], attributes }],
    });
    return (await open(model)).graphs().graph.find("y")!.shape;
  };
  assertEquals(await shapeOf("Crop", { border: [4, 0, 4, 1] }), ["n", 4, 4, null]);
  assertEquals(await shapeOf("UnfoldTensor", { size: 2, step: 0 }, "com.microsoft"), ["n", 4, 5, null, 2]);
  assertEquals(await shapeOf("UnfoldTensor", { size: -2 }, "com.microsoft"), ["n", 4, 5, 9, null]);
});
