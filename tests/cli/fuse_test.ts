import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cli, filesIn, fixture, inFolder } from "./run_cli.ts";
import { open } from "../../src/fusion/mod.ts";
import { verify } from "../../src/cli/verify.ts";
import { modelBytes, random, tensor, type TestNode } from "../onnx_model.ts";

Deno.test("layerfuse fuse writes the fused model and prints its report as JSON", async () => {
  await inFolder(async (folder) => {
    const out = `${folder}/out.onnx`;
    const { code, stdout } = await cli("fuse", fixture("fashion_resnet"), "-o", out, "--json");
    assertEquals(code, 0);
    const report = JSON.parse(stdout);
    assertEquals(report.before.ops.BatchNormalization, 9);
    assertEquals(report.after.ops.BatchNormalization, undefined);
    assertEquals(report.after.ops.Conv, 9);
    const folded = report.applied.filter(({ nodes }: { nodes: string[] }) =>
      nodes.some((node) => node.includes("BatchNormalization"))
    );
    assertEquals(folded.length, 9);
    assert(folded.every(({ rule, result }: { rule: string; result: string }) => rule && result));
    assertEquals(report.after.bytes, (await Deno.stat(out)).size);
    assertEquals((await open(out)).stats, report.after);
    assertEquals(filesIn(folder), ["out.onnx"]);
  });
});

Deno.test("layerfuse fuse --skip leaves a rule out, --rules applies only the named ones", async () => {
  await inFolder(async (folder) => {
    for (const choice of [["--skip", "fuse-affine-into-layer"], ["--rules", "remove-identity"]]) {
      const { code, stdout } = await cli(
        "fuse",
        fixture("fashion_autoencoder"),
        "-o",
        `${folder}/o.onnx`,
        "--json",
        ...choice,
      );
      assertEquals(code, 0);
      const { applied } = JSON.parse(stdout);
      assertEquals(applied.filter(({ rule }: { rule: string }) => rule === "fuse-affine-into-layer"), []);
    }
  });
});

Deno.test("layerfuse fuse --verify says the error and writes a model that agrees", async () => {
  await inFolder(async (folder) => {
    const { code, stderr } = await cli("fuse", fixture("fashion_repvgg"), "-o", `${folder}/o.onnx`, "--verify");
    assertEquals(code, 0);
    assertMatch(
      stderr,
      /^verify: relative L2 error \d\.\d\de-\d+, within 0\.00001\. With image 2×1×28×28 relative L2 error \d\.\d\de-\d+, within 0\.00001\n$/,
    );
    assertEquals(filesIn(folder), ["o.onnx"]);
  });
});

Deno.test("verify() looks at every output by itself, and wants whole numbers equal", async () => {
  const model = (far: number, index: number) =>
    open(modelBytes({
      inputs: { x: [1, 4] },
      outputs: { large: [1, 4], small: [1, 4], index: [1] },
      types: { index: 7 },
      initializers: {
        big: tensor([], [1e6]),
        far: tensor([], [far]),
        zero: tensor([1], [0], 7),
        one: tensor([1], [index], 7),
      },
      nodes: [
        { op: "Mul", inputs: ["x", "big"], outputs: ["large"] },
        { op: "Mul", inputs: ["x", "far"], outputs: ["small"] },
        { op: "Add", inputs: ["zero", "one"], outputs: ["index"] },
      ],
    }));
  const sentence = async (far: number, index: number) =>
    (await verify(await model(1, 1), await model(far, index))).sentence;
  assertEquals(await sentence(1, 1), "verify: relative L2 error 0.00e+0, within 0.00001");
  assertMatch(
    await sentence(1.01, 1),
    /the relative L2 error is 1\.00e-2 \(output small, .*above 0\.00001: nothing was written$/,
  );
  assertMatch(await sentence(1, 2), /1 of 1 whole numbers, booleans or strings differ \(output index/);
});

Deno.test("verify() tries a second length of every dynamic dimension, where the original runs with one", async () => {
  const model = (nodes: TestNode[]) =>
    open(modelBytes({
      inputs: { x: ["n", 4] },
      outputs: { y: null },
      initializers: { one: tensor([2], [1, 4], 7) },
      opset: 12,
      nodes,
    }));
  const negated = await model([{ op: "Neg", inputs: ["x"], outputs: ["y"] }]);
  assertMatch((await verify(negated, negated)).sentence, /\. With x 2×4 relative L2 error 0\.00e\+0, within 0\.00001$/);
  const onlyOfOne = await model([ // the sum of all rows is the row where there is one
    { op: "ReduceSum", inputs: ["x"], outputs: ["s"], attributes: { axes: [0], keepdims: 1 } },
    { op: "Sub", inputs: ["x", "x"], outputs: ["z"] },
    { op: "Sub", inputs: ["z", "s"], outputs: ["y"] },
  ]);
  const wrong = await verify(negated, onlyOfOne);
  assertEquals(wrong.isSame, false);
  assertMatch(wrong.sentence, /nothing was written \(with x 2×4\)$/);
  const fixed = await model([{ op: "Reshape", inputs: ["x", "one"], outputs: ["y"] }]);
  assertEquals(await verify(fixed, fixed), {
    isSame: true,
    sentence: "verify: relative L2 error 0.00e+0, within 0.00001. The original does not run with x 2×4",
  });
});

Deno.test("layerfuse fuse --verify of a model that ONNX Runtime dies of exits 2 with one line and writes nothing", async () => {
  await inFolder(async (folder) => {
    const bytes = modelBytes({
      opset: 9,
      inputs: { x: [1, 2, 4, 4] },
      outputs: { y: [1, 2, 4, 4] },
      initializers: { s: random([2], 1), b: random([2], 2), m: random([2], 3), v: tensor([2], [1, 2]) },
      nodes: [{ op: "BatchNormalization", inputs: ["x", "s", "b", "m", "v"], outputs: ["y", "", "", "", ""] }],
    });
    await Deno.writeFile(`${folder}/a.onnx`, bytes);
    const { code, stderr } = await cli("fuse", `${folder}/a.onnx`, "-o", `${folder}/o.onnx`, "--verify");
    assertEquals([code, stderr.split("\n").length], [2, 2], stderr);
    assertStringIncludes(stderr, "ONNX Runtime dies");
    assertEquals(filesIn(folder), ["a.onnx"]);
  });
});

Deno.test("layerfuse fuse can write over its own input", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/model.onnx`;
    await Deno.copyFile(fixture("fashion_resnet"), path);
    assertEquals((await cli("fuse", path, "-o", path)).code, 0);
    assertEquals((await open(path)).stats.ops.BatchNormalization, undefined);
    assertEquals(filesIn(folder), ["model.onnx"]);
  });
});

Deno.test("layerfuse explain prints the same report and writes nothing", async () => {
  await inFolder(async (folder) => {
    const { code, stdout } = await cli("explain", fixture("fashion_densenet"), "--json");
    const fused = await cli("fuse", fixture("fashion_densenet"), "-o", `${folder}/o.onnx`, "--json");
    assertEquals(code, 0);
    assertEquals(stdout, fused.stdout);
    const text = await cli("explain", fixture("fashion_densenet"));
    assertStringIncludes(text.stdout, "BatchNormalization");
  });
});

Deno.test("layerfuse rules lists every rule with one line", async () => {
  const { code, stdout } = await cli("rules");
  assertEquals(code, 0);
  const names = JSON.parse((await cli("rules", "--json")).stdout).map(({ name }: { name: string }) => name);
  assert(names.includes("fuse-affine-into-layer"));
  assertEquals(stdout.trim().split("\n").map((line) => line.split(/\s/)[0]), names);
});

Deno.test("layerfuse fuse says what it wrote and how much smaller it is", async () => {
  await inFolder(async (folder) => {
    const out = `${folder}/o.onnx`, { code, stdout } = await cli("fuse", fixture("fashion_resnet"), "-o", out);
    assertEquals(code, 0);
    const before = (await Deno.stat(fixture("fashion_resnet"))).size, after = (await Deno.stat(out)).size;
    const share = (100 * (before - after) / before).toFixed(2);
    const last = stdout.trimEnd().split("\n").at(-1)!;
    assertMatch(last, /^Wrote .*o\.onnx: 313 kB, .* smaller than fashion_resnet\.onnx, 22 nodes in place of 33\.$/);
    assertStringIncludes(last, `(${share}%)`);
  });
});

Deno.test("layerfuse explain lists what it would fuse, with --verbose all of it", async () => {
  const short = (await cli("explain", fixture("fashion_resnet"))).stdout;
  const long = (await cli("explain", fixture("fashion_resnet"), "--verbose")).stdout;
  const { applied } = JSON.parse((await cli("explain", fixture("fashion_resnet"), "--json")).stdout);
  const lines = (text: string) => text.split("\n").filter((line) => line.includes(" → "));
  assertEquals(lines(long).length, applied.length);
  for (const { nodes, result } of applied) assertStringIncludes(long, `${nodes.join(" + ")} → ${result}`);
  assert(lines(short).length < applied.length);
  assertMatch(short, /^ +and 6 more$/m);
});

Deno.test("layerfuse explain says what would be done besides for a CPU, where that is anything", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/pnet.onnx`;
    assertEquals((await cli("build", "mtcnn_pnet", "-o", path)).code, 0);
    assertMatch(
      (await cli("explain", path)).stdout,
      /\n\nFor a model that runs on a CPU, --runtime onnxruntime-cpu also does 2 × write-slopes-as-relu\.\n$/,
    );
    for (
      const options of [["--runtime", "onnxruntime-cpu"], ["--runtime", "none"], ["--rules", "fold-pad"], ["--json"]]
    ) {
      assertEquals((await cli("explain", path, ...options)).stdout.includes("also does"), false, options.join(" "));
    }
    assertEquals((await cli("explain", fixture("fashion_resnet"))).stdout.includes("also does"), false);
  });
});
