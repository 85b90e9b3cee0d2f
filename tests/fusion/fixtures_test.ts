/** The trained networks on 500 real images: the same function after fusion, and nothing left that can go. */
import { assertEquals, assertLess } from "@std/assert";
import * as ort from "onnxruntime-node";
import { fuse } from "../../src/fusion/mod.ts";
import { fixture } from "../bench/fixture.ts";
import { errorOf, outputsOf } from "../fuzz/check_graph.ts";

const folder = new URL("../fixtures/", import.meta.url);
const pixels = await Deno.readFile(new URL("fashion_images.u8", folder));
const labels = await Deno.readFile(new URL("fashion_labels.u8", folder));
const images = new ort.Tensor("float32", Float32Array.from(pixels, (pixel) => pixel / 255), [500, 1, 28, 28]);

function classes(logits: ArrayLike<number>): number[] {
  return Array.from({ length: 500 }, (_, image) => {
    const row = Array.from({ length: 10 }, (_, at) => logits[image * 10 + at]);
    return row.indexOf(Math.max(...row));
  });
}

function accuracy(found: number[]): number {
  return found.filter((label, image) => label === labels[image]).length / 5; // percent
}

/** What is left of each network's operators, and the accuracy its README states. */
const EXPECTED: Record<string, { accuracy: number; left: Record<string, number> }> = {
  fashion_resnet: {
    accuracy: 92.8,
    left: { Conv: 9, Relu: 7, Add: 3, GlobalAveragePool: 1, Flatten: 1, Gemm: 1 },
  },
  fashion_densenet: { // 12 BatchNormalizations before a Relu, on concatenations that others use too
    accuracy: 92.2,
    left: {
      Conv: 21,
      BatchNormalization: 12,
      Relu: 21,
      Concat: 9,
      AveragePool: 2,
      GlobalAveragePool: 1,
      Flatten: 1,
      Gemm: 1,
    },
  },
  fashion_repvgg: { accuracy: 92.4, left: { Conv: 6, Relu: 6, GlobalAveragePool: 1, Flatten: 1, Gemm: 1 } },
  fashion_convrelubn: { accuracy: 93, left: { Conv: 3, Relu: 4, MaxPool: 2, Flatten: 1, Gemm: 2 } },
};

for (const [name, { accuracy: expected, left }] of Object.entries(EXPECTED)) {
  Deno.test(`${name} fused says the same of all 500 images`, async () => {
    const path = fixture(name);
    const { model, report } = await fuse(path);
    const { logits: before } = await outputsOf(await Deno.readFile(path), { image: images });
    const { logits: after } = await outputsOf(await model.bytes(), { image: images });
    assertEquals(accuracy(classes(before.data)), expected);
    assertEquals(classes(after.data), classes(before.data));
    assertLess(errorOf(before, after), 1e-5);
    assertEquals(report.after.ops, left);
    const explained = new Set(report.skipped.map(({ node }) => node));
    const stays = model.nodes.filter(({ opType }) => opType === "BatchNormalization").map(({ name }) => name);
    assertEquals(stays.filter((node) => !explained.has(node)), [], "every BatchNormalization left is explained");
  });
}

Deno.test("fashion_autoencoder fused draws the same pictures, without a BatchNormalization", async () => {
  const path = fixture("fashion_autoencoder");
  const { model, report } = await fuse(path);
  const { reconstruction: before } = await outputsOf(await Deno.readFile(path), { image: images });
  const { reconstruction: after } = await outputsOf(await model.bytes(), { image: images });
  const squares = Array.from(after.data).map((value, at) => (value - (images.data[at] as number)) ** 2);
  assertEquals((squares.reduce((a, b) => a + b, 0) / squares.length).toFixed(5), "0.00212");
  assertLess(errorOf(before, after), 1e-5);
  assertEquals(report.after.ops, { Conv: 4, Relu: 4, Sigmoid: 1, ConvTranspose: 2 });
});
