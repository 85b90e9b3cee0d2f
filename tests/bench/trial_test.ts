import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { compare } from "../../src/bench/compare.ts";
import { tryModel } from "../../src/bench/trial.ts";
import { cli, inFolder } from "../cli/run_cli.ts";
import { modelBytes, random, tensor, type TestModel } from "../onnx_model.ts";
import { fixture } from "./fixture.ts";

/** A BatchNormalization whose extra outputs are named by empty strings: ONNX Runtime 1.30 dies of it. */
function deadly(): Uint8Array {
  const inputs = ["x", "scale", "bias", "mean", "variance"];
  const model: TestModel = {
    opset: 9,
    inputs: { x: [1, 2, 4, 4] },
    outputs: { y: [1, 2, 4, 4] },
    initializers: {
      scale: random([2], 1),
      bias: random([2], 2),
      mean: random([2], 3),
      variance: { dims: [2], values: [1, 2] },
    },
    nodes: [{ op: "BatchNormalization", inputs, outputs: ["y", "", "", "", ""], name: "norm" }],
  };
  return modelBytes(model);
}

Deno.test("compare() of a model that ONNX Runtime dies of is an error that names the cause, and the process lives", async () => {
  const model = fixture("fashion_resnet");
  const quick = { seconds: 0.1, levels: ["disabled"], threads: 1 } as const;
  const { message } = await assertRejects(() => compare(deadly(), deadly(), quick), Error);
  assertStringIncludes(message, "ONNX Runtime dies (SIGSEGV) when it runs this model at level disabled.");
  assertStringIncludes(message, "BatchNormalization norm names 5 outputs and leaves some of them empty");
  await assertRejects(() => compare(model, deadly(), quick), Error, "after: ONNX Runtime dies");
});

Deno.test("tryModel() of a model that the runtime dies of at another shape than the likely one is no error", async () => {
  const path = await Deno.makeTempFile({ suffix: ".onnx" });
  const fails: TestModel = {
    opset: 9,
    inputs: { x: [1, "l"] },
    outputs: { y: null },
    initializers: {
      shape: tensor([4], [1, 2, 16, 16], 7), // 512 samples
      ...Object.fromEntries(["scale", "bias", "mean", "variance"].map((name) => [name, { dims: [2], values: [1, 2] }])),
    },
    nodes: [
      { op: "Reshape", inputs: ["x", "shape"], outputs: ["r"] },
      {
        op: "BatchNormalization",
        inputs: ["r", "scale", "bias", "mean", "variance"],
        outputs: ["y", "", "", "", ""],
      },
    ],
  };
  try {
    await Deno.writeFile(path, modelBytes(fails));
    const options = { levels: ["disabled"], provider: "cpu", threads: 1, feeds: {} } as const;
    const trial = await tryModel({ path, name: "fails", ...options });
    assertEquals([trial?.shapes, trial?.memory, trial!.tried > 0], [undefined, undefined, true]);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("layerfuse compare of a model that ONNX Runtime dies of exits 2 with one line", async () => {
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/a.onnx`, deadly());
    const { code, stderr } = await cli("compare", `${folder}/a.onnx`, `${folder}/a.onnx`, "--seconds", "0.5");
    assertEquals([code, stderr.trimEnd().split("\n").length], [2, 1], stderr);
    assertStringIncludes(stderr, "ONNX Runtime dies (SIGSEGV)");
  });
});

Deno.test("compare() measures each model's peak memory in a process of its own", async () => {
  const bytes = modelBytes({
    inputs: { x: [1, 1024] },
    outputs: { y: [1, 4096] },
    initializers: { weight: random([1024, 4096]) }, // 16 MiB
    nodes: [{ op: "MatMul", inputs: ["x", "weight"], outputs: ["y"] }],
  });
  const small = fixture("fashion_resnet"), MB = 2 ** 20;
  const options = { levels: ["all"], provider: "cpu", threads: 1, feeds: {} } as const;
  const path = await Deno.makeTempFile({ suffix: ".onnx" });
  try {
    await Deno.writeFile(path, bytes);
    const [large, little] = [
      await tryModel({ path, name: "large", ...options }),
      await tryModel({ path: small, name: "small", ...options }),
    ];
    if (Deno.build.os !== "linux") return assertEquals(large!.memory, undefined);
    const { level, peakBytes } = large!.memory!, littleBytes = little!.memory!.peakBytes;
    assertEquals(level, "all");
    assert(peakBytes > 16 * MB && peakBytes < 200 * MB, `${peakBytes}`);
    assert(littleBytes > 0 && littleBytes + 10 * MB < peakBytes, `${littleBytes}`);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("compare() leaves a model that does not load to the one who opens it", async () => {
  const bytes = new TextEncoder().encode("no model");
  await assertRejects(() => compare(bytes, bytes, { seconds: 0.1 }), Error, "before: ONNX Runtime does not load it");
});
