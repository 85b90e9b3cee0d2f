/** Every architecture of `build`, calibrated, on real images: the same answers after fusion, and nothing left that can go. */
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import * as ort from "onnxruntime-node";
import { fuse } from "../../src/fusion/mod.ts";
import { type Architecture, architectures, build } from "../../src/models/mod.ts";
import { errorOf, outputsOf } from "../fuzz/check_graph.ts";

/** What is left of the layers and of what was between them. */
const LEFT: Record<Architecture, Record<string, number>> = {
  resnet18: { Conv: 20 },
  resnet34: { Conv: 36 },
  resnet50: { Conv: 53 },
  resnet101: { Conv: 104 },
  resnet152: { Conv: 155 },
  // 62 of 121: each before a Relu, on a concatenation or its first part, which others use too
  densenet121: { Conv: 120, BatchNormalization: 62, Pad: 0, AveragePool: 3 },
  mobilenet_v2: { Conv: 52 },
  efficientnet_b0: { Conv: 81 },
  repvgg_a0: { Conv: 22, Add: 0 },
  mobileone_s0: { Conv: 43, Add: 0 },
  unet: { Conv: 19, ConvTranspose: 4 },
  lora_transformer: { MatMul: 32 },
};

const IMAGES = 16, SIZE = 64;
const pixels = await Deno.readFile(new URL("../fixtures/fashion_images.u8", import.meta.url));

/** The first images, enlarged and in three equal channels; or as many rows of numbers for the transformer. */
function input(architecture: Architecture): ort.Tensor {
  if (architecture === "lora_transformer") {
    return new ort.Tensor("float32", Float32Array.from(pixels.subarray(0, IMAGES * 768), (p) => p / 255), [
      IMAGES,
      3,
      256,
    ]);
  }
  const data = new Float32Array(IMAGES * 3 * SIZE * SIZE);
  for (let at = 0; at < data.length; at++) {
    const image = Math.floor(at / (3 * SIZE * SIZE)), row = Math.floor(at / SIZE) % SIZE, column = at % SIZE;
    const y = Math.floor(row * 28 / SIZE), x = Math.floor(column * 28 / SIZE);
    data[at] = (pixels[image * 784 + y * 28 + x] / 255 - 0.45) / 0.23;
  }
  return new ort.Tensor("float32", data, [IMAGES, 3, SIZE, SIZE]);
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

for (const architecture of architectures) {
  Deno.test(`${architecture} fused gives the same answers on real images, without a BatchNormalization that can go`, async () => {
    const model = await build(architecture, { seed: 3 });
    const { model: fused, report } = await fuse(model);
    for (const [op, count] of Object.entries({ BatchNormalization: 0, ...LEFT[architecture] })) {
      assertEquals(report.after.ops[op] ?? 0, count, op);
    }
    const explained = new Set(report.skipped.map(({ node }) => node));
    const stays = fused.nodes.filter(({ opType }) => opType === "BatchNormalization").map(({ name }) => name);
    assertEquals(stays.filter((name) => !explained.has(name)), [], "each BatchNormalization left is explained");

    const folder = await Deno.makeTempDir();
    try {
      await model.save(`${folder}/before.onnx`);
      await fused.save(`${folder}/after.onnx`);
      const feeds = { input: input(architecture) };
      const [before, after] = [
        await outputsOf(`${folder}/before.onnx`, feeds),
        await outputsOf(`${folder}/after.onnx`, feeds),
      ];
      assertLess(errorOf(before.output, after.output), 1e-5, "relative L2 error");
      const axis = before.output.dims.length === 4 ? 1 : before.output.dims.length - 1;
      const [a, b] = [classes(before.output, axis), classes(after.output, axis)];
      if (axis === 1 && before.output.dims.length === 2) {
        assertEquals(b, a, "top-1");
        assertGreater(new Set(a).size, 1, "the answers differ from image to image");
      } else {assertGreater(
          b.filter((answer, at) => answer === a[at]).length / a.length,
          0.9999,
          "top-1 of every position",
        );}
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
