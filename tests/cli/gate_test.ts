import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { RULE } from "../../src/bench/decision_rule.ts";
import { messageType } from "../../src/proto/schema.ts";
import { modelBytes, random, tensor, tensorProto, type TestModel } from "../onnx_model.ts";
import { comparisonWith, levelWith } from "../bench/saved.ts";
import { cli, filesIn, fixture, inFolder } from "./run_cli.ts";

const QUICK = ["--seconds", "0.5", "--levels", "all"];

/** y = x·factor, so that two of them differ by a known relative error; `layers` MatMuls make it slow. */
function scaled(factor: number, layers = 0, size = 4): Uint8Array {
  const eye = Float64Array.from({ length: size * size }, (_, i) => i % (size + 1) === 0 ? 1 : 0);
  const model: TestModel = {
    inputs: { x: [size, size] },
    outputs: { y: [size, size] },
    initializers: { factor: tensor([], [factor]), eye: tensor([size, size], eye) },
    nodes: [
      { op: "Mul", inputs: ["x", "factor"], outputs: ["h0"] },
      ...Array.from({ length: layers }, (_, i) => ({ op: "MatMul", inputs: [`h${i}`, "eye"], outputs: [`h${i + 1}`] })),
      { op: "Identity", inputs: [`h${layers}`], outputs: ["y"] },
    ],
  };
  return modelBytes(model);
}

Deno.test("layerfuse compare --max-error exits 1 with one sentence when outputs are too far apart, 0 when not", async () => {
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/a.onnx`, scaled(1));
    await Deno.writeFile(`${folder}/b.onnx`, scaled(1.001));
    const args = ["compare", `${folder}/a.onnx`, `${folder}/b.onnx`, ...QUICK];
    const far = await cli(...args, "--max-error", "1e-4");
    assertEquals(far.code, 1, far.stderr);
    assertMatch(far.stderr, /^Failed: the relative L2 error is 1\.00e-3 .*above 0\.0001\.\n$/);
    const near = await cli(...args, "--max-error", "1e-2");
    assertEquals(near.code, 0, near.stderr);
  });
});

Deno.test("layerfuse compare --fail-if-slower exits 1 where the second model does twenty times the work", async () => {
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/a.onnx`, scaled(1, 1, 128));
    await Deno.writeFile(`${folder}/b.onnx`, scaled(1, 20, 128));
    const { code, stderr } = await cli(
      ...["compare", `${folder}/a.onnx`, `${folder}/b.onnx`, ...QUICK, "--fail-if-slower", "2%"],
    );
    assertEquals(code, 1, stderr);
    assertMatch(stderr, /Failed: the second model is \d+\.\d% slower at level all .*above 2\.0%\./);
  });
});

Deno.test("layerfuse compare writes Markdown and github-action-benchmark's format, and says what each rule adds", async () => {
  await inFolder(async (folder) => {
    const { code, stderr } = await cli(
      ...["compare", fixture("fashion_repvgg"), ...QUICK, "--by-rule", "--json", `${folder}/r.json`],
      ...["--markdown", `${folder}/r.md`, "--benchmark", `${folder}/b.json`],
    );
    assertEquals(code, 0, stderr);
    assertEquals(filesIn(folder), ["b.json", "r.json", "r.md"]);
    assertStringIncludes(await Deno.readTextFile(`${folder}/r.md`), "| all |");
    const entries = JSON.parse(await Deno.readTextFile(`${folder}/b.json`));
    assert(
      entries.every(({ name, unit, value }: Record<string, unknown>) => name && unit && typeof value === "number"),
    );
    const { rules, fusion } = JSON.parse(await Deno.readTextFile(`${folder}/r.json`));
    assertEquals(
      rules.map(({ rule }: { rule: string }) => rule).sort(),
      [...new Set(fusion.applied.map(({ rule }: { rule: string }) => rule))].sort(),
    );
  });
});

Deno.test("layerfuse diff compares saved runs, and warns where they were not measured alike", async () => {
  await inFolder(async (folder) => {
    const path = fixture("fashion_autoencoder");
    for (const [file, threads] of [["one", "1"], ["two", "2"]]) {
      await cli("compare", path, ...QUICK, "--threads", threads, "--json", `${folder}/${file}.json`);
    }
    const { code, stdout, stderr } = await cli("diff", `${folder}/one.json`, `${folder}/two.json`, "--json");
    const diff = JSON.parse(stdout);
    assertEquals(diff.levels.map(({ level }: { level: string }) => level), ["all"]);
    assertEquals(code, diff.levels[0].verdict === "worse" ? 1 : 0);
    assertMatch(stderr, /The environments differ: threads was 1, now 2/);
    const same = await cli("diff", `${folder}/one.json`, `${folder}/one.json`);
    assertEquals([same.code, same.stderr], [0, ""]);
    assertMatch(same.stdout, /^all {7}speed-up .*: (same|no difference shown)\n/);
    assertStringIncludes(same.stdout, "One run a side");
  });
});

Deno.test("layerfuse diff takes several runs a side, with -- between the sides", async () => {
  await inFolder(async (folder) => {
    const files = ["a1", "a2", "b1", "b2"].map((name) => `${folder}/${name}.json`);
    for (const [i, file] of files.entries()) {
      const ratios = Array.from({ length: 30 }, (_, round) => 0.2 - (i > 1 ? 0.15 : 0) + 0.001 * (round % 3));
      await Deno.writeTextFile(file, JSON.stringify(comparisonWith([levelWith("all", ratios)])));
    }
    const [a1, a2, b1, b2] = files;
    const { code, stdout } = await cli("diff", a1, a2, "--", b1, b2);
    assertEquals(code, 1, stdout);
    assertMatch(stdout, /^all .*: worse\n {10}the 99\.5% interval .* lies below 1/);
    assertStringIncludes(stdout, "2 and 2 runs: how far runs of the same pair differ from each other is hardly known");
    const json = JSON.parse((await cli("diff", a1, "--json", "--", a2, b1)).stdout);
    assertEquals(json.levels[0].runs, { old: 1, new: 2 });
    const without = await cli("diff", a1, a2, b1);
    assertEquals(without.code, 2);
    assertStringIncludes(without.stderr, "3 files and no -- between the older and the newer ones");
    assertEquals((await cli("diff", "--", a1, b1)).code, 2);
  });
});

Deno.test("layerfuse compare --fail-if-slower refuses a number without %, before anything is measured", async () => {
  for (
    const [limit, said] of [["2", "could mean 2% or 200%"], ["0.02", "could mean 0.02% or 2%"], ["-2%", "expected"]]
  ) {
    const { code, stderr } = await cli("compare", "none.onnx", `--fail-if-slower=${limit}`);
    assertEquals(code, 2);
    assertStringIncludes(stderr, said);
  }
  assertStringIncludes((await cli("compare", "none.onnx", "--delta", "1")).stderr, "could mean 1% or 100%");
});

for (
  const [args, message] of [
    [["--fail-if-slower", "2%", "--fail-if-slower", "200%"], "--fail-if-slower 200%: given twice; expected one"],
    [["--max-error", "1e-4", "--max-error", "5"], "--max-error 5: given twice; expected one"],
    [["--max-error", "0x10"], "--max-error 0x10: expected a number of at least 0"],
    [["--max-error", "2%"], "--max-error 2%: expected a number of at least 0"],
    [["--max-error", "1,5"], "--max-error 1,5: expected a number of at least 0"],
  ] as const
) {
  Deno.test(`layerfuse compare ${args.join(" ")} is refused before anything is measured`, async () => {
    const { code, stderr } = await cli("compare", fixture("fashion_resnet"), ...args);
    assertEquals(code, 2);
    assertStringIncludes(stderr, message);
  });
}

Deno.test("layerfuse compare, diff, reproduce and fuse state the rule of verdicts in --help", async () => {
  for (const name of ["compare", "diff", "reproduce", "fuse"]) {
    assertStringIncludes((await cli(name, "--help")).stdout.replace(/\s+/g, " "), RULE);
  }
});

Deno.test("layerfuse compare keeps a baseline, adds runs of the same pair to it, and compares with it", async () => {
  await inFolder(async (folder) => {
    const compare = (...options: string[]) =>
      cli(
        "compare",
        fixture("fashion_autoencoder"),
        ...QUICK,
        "--threads",
        "1",
        "--baselines",
        `${folder}/kept`,
        ...options,
      );
    const first = await compare("--save-baseline", "main");
    assertEquals(first.code, 0, first.stderr);
    assertStringIncludes(first.stderr, `Baseline main: 1 run in ${folder}/kept/main.json`);
    const against = await compare("--baseline", "main", "--save-baseline", "main");
    assertStringIncludes(against.stderr, "Baseline main: 2 runs");
    assertStringIncludes(against.stderr, "Against baseline main (1 run):\nall ");
    assertEquals(against.code, / worse\n/.test(against.stderr) ? 1 : 0);
    assertEquals(filesIn(`${folder}/kept`), ["main.json"]);

    const none = await compare("--baseline", "other");
    assertEquals(none.code, 2);
    assertMatch(none.stderr, /--baseline other: there is none in .*Keep one with --save-baseline other/);
    assertEquals((await compare("--save-baseline", "../main")).code, 2);

    const kept = JSON.parse(await Deno.readTextFile(`${folder}/kept/main.json`));
    for (const run of kept.runs) run.environment.cpu = "Another CPU";
    await Deno.writeTextFile(`${folder}/kept/main.json`, JSON.stringify(kept));
    const elsewhere = await compare("--baseline", "main");
    assertEquals(elsewhere.code, 2);
    assertMatch(elsewhere.stderr, /measured elsewhere, so nothing can be compared \(Another CPU/);
  });
});

Deno.test("layerfuse compare --inputs feeds the tensors of a folder", async () => {
  await inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/in`);
    const type = messageType("TensorProto");
    for (const seed of [1, 2]) {
      const proto = type.fromObject(tensorProto("image", random([3, 1, 28, 28], seed)));
      await Deno.writeFile(`${folder}/in/${seed}.pb`, type.encode(proto).finish());
    }
    const { code, stdout, stderr } = await cli(
      ...["compare", fixture("fashion_resnet"), ...QUICK, "--inputs", `${folder}/in`, "--json", "-"],
    );
    assertEquals(code, 0, stderr);
    const { inputs, error } = JSON.parse(stdout);
    assertEquals(inputs[0].dims, [3, 1, 28, 28]);
    assertEquals(Object.keys(error.distributions), ["1.pb", "2.pb"]);
  });
});

for (const option of ["--json", "--report", "--markdown", "--benchmark"]) {
  Deno.test(`layerfuse compare ${option} into a folder that does not exist is refused before anything is measured`, async () => {
    const start = performance.now();
    const { code, stderr } = await cli(
      "compare",
      fixture("fashion_resnet"),
      "--seconds",
      "300",
      option,
      "/none/at/all",
    );
    assertEquals(code, 2);
    assertMatch(stderr, /there is no folder \/none\/at/);
    assert(performance.now() - start < 60_000);
  });
}
