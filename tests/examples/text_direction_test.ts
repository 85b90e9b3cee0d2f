import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fuse } from "../../mod.ts";
import {
  compareReadings,
  linesPicture,
  linesTensor,
  textDirectionClassifier,
  textLines,
} from "../../src/examples/mod.ts";

Deno.test("the pretrained text-direction classifier reads as many lines right after fusion as before", async () => {
  const before = await textDirectionClassifier(), { model: after, report } = await fuse(before);
  assertEquals([report.before.ops.BatchNormalization, report.after.ops.BatchNormalization], [35, undefined]);
  const lines = textLines(40);
  const readings = await compareReadings(before, after, lines);
  assert(readings.before.correct >= 38, `${readings.before.correct} of 40: these are trained weights`);
  assertEquals(readings.after.correct, readings.before.correct);
  assertEquals(readings.agree, 40);
  assert(readings.largestDifference <= 1e-4, String(readings.largestDifference));
  const display = (readings as unknown as Record<symbol, () => Record<string, string>>)[Symbol.for("Jupyter.display")];
  assertStringIncludes(display()["text/plain"], "of 40 lines");
});

Deno.test("textLines() are the same for the same seed, half of them turned, and differ for another seed", () => {
  const lines = textLines(10, 7);
  assertEquals(lines, textLines(10, 7));
  assertEquals(lines.filter(({ isTurned }) => isTurned).length, 5);
  assert(lines.some(({ text }, index) => text !== textLines(10, 8)[index].text));
});

Deno.test("linesTensor() is in [−1, 1], three equal planes for a grey line, and turned lines are turned", async () => {
  const { dims, data } = await linesTensor(textLines(2));
  assertEquals(dims, [2, 3, 48, 192]);
  const values = data as Float32Array, plane = 48 * 192;
  assert(values.every((value) => value >= -1 && value <= 1));
  assertEquals(values.subarray(0, plane), values.subarray(plane, 2 * plane));
  const ink = (line: number, from: number, to: number) => {
    const paper = values[line * 3 * plane];
    let count = 0;
    for (let y = 0; y < 48; y++) {
      for (let x = from; x < to; x++) if (Math.abs(values[line * 3 * plane + y * 192 + x] - paper) > 0.2) count++;
    }
    return count;
  };
  assert(ink(0, 0, 60) > 20, "upright text begins at the left");
  assert(ink(1, 132, 192) > 20, "turned text at the right");
});

Deno.test("linesPicture() has as many columns as fit, and says which lines are turned", () => {
  const picture = linesPicture(textLines(9), { width: 340 });
  assertStringIncludes(picture.svg, 'viewBox="0 0 192 160"');
  assertEquals(picture.svg.match(/<svg /g)!.length, 1 + 3);
  assertStringIncludes(picture.description, "(turned)");
});
