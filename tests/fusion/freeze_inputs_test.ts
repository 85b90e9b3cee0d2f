import { assertEquals, assertLess } from "@std/assert";
import { explain, fuse, open } from "../../src/fusion/mod.ts";
import { feedsFor, modelBytes, random, randomIn, relativeL2, run, type TestModel } from "../onnx_model.ts";
import { cli } from "../cli/run_cli.ts";

const initializers = {
  w: random([4, 3, 3, 3], 1),
  scale: randomIn(0.5, 2, [4], 2),
  shift: random([4], 3),
  mean: random([4], 4),
  variance: randomIn(0.5, 2, [4], 5),
};

/** Conv and BatchNormalization whose parameters are inputs too, as exporters with keep_initializers_as_inputs write them. */
function listed(more: Partial<TestModel> = {}): TestModel {
  return {
    inputs: {
      x: [1, 3, 5, 5],
      ...Object.fromEntries(Object.entries(initializers).map(([name, { dims }]) => [name, dims])),
    },
    outputs: { y: [1, 4, 3, 3] },
    initializers,
    nodes: [
      { op: "Conv", inputs: ["x", "w"], outputs: ["a"], name: "conv" },
      { op: "BatchNormalization", inputs: ["a", "scale", "shift", "mean", "variance"], outputs: ["y"], name: "bn" },
    ],
    ...more,
  };
}

Deno.test("freezeInputs takes initializers that are inputs as constants: they are folded, and are inputs no longer", async () => {
  const bytes = modelBytes(listed()), feeds = feedsFor(listed());
  const { model, report } = await fuse(bytes, { freezeInputs: true });
  assertEquals(report.after.ops, { Conv: 1 });
  assertEquals(model.graphs().graph.inputs.map(({ name }) => name), ["x"]);
  assertLess(relativeL2(await run(bytes, feeds), await run(await model.bytes(), feeds)), 1e-6);
});

Deno.test("without freezeInputs they stay open, and each reason names it as the remedy", async () => {
  const { applied, skipped } = await explain(modelBytes(listed()));
  assertEquals(applied, []);
  assertEquals(skipped.map(({ remedy }) => remedy), skipped.map(() => "pass --freeze-inputs where no caller does"));
  const { inputs, nodes } = listed();
  const computed = listed({
    inputs: { ...inputs, m: [4] },
    nodes: [{ ...nodes[0] }, { ...nodes[1], inputs: ["a", "scale", "shift", "m", "variance"] }],
  });
  const { skipped: [other] } = await explain(modelBytes(computed), { freezeInputs: true });
  assertEquals([other.reason, other.remedy], ["its mean is not constant: 'm' is an input", undefined]);
});

Deno.test("open() and fuse() of an opened model take freezeInputs alike, and leave the opened one as it was", async () => {
  const bytes = modelBytes(listed()), frozen = await open(bytes, { freezeInputs: true });
  assertEquals((await fuse(frozen)).report.after.ops, { Conv: 1 });
  assertEquals(frozen.graphs().graph.inputs.map(({ name }) => name), ["x"]);
  const plain = await open(bytes);
  assertEquals((await fuse(plain, { freezeInputs: true })).report.after.ops, { Conv: 1 });
  assertEquals(await plain.bytes(), Uint8Array.from(bytes));
});

Deno.test("freezeInputs changes no byte where no initializer is an input", async () => {
  const bytes = Uint8Array.from(modelBytes(listed({ inputs: { x: [1, 3, 5, 5] } })));
  assertEquals(await (await open(bytes, { freezeInputs: true })).bytes(), bytes);
});

Deno.test("below IR version 4 initializers must be listed as inputs, and nobody can set them: freezeInputs leaves them there", async () => {
  const bytes = Uint8Array.from(modelBytes(listed({ ir: 3, opset: 8 })));
  assertEquals(await (await open(bytes, { freezeInputs: true })).bytes(), bytes);
  assertEquals((await fuse(bytes)).report.after.ops, { Conv: 1 });
});

Deno.test("layerfuse fuse --freeze-inputs folds them, explain says what it would do", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${folder}/in.onnx`, modelBytes(listed()));
    const fused = await cli("fuse", `${folder}/in.onnx`, "-o", `${folder}/out.onnx`, "--freeze-inputs", "--verify");
    assertEquals(fused.code, 0, fused.stderr);
    assertEquals((await open(`${folder}/out.onnx`)).ops, { Conv: 1 });
    const explained = await cli("explain", `${folder}/in.onnx`, "--freeze-inputs", "--json");
    assertEquals(JSON.parse(explained.stdout).after.ops, { Conv: 1 });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
