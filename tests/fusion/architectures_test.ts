/**
 * Architectures of `build`, calibrated, on real images: the same answers after fusion, and nothing left that can go. Of those that
 * differ only in size from another, what is left is looked at without running them.
 */
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import * as ort from "onnxruntime-node";
import { fuse, type FusionReport } from "../../src/fusion/mod.ts";
import { assemble } from "../../src/models/build.ts";
import { type Architecture, architectures, build, type Model } from "../../src/models/mod.ts";
import { errorOf, outputsOf } from "../fuzz/check_graph.ts";

/** What is left of the layers and of what was between them. */
const LEFT: Partial<Record<Architecture, Record<string, number>>> = {
  resnet18: { Conv: 20 },
  resnet34: { Conv: 36 },
  resnet50: { Conv: 53 },
  resnet101: { Conv: 104 },
  resnet152: { Conv: 155 },
  // 62 of 121: each before a Relu, on a concatenation or its first part, which others use too
  densenet121: { Conv: 120, BatchNormalization: 62, Pad: 0, AveragePool: 3 },
  mobilenet_v2: { Conv: 52 },
  efficientnet_b0: { Conv: 81 },
  resnext50_32x4d: { Conv: 53 },
  mobilenet_v3_small: { Conv: 51 }, // one 1×1 and the 1×1 after it are one
  mobilenet_v3_large: { Conv: 62 },
  inception_v3: { Conv: 94, AveragePool: 9, Pad: 0 },
  googlenet: { Conv: 57 },
  shufflenet_v2_x1_0: { Conv: 56 },
  regnet_y_400mf: { Conv: 85 },
  convnext_tiny: { Conv: 22, MatMul: 36, Gemm: 1 },
  swin_t: { Conv: 1, MatMul: 75, Gemm: 1 },
  r3d_18: { Conv: 20 },
  deeplabv3_mobilenet_v3_large: { Conv: 70 },
  dcgan_generator: { ConvTranspose: 5 },
  repvgg_a0: { Conv: 22, Add: 0 },
  mobileone_s0: { Conv: 43, Add: 0 },
  unet: { Conv: 19, ConvTranspose: 4 },
  lora_transformer: { MatMul: 32 },
  bert_encoder: { MatMul: 32 },
  minilm_l6: { MatMul: 48, Gather: 1, LayerNormalization: 13 },
  gpt_blocks: { Gemm: 16, MatMul: 8 },
  llama_blocks: { MatMul: 36 },
  vit_tiny_patch16_224: { Conv: 1, MatMul: 72, Gemm: 1 },
  convnext_atto: { Conv: 40, Gemm: 1 },
  mixer_s16_224: { Conv: 1, MatMul: 32, Gemm: 1 },
  poolformer_s12: { Conv: 28, Gemm: 1 },
  // two classifiers are one
  efficientformer_l1: { Conv: 33, MatMul: 6, Gemm: 1 },
  repvit_m0_9: { Conv: 103, Gemm: 1 },
  fastvit_t8: { Conv: 52, Sub: 0, Gemm: 1 },
  vae_decoder: {},
  gan_discriminator: {},
  quartznet_5x5: {},
  wav2vec2_stem: {},
  ecg_resnet1d: { BatchNormalization: 3 }, // each of a sum that the next shortcut takes too
  yolov5s_focus: {},
  yolov8n: {},
  einsum_blocks: {},
  crnn_lstm: {},
  iresnet50: { BatchNormalization: 24 }, // each of a block's input, in front of a padded convolution
  mtcnn_pnet: {},
  mtcnn_rnet: {},
  mtcnn_onet: {},
  red_net10: {},
  byte_classifier: { OneHot: 0, MatMul: 0, Gather: 2 },
  resnext29_branches: { Conv: 31, Split: 0, Concat: 0 },
  dilated_context: { Conv: 9, Transpose: 0, Pad: 0, SpaceToDepth: 0, DepthToSpace: 0 },
};

/** Sizes of dynamic dimensions. */
const SIZES: Record<string, number> = {
  batch: 16,
  frames: 4,
  height: 64,
  width: 64,
  sequence: 3,
  time: 96,
  samples: 4000,
};
/** Where those do not fit it. */
const LARGER: Partial<Record<Architecture, Record<string, number>>> = {
  inception_v3: { batch: 4, height: 96, width: 96 },
  r3d_18: { batch: 4, frames: 4, height: 32, width: 32 },
  iresnet50: { batch: 2 },
  vae_decoder: { batch: 2, height: 16, width: 16 },
};

/** Those whose output [N, C, L] has the classes in the middle. */
const CHANNELS_FIRST = /^(yolo|wav2vec2)/;

const pixels = await Deno.readFile(new URL("../fixtures/fashion_images.u8", import.meta.url));

/** Inputs of a model: the first images, enlarged, in equal channels, or as rows of numbers where it takes no images. */
function inputs(model: Model): ort.Tensor[] {
  const sizes = { ...SIZES, ...LARGER[model.name as Architecture] };
  const dims = model.inputs[0].shape!.map((dim) => typeof dim === "number" ? dim : sizes[dim!]);
  // a model for one image gets several in turn, unless it is large
  const isLarge = dims.length === 4 && dims[3]! > 256, count = dims[0] === 1 && !isLarge ? 3 : 1;
  const data = new Float32Array(count * dims.reduce((a, b) => a * b));
  if (model.inputs[0].type === "int64") { // ids, the last of them padding
    const ids = BigInt64Array.from(data, (_, at) => BigInt(at % dims[1]! < 2 ? 1000 + 500 * at : 0));
    return [new ort.Tensor("int64", ids, dims)];
  }
  if (dims.length < 4) data.forEach((_, at) => data[at] = (pixels[at % pixels.length] / 255 - 0.45) / 0.23);
  else {
    const [height, width] = dims.slice(-2), each = dims.slice(1).reduce((a, b) => a * b);
    for (let at = 0; at < data.length; at++) {
      const image = Math.floor(at / each), row = Math.floor(at / width) % height, column = at % width;
      const y = Math.floor(row * 28 / height), x = Math.floor(column * 28 / width);
      data[at] = (pixels[image * 784 + y * 28 + x] / 255 - 0.45) / 0.23;
    }
  }
  const size = data.length / count;
  return Array.from(
    { length: count },
    (_, index) => new ort.Tensor("float32", data.subarray(index * size, (index + 1) * size), dims),
  );
}

/** Where the largest of each `length` numbers, `stride` apart, is. */
function classes({ dims, data }: { dims: readonly number[]; data: ArrayLike<number> }, axis: number): number[] {
  const stride = dims.slice(axis + 1).reduce((a, b) => a * b, 1), length = dims[axis];
  return Array.from({ length: data.length / length }, (_, at) => {
    const first = Math.floor(at / stride) * stride * length + at % stride;
    let best = 0;
    for (let entry = 1; entry < length; entry++) {
      if (data[first + entry * stride] > data[first + best * stride]) best = entry;
    }
    return best;
  });
}

/** The larger ones: what is left of each layer, by operator. */
const LARGE: Partial<Record<Architecture, Record<string, number>>> = {
  wide_resnet50_2: { Conv: 53 },
  densenet161: { Conv: 160, BatchNormalization: 82, Pad: 0 },
  densenet169: { Conv: 168, BatchNormalization: 86, Pad: 0 },
  densenet201: { Conv: 200, BatchNormalization: 102, Pad: 0 },
  efficientnet_v2_s: { Conv: 170 },
  r2plus1d_18: { Conv: 37 },
  vgg11_bn: { Conv: 8 },
  vgg13_bn: { Conv: 10 },
  vgg16_bn: { Conv: 13 },
  vgg19_bn: { Conv: 16 },
};

function assertLeft(report: FusionReport, fused: Model, left: Record<string, number>): void {
  for (const [op, count] of Object.entries({ BatchNormalization: 0, ...left })) {
    assertEquals(report.after.ops[op] ?? 0, count, op);
  }
  const explained = new Set(report.skipped.map(({ node }) => node));
  const stays = fused.nodes.filter(({ opType }) => opType === "BatchNormalization").map(({ name }) => name);
  assertEquals(stays.filter((name) => !explained.has(name)), [], "each BatchNormalization left is explained");
}

Deno.test("every architecture is looked at after fusion", () => {
  assertEquals([...Object.keys(LEFT), ...Object.keys(LARGE)].toSorted(), architectures.toSorted());
});

for (const [architecture, left] of Object.entries(LARGE)) {
  Deno.test(`${architecture} fused has no BatchNormalization that can go`, async () => {
    const { model, report } = await fuse(assemble(architecture as Architecture, 0, new Map()));
    assertLeft(report, model, left);
  });
}

for (const [architecture, left] of Object.entries(LEFT) as [Architecture, Record<string, number>][]) {
  Deno.test(`${architecture} fused gives the same answers on real images, without a BatchNormalization that can go`, async () => {
    const model = await build(architecture, { seed: 3 });
    const { model: fused, report } = await fuse(model);
    assertLeft(report, fused, left);
    const folder = await Deno.makeTempDir();
    try {
      await model.save(`${folder}/before.onnx`);
      await fused.save(`${folder}/after.onnx`);
      const answers: [before: number, after: number][] = [];
      let isClassifier = false;
      for (const input of inputs(model)) {
        const [before, after] = [
          await outputsOf(`${folder}/before.onnx`, { input }),
          await outputsOf(`${folder}/after.onnx`, { input }),
        ];
        assertLess(errorOf(before.output, after.output), 1e-5, "relative L2 error");
        const rank = before.output.dims.length, axis = rank >= 4 || CHANNELS_FIRST.test(architecture) ? 1 : rank - 1;
        isClassifier = rank === 2;
        if (before.output.dims[axis] === 1) continue; // a single number has no largest
        const fusedAnswers = classes(after.output, axis);
        classes(before.output, axis).forEach((a, at) => answers.push([a, fusedAnswers[at]]));
      }
      if (answers.length === 0) return;
      assertGreater(new Set(answers.map(([before]) => before)).size, 1, "the answers differ from image to image");
      const share = answers.filter(([a, b]) => a === b).length / answers.length;
      if (isClassifier) assertEquals(share, 1, "top-1");
      else assertGreater(share, 0.9999, "top-1 of every position");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
