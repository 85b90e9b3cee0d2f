import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { fileNames } from "../../src/cli/file_names.ts";
import { askedPairs } from "../../src/cli/compare_pairs.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import { modelBytes, tensor } from "../onnx_model.ts";
import { cli, filesIn, inFolder } from "./run_cli.ts";

const QUICK = ["--seconds", "0.3", "--levels", "all", "--threads", "1"];

/** y = x·factor. */
const scaled = (factor: number) =>
  modelBytes({
    inputs: { x: [1, 4] },
    outputs: { y: [1, 4] },
    initializers: { factor: tensor([], [factor]) },
    nodes: [{ op: "Mul", inputs: ["x", "factor"], outputs: ["y"] }],
  });

/** As commander gives them: what is typed without the first `--`. */
const asked = (...typed: string[]) => {
  const at = typed.indexOf("--");
  const operands = at < 0 ? typed : [...typed.slice(0, at), ...typed.slice(at + 1)];
  return askedPairs(operands, ["compare", ...typed], undefined);
};

Deno.test("askedPairs() takes pairs apart at every --", async () => {
  const models = async (...typed: string[]) => (await asked(...typed)).map(({ before, after }) => [before, after]);
  assertEquals(await models("a"), [["a", undefined]]);
  assertEquals(await models("a", "b"), [["a", "b"]]);
  assertEquals(await models("a", "b", "--", "c", "d", "--", "e"), [["a", "b"], ["c", "d"], ["e", undefined]]);
});

Deno.test("askedPairs() refuses pairs of no or three models, options after --, and models beside a gate file", async () => {
  await assertRejects(() => asked(), UsageError, "compare: 0 arguments, expected 1 to 2");
  await assertRejects(() => asked("a", "b", "c"), UsageError, "compare: 3 arguments, expected 1 to 2");
  await assertRejects(() => asked("a", "b", "--"), UsageError, "0 arguments in one pair");
  await assertRejects(() => asked("a", "--", "c", "--seconds", "1"), UsageError, "in one pair");
  await assertRejects(() => asked("a", "--", "c", "--quick"), UsageError, "option --quick stands after --");
  await assertRejects(() => askedPairs(["a"], ["compare", "a"], "gate.json"), UsageError, "both models and --gate");
});

Deno.test("layerfuse compare A B -- C D judges several pairs in one table with one exit code", async () => {
  await inFolder(async (folder) => {
    for (const [name, factor] of [["a", 1], ["b", 1], ["c", 1.5]] as const) {
      await Deno.writeFile(`${folder}/${name}.onnx`, scaled(factor));
    }
    const [a, b, c] = ["a", "b", "c"].map((name) => `${folder}/${name}.onnx`);
    const { code, stdout, stderr } = await cli(
      ...["compare", ...QUICK, "--max-error", "1e-4", "--junit", `${folder}/t.xml`, "--markdown", `${folder}/t.md`],
      ...[a, b, "--", a, c, "--", a, `${folder}/none.onnx`],
    );
    assertEquals(code, 2, stderr);
    assertMatch(stdout, /pair .*speed-up \(95% CI\) .*largest error .*outcome\n/);
    assertMatch(stderr, /Not passed: of 3 pairs 1 failed, 1 could not be run\.\n$/);
    assertStringIncludes(stderr, "none.onnx");
    const xml = await Deno.readTextFile(`${folder}/t.xml`);
    assertMatch(xml, /tests="3" failures="1" errors="1"/);
    assertStringIncludes(await Deno.readTextFile(`${folder}/t.md`), "| failed |");
    assertEquals(filesIn(folder), ["a.onnx", "b.onnx", "c.onnx", "t.md", "t.xml"]);
    const two = await cli("compare", ...QUICK, "--max-error", "1e-4", a, b, "--", a, c);
    assertEquals(two.code, 1, two.stderr);
  });
});

Deno.test("layerfuse compare --gate reads pairs beside the file, each with its own limits, and prints them as JSON", async () => {
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/a.onnx`, scaled(1));
    await Deno.writeFile(`${folder}/c.onnx`, scaled(1.5));
    const pair = { before: "a.onnx", after: "c.onnx" };
    const gate = { maxError: 1e-4, pairs: [{ ...pair, name: "strict" }, { ...pair, name: "loose", maxError: 0.9 }] };
    await Deno.writeTextFile(`${folder}/gate.json`, JSON.stringify(gate));
    const { code, stdout, stderr } = await cli("compare", ...QUICK, "--gate", `${folder}/gate.json`, "--json");
    assertEquals(code, 1, stderr);
    const { pairs, exitCode } = JSON.parse(stdout);
    assertEquals(pairs.map(({ name, outcome }: Record<string, string>) => [name, outcome]), [
      ["strict", "failed"],
      ["loose", "passed"],
    ]);
    assertEquals([exitCode, pairs[0].limits.maxError, pairs[0].comparison.gate.passed], [1, 1e-4, false]);
    await Deno.writeTextFile(`${folder}/gate.json`, JSON.stringify({ pairs: [pair] }));
    assertMatch(
      (await cli("compare", "--gate", `${folder}/gate.json`)).stderr,
      /no limit for a\.onnx\. Give failIfSlower/,
    );
    await Deno.writeTextFile(`${folder}/gate.json`, "{}");
    const wrong = await cli("compare", "--gate", `${folder}/gate.json`);
    assertEquals([wrong.code, wrong.stderr.split("\n").length], [2, 2]);
    assertMatch(wrong.stderr, /"pairs": expected a list/);
  });
});

Deno.test("in GitHub Actions the gate annotates the run and writes the job's summary", async () => {
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/a.onnx`, scaled(1));
    await Deno.writeFile(`${folder}/c.onnx`, scaled(1.5));
    const summary = `${folder}/summary.md`;
    await Deno.writeTextFile(summary, "before\n");
    const line = ["compare", ...QUICK, "--max-error", "1e-4", `${folder}/a.onnx`, `${folder}/c.onnx`];
    const run = async (environment: Record<string, string>) => {
      const root = new URL("../../", import.meta.url).pathname;
      const command = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-lock", "--quiet", "--config", `${root}deno.json`, `${root}src/cli/main.ts`, ...line],
        env: { NO_COLOR: "1", GITHUB_ACTIONS: "", GITHUB_STEP_SUMMARY: "", ...environment },
      });
      const { code, stderr } = await command.output();
      return { code, stderr: new TextDecoder().decode(stderr) };
    };
    const { code, stderr } = await run({ GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: summary });
    assertEquals(code, 1);
    assertMatch(stderr, /^::error title=.*a\.onnx::Failed: the relative L2 error is 5\.00e-1 .*above 0\.0001\.$/m);
    assertMatch(stderr, /^::notice title=layerfuse compare::Not passed: of 1 pairs? 1 failed\.$/m);
    const written = await Deno.readTextFile(summary);
    assert(written.startsWith("before\n") && written.includes("| failed |"), written);
    const elsewhere = await run({});
    assert(!elsewhere.stderr.includes("::"), elsewhere.stderr);
  });
});

Deno.test("layerfuse compare of one pair that cannot be run writes JUnit, and exits 2", async () => {
  await inFolder(async (folder) => {
    const { code, stderr } = await cli(
      "compare",
      `${folder}/none.onnx`,
      "--max-error",
      "1e-4",
      "--junit",
      `${folder}/t.xml`,
    );
    assertEquals([code, stderr.trimEnd().split("\n").length], [2, 1], stderr);
    const xml = await Deno.readTextFile(`${folder}/t.xml`);
    assertMatch(xml, /tests="1" failures="0" errors="1"/);
    assertStringIncludes(xml, "none.onnx: there is no such file");
  });
});

Deno.test("layerfuse compare of several pairs writes a page for each and one that leads to them, and keeps a baseline of each", async () => {
  await inFolder(async (folder) => {
    for (const name of ["a", "b"]) await Deno.writeFile(`${folder}/${name}.onnx`, scaled(1));
    const [a, b] = ["a", "b"].map((name) => `${folder}/${name}.onnx`);
    const kept = ["--baselines", `${folder}/kept`], pairs = [a, a, "--", b, b];
    const first = await cli(
      "compare",
      ...QUICK,
      ...kept,
      "--save-baseline",
      "main",
      "--report",
      `${folder}/r.html`,
      ...pairs,
    );
    assertEquals(first.code, 0, first.stderr);
    assertMatch(first.stderr, /b\.onnx: Baseline main\.b: 1 run in /);
    const page = await Deno.readTextFile(`${folder}/r.html`);
    for (const name of ["a", "b"]) {
      assertStringIncludes(page, `<a href="r.${name}.html">`);
      assertStringIncludes(await Deno.readTextFile(`${folder}/r.${name}.html`), 'id="comparison"');
    }
    assertEquals(filesIn(`${folder}/kept`), ["main.a.json", "main.b.json"]);
    const again = await cli("compare", ...QUICK, ...kept, "--baseline", "main", ...pairs);
    assertMatch(again.stderr, /a\.onnx: Against baseline main\.a \(1 run\):/);
    assert(again.code < 2, again.stderr);
    const unknown = await cli("compare", ...kept, "--baseline", "other", ...pairs);
    assertEquals(unknown.code, 2);
    assertStringIncludes(unknown.stderr, "--baseline other.a: there is none");
  });
});

Deno.test("fileNames() gives each pair a name of its own", () => {
  assertEquals(fileNames(["x/a.onnx", "b c.onnx", "y/a.onnx", "https://h/d.onnx?v=1", "."]), [
    "a-1",
    "b-c",
    "a-3",
    "d.onnx-v-1",
    "pair",
  ]);
});
