import { assertEquals, assertStringIncludes } from "@std/assert";
import { htmlEnvironment } from "../../src/plot/environment_parts.ts";
import { latencyRows, latencySentence, memorySentence } from "../../src/plot/latency.ts";
import { comparisonText } from "../../src/plot/mod.ts";
import { sampleComparison } from "./sample.ts";

Deno.test("latencyRows() has load time, percentiles and throughput of both models at each level", () => {
  const comparison = sampleComparison(), [level] = comparison.levels;
  level.before.samplesMs = Array.from({ length: 101 }, (_, i) => 200 - i); // 100 … 200
  level.before.sessionMs = 12;
  const rows = latencyRows({ levels: [level] });
  assertEquals(rows.length, 2);
  assertEquals(rows[0], ["disabled", "before", "12.0 ms", "150 ms", "195 ms", "199 ms", "6.67"]);
});

Deno.test("latencyRows() leaves out what was not timed", () => {
  const { levels: [level] } = sampleComparison();
  level.after.samplesMs = [];
  assertEquals(latencyRows({ levels: [level] }).map(([, model]) => model), ["before"]);
});

Deno.test("latencySentence() says where a sample is the mean of several inferences", () => {
  const { levels } = sampleComparison();
  assertEquals(latencySentence({ levels }), undefined);
  levels[1].inner = 12;
  assertStringIncludes(latencySentence({ levels })!, "the mean of several inferences (12 at “basic”)");
});

Deno.test("memorySentence() gives both models' peak, and nothing where it was not measured", () => {
  const comparison = sampleComparison();
  assertStringIncludes(memorySentence(comparison)!, "Peak memory: 412 MB before, 398 MB after");
  assertStringIncludes(comparisonText(comparison), "Peak memory: 412 MB before");
  delete comparison.after.memory;
  assertEquals(memorySentence(comparison), undefined);
});

Deno.test("htmlEnvironment() tells version, command line, repository and state of the machine", () => {
  const html = htmlEnvironment(sampleComparison());
  for (
    const part of [
      "layerfuse 0.1.0",
      "layerfuse compare &#39;my model.onnx&#39; --seconds 20",
      "the first model’s repository, with changes that are not committed",
      "governor powersave; turbo on; SMT off; quota of 1.5 cores; worker threads pinned to CPU 1",
      "0.42 at the begin, 0.51 at the end",
      "20 s, at least 30 rounds a level; “same” is within ±1.0%",
      "disabled 8",
    ]
  ) assertStringIncludes(html, part);
});

Deno.test("htmlEnvironment() of what a notebook measured names the notebook in place of a command line", () => {
  for (const [notebook, shown] of [["my <own>.ipynb", "my &lt;own&gt;.ipynb"], ["", "a notebook"]]) {
    const comparison = sampleComparison();
    Object.assign(comparison.environment, { commandLine: [], notebook });
    const html = htmlEnvironment(comparison);
    assertStringIncludes(html, shown);
    assertEquals(html.includes("Command line"), false);
  }
});

Deno.test("htmlEnvironment() of a comparison saved before these were told shows what it has", () => {
  const comparison = sampleComparison();
  for (
    const key of [
      "layerfuse",
      "commandLine",
      "git",
      "governor",
      "turbo",
      "smt",
      "cpuQuota",
      "pinned",
      "loadEnd",
    ] as const
  ) {
    delete comparison.environment[key];
  }
  delete comparison.settings;
  const html = htmlEnvironment(comparison);
  assertStringIncludes(html, "Load at start");
  assertEquals(/Its state|Command line|Asked for|undefined/.test(html), false);
});
