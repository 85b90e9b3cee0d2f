import { assertFuses } from "../fusion_check.ts";
import { random, randomIn, tensor, type TestModel } from "../onnx_model.ts";

const ints = (...values: number[]) => tensor([values.length], values, 7);

/** A weight that timm's ScaledStdConv2d and StdConv2d standardise: F.batch_norm(w.reshape(1, c, −1), training=True). */
function standardised(scaleOf: "gain" | "ones"): TestModel {
  return {
    opset: 17,
    inputs: { x: ["n", 3, 8, 8] },
    outputs: { y: ["n", 4, 6, 6] },
    initializers: {
      w: random([4, 3, 3, 3], 1),
      gain: scaleOf === "gain" ? randomIn(0.5, 2, [4], 2) : tensor([4], [1, 1, 1, 1]),
      zeros: tensor([4], [0, 0, 0, 0]),
      start: tensor([4], [0, 0, 0, 0]),
      ones: tensor([4], [1, 1, 1, 1]),
      flat: ints(1, 4, -1),
      back: ints(4, 3, 3, 3),
    },
    nodes: [
      { op: "Reshape", inputs: ["w", "flat"], outputs: ["f"] },
      {
        op: "BatchNormalization",
        inputs: ["f", "gain", "zeros", "start", "ones"],
        outputs: ["s", "mean", "var"],
        attributes: { training_mode: 1 },
      },
      { op: "Reshape", inputs: ["s", "back"], outputs: ["v"] },
      { op: "Conv", inputs: ["x", "v"], outputs: ["c"] },
      { op: "Relu", inputs: ["c"], outputs: ["y"] },
    ],
  };
}

for (const scaleOf of ["gain", "ones"] as const) {
  Deno.test(`fuse() works out a weight standardised by a BatchNormalization in training, scaled by ${scaleOf}`, async () => {
    await assertFuses(standardised(scaleOf), { Conv: 1, Relu: 1 });
  });
}
