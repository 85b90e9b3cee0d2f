/** The table that gates are read off: what is applied by default is marked, and each rule has something to do on its networks. */
import { assertEquals, assertMatch } from "@std/assert";
import { fuse } from "../../mod.ts";
import { CALIBRATION_CASES, titleOf } from "../../bench/calibration_cases.ts";
import { type CalibrationCell, sectionFor, sectionsIn } from "../../bench/calibration_table.ts";
import { rewriteGraphs } from "../../src/rewrite/driver.ts";

const [first] = CALIBRATION_CASES, one = { ...first, channels: [8, 64], sizes: [4] };

function cell(channels: number, estimate: number, isApplied: boolean): CalibrationCell {
  return {
    channels,
    size: 4,
    speedup: { estimate, low: estimate - 0.01, high: estimate + 0.01 },
    isApplied,
  };
}

Deno.test("the section of a rule marks what is applied by default and names the least of it", () => {
  const text = sectionFor(one, [cell(8, 0.8, false), cell(64, 1.5, true)]);
  assertMatch(text, /\| 8 \| 0\.80× \|\n\| 64 \| \*\*1\.50×\*\* \|/);
  assertMatch(text, /Least of what is applied by default: 1\.500× \(1\.490–1\.510\) at 64 channels, size 4\.$/);
});

Deno.test("the section of a rule says where its gate lets too much through", () => {
  assertMatch(
    sectionFor(one, [cell(8, 0.9, true)]),
    /at 8 channels, size 4 below 0\.99×: the gate lets too much through/,
  );
});

Deno.test("a cell where the rule does nothing is empty", () => {
  assertMatch(sectionFor(one, [{ channels: 8, size: 4, isApplied: false }]), /\| 8 \| – \|/);
});

Deno.test("sections of an earlier file are found by their rule", () => {
  const text = `# Calibration\n\nwords\n\n${sectionFor(one, [cell(8, 1, true)])}\n\n## other\n\nmore\n`;
  assertEquals([...sectionsIn(text).keys()], [one.rule.name, "other"]);
  assertEquals(sectionsIn(text).get("other"), "## other\n\nmore");
});

for (const one of CALIBRATION_CASES) {
  const { rule, channels, sizes, build } = one;
  Deno.test(`the calibration of ${titleOf(one)} has cells with and without it, and the gate only leaves out`, async () => {
    const middle = sizes[sizes.length >> 1], runtime = rule.runtimes?.[0] ?? "onnxruntime";
    for (const count of [channels[0], channels[channels.length - 1]]) {
      const { model } = build(count, middle), graphs = model.graphs();
      const options = { rules: [rule], runtime, ungated: true, aggressive: true, allowGrowth: true };
      assertEquals(rewriteGraphs([graphs.graph], options).applied.length > 0, true, `${count} channels`);
    }
    const applied: string[] = [];
    for (const size of [middle, ...sizes.toReversed()]) {
      const { report } = await fuse(build(channels[channels.length - 1], size).model, { rules: [rule.name], runtime });
      applied.push(...report.applied.map((rewrite) => rewrite.rule));
      if (applied.length > 0) break;
    }
    assertEquals(applied, [rule.name]);
  });
}
