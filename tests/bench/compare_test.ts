import { FileError } from "../../src/fusion/mod.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { compare } from "../../src/bench/compare.ts";
import type { CompareOptions } from "../../src/bench/compare_options.ts";
import { randomInputs } from "../../src/bench/inputs.ts";
import { modelBytes, tensor } from "../onnx_model.ts";
import { fuse } from "../../src/fusion/mod.ts";
import { fixture } from "./fixture.ts";

const quick: CompareOptions = { seconds: 0.1, levels: ["disabled"], threads: 1, isolate: false };

Deno.test("compare() of a model with itself has an error of exactly zero, and keeps every sample", async () => {
  const model = fixture("fashion_resnet");
  const result = await compare(model, model, { ...quick, levels: ["disabled", "all"], seed: 5 });
  assertEquals([result.error.l2, result.error.maxAbs, result.error.top1Agreement], [0, 0, 1]);
  assertEquals(Object.keys(result.error.outputs), ["logits"]);
  assertEquals(Object.keys(result.error.distributions!), ["normal", "uniform", "wide", "sparse"]);
  const runtime = result.error.runtime!;
  assert(runtime.l2 > 0 && runtime.relativeL2 < 1e-5, `ONNX Runtime's own optimizations: ${runtime.relativeL2}`);
  assertEquals(result.levels.map((level) => level.level), ["disabled", "all"]);
  for (const { before, after, lnRatios, control, decision, openings, speedup } of result.levels) {
    assert(lnRatios.length >= 30);
    assertEquals([before, after].map(({ samplesMs }) => samplesMs.length), [lnRatios.length, lnRatios.length]);
    assertEquals(lnRatios[3], Math.log(before.samplesMs[3] / after.samplesMs[3]));
    assert(openings!.length >= 6, `${openings!.length} openings`);
    assertEquals(decision!.evidence.units, openings!.length);
    assert(control!.speedup.low < 1 && control!.speedup.high > 1);
    assert(speedup.low <= speedup.estimate && speedup.estimate <= speedup.high);
  }
  assertEquals(result.inputs, [{ name: "image", type: "float32", dims: [1, 1, 28, 28] }]);
  assertEquals([result.environment.seed, result.environment.threads, result.environment.provider === "cuda"], [
    5,
    1,
    false,
  ]);
  assertStringIncludes(result.notes.join(), "same, byte for byte");
  assertEquals(JSON.parse(JSON.stringify(result)), result);
});

Deno.test("compare() counts nodes as ONNX Runtime ran them, and proves where", async () => {
  const model = fixture("fashion_resnet");
  const { before, levels } = await compare(model, model, { ...quick, levels: ["disabled", "all"], provider: "cpu" });
  assertEquals([before.ops.Conv, before.ops.BatchNormalization], [9, 9]);
  assertEquals([levels[0].before.opsRun.BatchNormalization, levels[1].before.opsRun.BatchNormalization], [
    9,
    undefined,
  ]);
  const nodes = Object.values(levels[1].before.opsRun).reduce((sum, count) => sum + count, 0);
  assertEquals(levels[1].before.providers, { CPUExecutionProvider: nodes });
  assert(levels[0].before.opTimesMs!.Conv > 0);
});

Deno.test("compare() describes the file that was measured", async () => {
  const path = fixture("fashion_densenet");
  const { before, after } = await compare(path, new URL(`file://${path}`), quick);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(path)));
  assertEquals(before.sha256, digest.toHex());
  assertEquals([before.bytes, before.name], [(await Deno.stat(path)).size, "fashion_densenet.onnx"]);
  assertEquals(after.sha256, before.sha256);
});

Deno.test("compare() takes bytes and anything that can save itself, and leaves no temporary file", async () => {
  const bytes = await Deno.readFile(fixture("fashion_convrelubn"));
  const saved: string[] = [];
  const handle = {
    name: "mine",
    save: async (path: string) => {
      saved.push(path);
      await Deno.writeFile(path, bytes);
    },
  };
  const { before, after, error } = await compare(bytes, handle, quick);
  assertEquals([before.name, after.name, error.l2], ["before", "mine", 0]);
  await assertRejects(() => Deno.stat(saved[0]), Deno.errors.NotFound);
});

Deno.test("compare() makes the same inputs, and so the same outputs, for the same seed", async () => {
  const model = fixture("fashion_convrelubn");
  const [first, again, other] = [
    await compare(model, model, { ...quick, seed: 1 }),
    await compare(model, model, { ...quick, seed: 1 }),
    await compare(model, model, { ...quick, seed: 2 }),
  ];
  assertEquals(first.error.norm, again.error.norm);
  assert(first.error.norm !== other.error.norm);
});

Deno.test("compare() takes the user's own inputs, one set or several", async () => {
  const model = fixture("fashion_convrelubn");
  const feeds = randomInputs([{ name: "image", type: "float32", dims: [2, 1, 28, 28] }]);
  const one = await compare(model, model, { ...quick, inputs: feeds });
  assertEquals([one.inputs[0].dims, Object.keys(one.error.distributions!)], [[2, 1, 28, 28], ["inputs"]]);
  const two = await compare(model, model, { ...quick, inputs: [{ name: "a", feeds }, { name: "b", feeds }] });
  assertEquals(Object.keys(two.error.distributions!), ["a", "b"]);
  await assertRejects(
    () => compare(model, model, { ...quick, inputs: { img: feeds.image } }),
    Error,
    "inputs: tensor for input img: the model has no such input, only image float32 [batch, 1, 28, 28]",
  );
});

Deno.test("compare() refuses two models whose outputs are not alike", async () => {
  await assertRejects(
    () => compare(fixture("fashion_resnet"), fixture("fashion_autoencoder"), quick),
    Error,
    "output logits: float32 [1,10] in the first model, float32 [1,1,28,28] in the second",
  );
});

Deno.test("compare() says what is wrong with a path, a level or a shape", async () => {
  const model = fixture("fashion_resnet");
  await assertRejects(
    () => compare("nowhere.onnx", model),
    Deno.errors.NotFound,
    "nowhere.onnx: there is no such file",
  );
  await assertRejects(() => compare(model, "/"), FileError, "/: is not a file but a folder");
  await assertRejects(
    () => compare(model, model, { levels: ["max" as "all"] }),
    Error,
    'level "max": unknown; expected disabled',
  );
  await assertRejects(() => compare(model, model, { levels: [] }), Error, "levels: expected at least one");
  await assertRejects(() => compare(model, model, { seconds: 0 }), Error, "seconds 0");
  await assertRejects(
    () => compare(model, model, { shape: [1, 3, 4, 4] }),
    Error,
    "does not fit input image float32 [batch, 1, 28, 28]",
  );
  await assertRejects(
    () => compare(new TextEncoder().encode("not a model"), model),
    Error,
    "before: ONNX Runtime does not load it",
  );
});

Deno.test("compare() stopped by its signal keeps what was measured and says so", async () => {
  const model = fixture("fashion_resnet");
  const controller = new AbortController();
  const result = await compare(model, model, {
    seconds: 600,
    minRounds: 20_000,
    signal: controller.signal,
    onProgress: (fraction) => fraction > 0.051 && controller.abort(),
  });
  assertEquals([result.levels.length, result.levels[0].stopped], [1, "aborted"]);
  assertStringIncludes(result.notes.join(), "Interrupted");
  await assertRejects(() => compare(model, model, { signal: AbortSignal.abort() }), DOMException);
});

Deno.test("compare() reports progress from 0 to 1, never backwards", async () => {
  const fractions: number[] = [];
  const model = fixture("fashion_convrelubn");
  await compare(model, model, { ...quick, onProgress: (fraction) => fractions.push(fraction) });
  assertEquals([fractions[0], fractions.at(-1)], [0, 1]);
  assertEquals(fractions, fractions.toSorted((a, b) => a - b));
});

Deno.test("compare() listens to no signal: the program decides what Ctrl-C does, and its AbortSignal takes the files along", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const ours = () => [...Deno.readDirSync(directory)].filter(({ name }) => name.startsWith("layerfuse_")).length;
    const script = `
      import process from "node:process";
      import { compare } from ${JSON.stringify(new URL("../../src/bench/mod.ts", import.meta.url).href)};
      const bytes = await Deno.readFile(${JSON.stringify(fixture("fashion_resnet"))});
      const controller = new AbortController();
      process.on("SIGINT", () => controller.abort());
      const heard = () => ["SIGINT", "SIGTERM", "SIGHUP"].map((name) => process.listenerCount(name)).join();
      const onProgress = (_, text) => console.log(text, heard());
      const { notes } = await compare(bytes, bytes, { seconds: 60, minRounds: 100000, signal: controller.signal, onProgress });
      process.exit(notes.join().includes("Interrupted") ? 42 : 1);`;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", script],
      cwd: new URL("../..", import.meta.url),
      env: { TMPDIR: directory },
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let seen = "";
    while (!seen.includes("timing")) seen += (await reader.read()).value ?? "timing";
    const during = ours();
    child.kill("SIGINT");
    await reader.cancel();
    assertEquals([during, (await child.status).code, ours()], [1, 42, 0]);
    assertEquals([...new Set(seen.match(/\d,\d,\d/g))], ["1,0,0"], "nothing but the program itself listens");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("compare() finds out a model that differs from itself, and says so", async () => {
  const bytes = modelBytes({
    inputs: { x: [1, 8] },
    outputs: { y: [1, 8] },
    nodes: [
      { op: "RandomNormalLike", inputs: ["x"], outputs: ["noise"] },
      { op: "Add", inputs: ["x", "noise"], outputs: ["y"] },
    ],
  });
  const { error, notes } = await compare(bytes, bytes, quick);
  assert(error.self!.before!.relativeL2 > 0.01 && error.self!.after!.relativeL2 > 0.01);
  assertEquals(notes.filter((note) => note.includes("differs from itself")).length, 2);
  const fixed = await compare(fixture("fashion_convrelubn"), fixture("fashion_convrelubn"), quick);
  assertEquals(fixed.error.self, undefined);
});

Deno.test("compare() measures every output on every input set by itself, the worst first, beside the runtime's own", async () => {
  const model = (factor: number) =>
    modelBytes({
      inputs: { x: [1, 8] },
      outputs: { near: [1, 8], far: [1, 8] },
      initializers: { one: tensor([], [1.0001]), factor: tensor([], [factor]) },
      nodes: [
        { op: "Mul", inputs: ["x", "one"], outputs: ["near"] },
        { op: "Mul", inputs: ["x", "factor"], outputs: ["far"] },
      ],
    });
  const { error } = await compare(model(1), model(1.25), quick);
  assertEquals(error.worst!.length, 8);
  assertEquals(error.worst!.slice(0, 4).map(({ output }) => output), ["far", "far", "far", "far"]);
  assertEquals(error.worst!.slice(4).map(({ relativeL2 }) => relativeL2), [0, 0, 0, 0]);
  assertEquals(error.worst![0].runtime, { l2: 0, relativeL2: 0, maxAbs: 0 });
});

Deno.test("compare() finds out where ONNX Runtime runs the same operators for both models, shapes included", async () => {
  const path = fixture("fashion_resnet");
  const { model } = await fuse(path);
  const { levels } = await compare(path, model, { ...quick, levels: ["disabled", "all"] });
  assertEquals(levels.map(({ decision }) => decision!.sameOperators !== undefined), [false, true]);
  assertEquals(levels[1].decision!.delta, 0.03);
  assertStringIncludes(
    levels[1].decision!.reason,
    `runs the same ${levels[1].decision!.sameOperators} operators for both`,
  );
});
