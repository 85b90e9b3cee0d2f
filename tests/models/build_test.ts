import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type NamedTensors, openSession } from "../../src/bench/session.ts";
import type { Model } from "../../src/fusion/model.ts";
import { open } from "../../src/fusion/open.ts";
import { addOutput } from "../../src/graph/new_model.ts";
import { type Architecture, architectures, build, defaultInputShape } from "../../src/models/mod.ts";
import { ARCHITECTURES } from "../../src/models/architectures.ts";
import { assemble } from "../../src/models/build.ts";
import { calibrationImages } from "../../src/models/calibrate.ts";
import { valuesOf } from "../../src/tensor/tensor.ts";
import { COUNTS } from "./counts.ts";
import { STATE_DICTS } from "./state_dicts.ts";

/** Learned parameters, as torchvision counts them: without the BatchNormalization statistics and the constants. */
const LEARNED =
  /(\.(weight|bias|gamma|scale|attention_biases|kernel|weight_orig)|cls_token|pos_embed)$|\.lora_|\.[WRB]$/;
/** Copies of a parameter in the shape that an operator takes it in. */
const DERIVED = /^onnx::.*\.weight_orig$/;
function learned(model: Model): number {
  return [...model.graphs().graph.initializers].filter(({ name }) => LEARNED.test(name) && !DERIVED.test(name))
    .reduce((sum, { initializer }) => sum + initializer!.size, 0);
}

async function run(model: Model, shape: readonly number[], data?: Float32Array): Promise<NamedTensors> {
  const directory = await Deno.makeTempDir();
  try {
    const path = join(directory, "model.onnx");
    await model.save(path);
    await using session = await openSession(path, { level: "disabled" });
    const { data: random } = calibrationImages(7, [1, 1, 1, shape.reduce((a, b) => a * b)]),
      [{ type }] = session.inputs;
    const ids = () => BigInt64Array.from(random, (value) => BigInt(Math.floor(1000 * Math.abs(value))));
    return await session.run({ input: { type, dims: shape, data: data ?? (type === "int64" ? ids() : random) } });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const floats = ({ output }: NamedTensors): Float32Array => output.data as Float32Array;
const hash = async (model: Model) =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", await model.bytes() as Uint8Array<ArrayBuffer>)).toHex();

const progress: [number, string][] = [];
let resnet18: Promise<Model> | undefined;
const built = (): Promise<Model> =>
  resnet18 ??= build("resnet18", { onProgress: (...reported) => progress.push(reported) });

Deno.test("every architecture has the nodes and the parameters of its original", () => {
  const counted = [...Object.keys(COUNTS), ...Object.keys(STATE_DICTS)];
  assertEquals(architectures.filter((name) => !counted.includes(name)), [], "in neither table");
  for (const [architecture, { parameters, ops }] of Object.entries(COUNTS)) {
    const model = assemble(architecture as Architecture, 0, new Map());
    assertEquals(learned(model), parameters, `${architecture}: parameters`);
    for (const [op, count] of Object.entries(ops)) assertEquals(model.stats.ops[op], count, `${architecture}: ${op}`);
  }
});

/** Larger ones of a family that another is tested of. */
const ALIKE = /^(resnet|wide_resnet|vgg1[369]|densenet1[67]|densenet2)/;

Deno.test("every architecture runs at other sizes than its default, and its output has the declared shape", async () => {
  const dynamic: Record<string, number> = {
    batch: 2,
    frames: 5,
    height: 96,
    width: 128,
    sequence: 7,
    time: 50,
    samples: 800,
  };
  for (const architecture of architectures.filter((name) => !ALIKE.test(name))) {
    const model = assemble(architecture, 0, new Map());
    const sizes = (dims: readonly (number | string | null)[]) => dims.map((dim) => dynamic[dim!] ?? dim) as number[];
    const shape = sizes(model.inputs[0].shape!);
    assertEquals(shape.length, defaultInputShape(architecture).length);
    const { output } = await run(model, shape);
    assertEquals(
      output.dims,
      sizes(model.outputs[0].shape!).map((size, axis) => size ?? output.dims[axis]),
      architecture,
    );
    assert((output.data as Float32Array).every(Number.isFinite), architecture);
  }
});

Deno.test("nodes and parameters are named as PyTorch names them", () => {
  const { nodes } = assemble("resnet50", 0, new Map());
  const find = (name: string) => nodes.find((node) => node.name === name);
  assertEquals(find("/layer1/layer1.0/conv1/Conv")?.inputs[1], "layer1.0.conv1.weight");
  assertEquals(find("/layer2/layer2.0/downsample/downsample.1/BatchNormalization")?.inputs.slice(1), [
    "layer2.0.downsample.1.weight",
    "layer2.0.downsample.1.bias",
    "layer2.0.downsample.1.running_mean",
    "layer2.0.downsample.1.running_var",
  ]);
  assertEquals(find("/layer3/layer3.5/relu_2/Relu")?.inputs, ["/layer3/layer3.5/Add_output_0"]);
  const mobilenet = assemble("mobilenet_v2", 0, new Map()).nodes.map(({ name }) => name);
  assert(mobilenet.includes("/features/features.1/conv/conv.0/conv.0.2/Clip"));
  assertEquals(nodes.at(-1), {
    name: "/fc/Gemm",
    opType: "Gemm",
    inputs: ["/Flatten_output_0", "fc.weight", "fc.bias"],
    outputs: ["output"],
  });
});

Deno.test("a bottleneck has its stride in the 3×3 convolution", () => {
  const { graph } = assemble("resnet50", 0, new Map()).graphs();
  const strides = (name: string) => graph.nodes.find((node) => node.name === name)!.numbers("strides");
  assertEquals(strides("/layer2/layer2.0/conv1/Conv"), [1, 1]);
  assertEquals(strides("/layer2/layer2.0/conv2/Conv"), [2, 2]);
});

Deno.test("build() gives the same bytes for the same seed, others for another", async () => {
  const first = await hash(await built());
  assertEquals(await hash(await build("resnet18", { seed: 0 })), first);
  const [zero, one] = await Promise.all([0, 1].map((seed) => hash(assemble("resnet18", seed, new Map()))));
  assert(zero !== one);
});

Deno.test("the weights of a built model can be read before it is saved, and are those of its file", async () => {
  const model = await built();
  const [a, b] = [model, await open(await model.bytes())].map((one) => {
    const { graph } = one.graphs();
    return ["layer1.0.conv2.weight", "bn1.running_var"].map((name) => valuesOf(graph.values.get(name)!.initializer!));
  });
  assertEquals(a, b);
});

for (
  const [name, script, size, most] of [
    ["saving a built model takes far less memory than the model has", "peak_memory.ts", 178e6, 150], // most of it is Deno
    ["ResNet-152 is built and calibrated in less than 300 MB", "peak_build.ts", 240e6, 300],
  ] as const
) {
  Deno.test({
    name,
    ignore: Deno.build.os !== "linux", // peak memory is read from /proc
    fn: async () => {
      const path = await Deno.makeTempFile({ suffix: ".onnx" });
      try {
        const { stdout } = await new Deno.Command(Deno.execPath(), {
          // a young generation of one size, or how late it is collected is most of the difference
          args: [
            "run",
            "-A",
            "--no-lock",
            "--no-check",
            "--v8-flags=--max-semi-space-size=4",
            fileURLToPath(new URL(script, import.meta.url)),
            path,
          ],
          stderr: "inherit",
        }).output();
        const { bytes, peakMB } = JSON.parse(new TextDecoder().decode(stdout));
        assert(bytes > size, `${bytes} bytes`);
        assert(peakMB < most, `${peakMB} MB at the peak`);
      } finally {
        await Deno.remove(path);
      }
    },
  });
}

Deno.test("a built model runs at any batch, height and width, and its output depends on the image", async () => {
  const outputs = await run(await built(), [2, 3, 96, 64]);
  assertEquals(outputs.output.dims, [2, 1000]);
  const values = floats(outputs), first = values.subarray(0, 1000), second = values.subarray(1000);
  assert(values.every(Number.isFinite));
  const norm = (v: Float32Array) => Math.hypot(...v);
  assert(norm(first) > 1 && norm(first) < 1000, `norm ${norm(first)}`);
  assert(norm(first.map((v, i) => v - second[i])) > 0.05 * norm(first), "two images give the same output");
  assertEquals((await run(await built(), [1, 3, 33, 47])).output.dims, [1, 1000]);
});

Deno.test("the stored statistics are those of each BatchNormalization's inputs on the calibration images", async () => {
  const model = await built();
  const dims = ARCHITECTURES.resnet18.calibration!;
  const names = ["/conv1/Conv_output_0", "/layer2/layer2.0/downsample/downsample.0/Conv_output_0", LAST];
  const graphs = model.graphs();
  for (const name of names) addOutput(graphs, graphs.graph.values.get(name)!);
  const outputs = await run(model.with(graphs), dims, calibrationImages(0, dims).data);
  for (const name of names) {
    const [node] = graphs.graph.values.get(name)!.users.keys();
    const [mean, variance] = [3, 4].map((input) => valuesOf(node.inputs[input]!.initializer!));
    const measured = channelStatistics(outputs[name]);
    // float32 sums over up to 50 176 elements, through up to 18 layers
    assertClose(mean, measured.mean, variance.map(Math.sqrt), 1e-3, `${name}: mean`);
    assertClose(variance, measured.variance, variance, 1e-3, `${name}: variance`);
  }
});

const LAST = "/layer4/layer4.1/conv2/Conv_output_0";

function channelStatistics({ dims: [images, channels, height, width], data }: NamedTensors[string]) {
  const plane = height * width, n = images * plane;
  const mean = new Float64Array(channels), variance = new Float64Array(channels);
  const values = data as Float32Array;
  const each = (visit: (value: number, channel: number) => void) =>
    values.forEach((value, i) => visit(value, Math.floor(i / plane) % channels));
  each((value, channel) => mean[channel] += value / n);
  each((value, channel) => variance[channel] += (value - mean[channel]) ** 2 / n);
  return { mean, variance };
}

function assertClose(a: Float64Array, b: Float64Array, scale: Float64Array, tolerance: number, what: string): void {
  a.forEach((value, i) => {
    assert(
      Math.abs(value - b[i]) <= tolerance * scale[i],
      `${what} of channel ${i}: ${value} stored, ${b[i]} measured`,
    );
  });
}

Deno.test("no BatchNormalization is near the identity, so a fold that forgets one would show", async () => {
  const { graph } = (await built()).graphs();
  for (const node of graph.nodes.filter((node) => node.is("BatchNormalization"))) {
    const [scale, shift, mean, variance] = [1, 2, 3, 4].map((input) => valuesOf(node.inputs[input]!.initializer!));
    const spread = (values: Float64Array) => Math.max(...values) - Math.min(...values);
    assert(spread(scale) > 0.2 && spread(shift) > 0.1, node.label);
    assert(variance.every((value) => value > 1e-3) && mean.some((value) => Math.abs(value) > 1e-2), node.label);
  }
});

Deno.test("build() reports its phases in order", async () => {
  await built();
  assertEquals(progress.map(([, phase]) => phase), ["weights", "calibration", "done"]);
  const fractions = progress.map(([fraction]) => fraction);
  assertEquals(fractions, fractions.toSorted((a, b) => a - b));
  assertEquals(fractions.at(-1), 1);
});

Deno.test("build() names the architectures it knows when asked for another", async () => {
  await assertRejects(
    () => build("resnet20" as Architecture),
    RangeError,
    `there is no architecture 'resnet20'; did you mean 'resnet50'? Known: ${architectures.join(", ")}`,
  );
  await assertRejects(() => build("toString" as Architecture), RangeError);
  assertThrows(() => defaultInputShape("vgg" as Architecture), RangeError, "resnet18");
});

Deno.test("build() refuses a seed that is not an integer", async () => {
  await assertRejects(() => build("resnet18", { seed: 0.5 }), RangeError, "seed 0.5: expected an integer");
});

Deno.test("build() writes the operator set it is asked for, and refuses one that PyTorch's exporter does not write", async () => {
  for (const [opset, irVersion] of [[13, 7], [17, 8], [20, 9], [23, 11]]) {
    const model = assemble("resnet18", 0, new Map(), opset);
    assertEquals([model.graphs().graph.opsets.get(""), model.graphs().irVersion], [opset, irVersion]);
    assertEquals((await run(model, [1, 3, 32, 32])).output.dims, [1, 1000]);
  }
  for (const opset of [12, 24, 17.5]) {
    await assertRejects(
      () => build("resnet18", { opset }),
      RangeError,
      `opset ${opset}: expected a whole number from 13 to 23`,
    );
  }
});

Deno.test("models that are saved at the same time have the bytes that each has when saved alone", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const saved = async (seed: number, name: string) => {
      const path = join(folder, name);
      await assemble("bert_encoder", seed, new Map()).save(path);
      return new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(path))).toHex();
    };
    const seeds = [0, 1, 2];
    const alone: string[] = [];
    for (const seed of seeds) alone.push(await saved(seed, `alone${seed}.onnx`));
    assertEquals(await Promise.all(seeds.map((seed) => saved(seed, `together${seed}.onnx`))), alone);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("an operator that the operator set does not have yet is written out", async () => {
  const ops = (opset: number) => assemble("bert_encoder", 0, new Map(), opset).stats.ops;
  const { LayerNormalization: none, ReduceMean, Pow, Sqrt, Erf } = ops(13);
  assertEquals([none, ReduceMean, Pow, Sqrt, Erf], [undefined, 16, 8, 8, 4]);
  assertEquals([ops(17).LayerNormalization, ops(17).ReduceMean, ops(17).Erf], [8, undefined, 4]);
  assertEquals([ops(20).Gelu, ops(20).Erf, ops(20).Div], [4, undefined, undefined]);
  const outputs = await Promise.all(
    [13, 17, 20].map(async (opset) => floats(await run(assemble("bert_encoder", 0, new Map(), opset), [1, 128, 256]))),
  );
  const norm = Math.hypot(...outputs[0]);
  for (const output of outputs) {
    const error = Math.hypot(...output.map((value, at) => value - outputs[0][at])) / norm;
    assert(error < 1e-6, `all compute the same, up to ${error}`);
  }
});

Deno.test("a network has all the outputs of its original", async () => {
  const outputs = await run(assemble("mtcnn_onet", 0, new Map()), [16, 3, 48, 48]);
  const dims = Object.fromEntries(Object.entries(outputs).map(([name, { dims }]) => [name, dims]));
  assertEquals(dims, { output: [16, 4], output_1: [16, 10], output_2: [16, 2] });
});

Deno.test("nodes of a ModuleList are named without it, as the exporter does", () => {
  const names = (architecture: Architecture) => assemble(architecture, 0, new Map()).nodes.map(({ name }) => name);
  assert(names("gpt_blocks").includes("/h.0/attn/c_attn/Gemm"));
  assert(names("vit_tiny_patch16_224").includes("/blocks/blocks.0/attn/qkv/MatMul"));
  const yolo = names("yolov5s_focus");
  assert(yolo.includes("/model.2/m/m.0/cv1/conv/Conv") && yolo.includes("/model.8/m.0/MaxPool"));
});

Deno.test("build() ends where it is aborted, before and within the pass over the batch", async () => {
  await assertRejects(() => build("resnet18", { signal: AbortSignal.abort() }), DOMException);
  const abort = new AbortController(), phases: string[] = [];
  const onProgress = (_: number, phase: string) => {
    phases.push(phase);
    if (phase === "calibration") abort.abort();
  };
  await assertRejects(() => build("resnet18", { signal: abort.signal, onProgress }), DOMException);
  assertEquals(phases, ["weights", "calibration"]);
});
