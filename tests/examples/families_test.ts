import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { fuse, measureError } from "../../mod.ts";
import { openSession, randomInputs } from "../../src/bench/mod.ts";
import {
  demonstrate,
  families,
  type Family,
  familyModel,
  familyOverview,
  familyShape,
} from "../../src/examples/mod.ts";

const DISPLAY = Symbol.for("Jupyter.display");

/** What is left of each family's network, and the rule the family is named for. */
const LEFT: Record<Family, [rule: string, ops: Record<string, number>]> = {
  "affine-after-layer": ["fuse-affine-into-layer", { Conv: 1, Relu: 1 }],
  "affine-before-layer": ["fuse-affine-into-next-layer", { Conv: 1, Relu: 1 }],
  "affine-after-affine": ["merge-affines", { BatchNormalization: 1, Relu: 1, Sigmoid: 1 }],
  "carried-affine": ["carry-affine-to-layers", { Concat: 1, Conv: 2, Relu: 1 }],
  "pad-before-layer": ["fold-pad", { Conv: 1 }],
  "layer-after-layer": ["compose-layers", { Conv: 1, Relu: 1 }],
  "parallel-layers": ["merge-parallel-layers", { Conv: 1, Relu: 1 }],
  "unmerged-adapter": ["merge-parallel-layers", { MatMul: 1 }],
  "pool-after-layer": ["reorder-layer-and-pool", { AveragePool: 1, Conv: 1, Relu: 1 }],
  "pool-after-wide-layer": ["take-average-first", { AveragePool: 1, Conv: 1, Relu: 1 }],
  "layer-after-resize": ["reorder-resize-and-layer", { Conv: 1, Resize: 1 }],
  "layer-after-repeat": ["split-layer-into-phases", { Concat: 1, Conv: 4, DepthToSpace: 1 }],
  "entries-taken": ["take-entries-first", { Add: 1, Gather: 1, MatMul: 2, Relu: 1, Squeeze: 1 }],
  "contraction": ["write-contraction-as-product", { MatMul: 2, Softmax: 1, Transpose: 4 }],
  "expectation": ["put-channels-last", { MatMul: 1, Softmax: 1, Transpose: 2 }],
  "layer-of-join": ["split-layer-of-join", { Add: 1, Conv: 3, Relu: 2, Resize: 1 }],
  "one-hot": ["look-up-rows", { Cast: 1, Clip: 1, Gather: 2 }],
  "layers-of-parts": ["merge-layers-of-parts", { Conv: 1, Relu: 1 }],
  "dealt-cells": ["dilate-layer", { Conv: 1 }],
  "cancelled-shift": ["cancel-shift", { Add: 1, AveragePool: 1, Mul: 1, Relu: 1, Sub: 1 }],
  "sum-of-layers": ["add-layers-last", { Add: 2, Conv: 3, Relu: 2, Sigmoid: 1, Tanh: 1 }],
  "transposed-layer": ["turn-transposed-layer", { Conv: 1, Relu: 1 }],
};

for (const family of families) {
  Deno.test(`the network of ${family} fuses as the notebook says, and computes the same`, async () => {
    const before = familyModel(family);
    const { model: after, report } = await fuse(before);
    const [rule, ops] = LEFT[family];
    assertEquals(report.after.ops, ops);
    assert(report.applied.some((each) => each.rule === rule), `${rule} was not applied`);
    const folder = await Deno.makeTempDir();
    try {
      const outputs = [];
      for (const [name, model] of Object.entries({ before, after })) {
        await model.save(`${folder}/${name}.onnx`);
        await using session = await openSession(`${folder}/${name}.onnx`, { level: "disabled" });
        outputs.push(await session.run(randomInputs(session.inputs, { shape: [...familyShape(family)] })));
      }
      assert(measureError(outputs[0], outputs[1]).relativeL2 <= 1e-6);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("familyModel() is the same for the same seed, and lists the families where there is none of that name", () => {
  assertEquals(familyModel("affine-after-layer").stats, familyModel("affine-after-layer").stats);
  assertThrows(() => familyModel("magic" as Family), RangeError, "expected one of affine-after-layer, ");
});

Deno.test("demonstrate() fuses, measures and shows the graphs, the table and the error", async () => {
  const shown = await demonstrate("pool-after-layer", { seconds: 0.2, minRounds: 3, profile: false });
  assertEquals(shown.comparison.levels.map(({ level }) => level), ["disabled", "all"]);
  assert(shown.comparison.error.relativeL2 <= 1e-6);
  const bundle = shown[DISPLAY as unknown as "family"] as unknown as () => Record<string, string>;
  const { "text/plain": plain, "text/html": html } = bundle.call(shown);
  assertStringIncludes(plain, "3 nodes became 3; the relative L2 error is ");
  assertStringIncludes(html, "<svg");
  assertStringIncludes(html, "AveragePool");

  const overview = familyOverview([shown]);
  const display = (overview as unknown as Record<symbol, () => Record<string, string>>)[DISPLAY];
  assertStringIncludes(display()["text/plain"], "pool-after-layer   3 → 3");
  assertStringIncludes(display()["text/html"], "Speed-up by family");
});
