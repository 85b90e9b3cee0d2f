import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { pretrainedNetworks } from "../../src/examples/mod.ts";

const fixture = (name: string) => new URL(`../fixtures/${name}`, import.meta.url).pathname;

Deno.test("pretrained networks of npm packages answer the same after fusion", async () => {
  const results = await pretrainedNetworks({ page: fixture("page.png"), people: fixture("astronaut.jpg") });
  assertEquals(results.map(({ name, count }) => [name, count]), [
    ["PP-OCR classifier v2", 40],
    ["PP-OCR recognizer v4", 40],
    ["PP-OCR detector v4", 6 * 48 * 192],
    ["Silero voice detector v5", 3],
    ["MiniLM text encoder (all-MiniLM-L6-v2)", 10],
    ["PP-OCR detector v4 on a photo", 7],
    ["PP-OCR recognizer v4 on a photo", 7],
    ["RetinaFace detector (MobileNet-0.25)", 1],
  ]);
  for (const { name, report, answer, agree, count, relativeL2 } of results) {
    assertEquals(agree, count, name);
    assertEquals(answer.after, answer.before, name);
    assert(relativeL2 < 1e-5, `${name}: ${relativeL2}`);
    assert(report.after.nodes < report.before.nodes, name);
    assertEquals(report.after.ops.BatchNormalization ?? 0, 0, name);
  }
  const [, right] = /^(\d+) of 40 lines read letter by letter/.exec(results[1].answer.before)!;
  assert(Number(right) >= 38, `${right} of 40: these are trained weights`);
  assertMatch(results[2].answer.before, /^1\d\.\d% of the page is text$/);
  const photo = results[6].answer.before;
  for (const line of ["Region-based segmentation", "Let us first determine markers of the coins and the"]) {
    assertStringIncludes(photo.replaceAll(" ", ""), line.replaceAll(" ", ""));
  }
  assertMatch(results[4].answer.before, /^10 of 10 sentences are nearest to what says the same/);
  assertMatch(results[7].answer.before, /^1 face: /);
  assertEquals(results[7].report.before.ops.BatchNormalization, 47);
  const display = (results as unknown as Record<symbol, () => Record<string, string>>)[Symbol.for("Jupyter.display")];
  assertStringIncludes(display()["text/plain"], "PP-OCR recognizer v4");
});
