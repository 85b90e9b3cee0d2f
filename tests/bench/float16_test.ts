import { assert, assertEquals, assertLess } from "@std/assert";
import { compare } from "../../src/bench/compare.ts";
import { modelBytes, random } from "../onnx_model.ts";

Deno.test("compare() feeds and reads float16 models", async () => {
  const model = (scale: number) =>
    modelBytes({
      inputs: { x: ["n", 3, 8, 8] },
      outputs: { y: null },
      types: { x: 10, y: 10 },
      initializers: {
        w: { ...random([4, 3, 3, 3], 1, 10), values: Array.from(random([4, 3, 3, 3], 1).values, (v) => v * scale) },
      },
      nodes: [{ op: "Conv", inputs: ["x", "w"], outputs: ["y"] }],
    });
  const options = { seconds: 0.2, minRounds: 3, levels: ["disabled"] as const, size: 8 };
  const same = await compare(model(1), model(1), options);
  assertEquals([same.inputs[0].type, same.error.l2], ["float16", 0]);
  assert(same.error.norm > 0);
  const twice = await compare(model(1), model(2), options);
  assertLess(Math.abs(twice.error.relativeL2 - 1), 1e-3);
});
