import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { answers, parseShape } from "../../src/examples/mod.ts";
import { sampleComparison, sampleFusion } from "../plot/sample.ts";

const answered = (change: (comparison: ReturnType<typeof sampleComparison>) => void = () => {}): string[] => {
  const comparison = sampleComparison();
  change(comparison);
  return answers(sampleFusion(), comparison).list.map(({ answer }) => answer);
};

Deno.test("answers() say what was fused, how fast at each level, and that rounding explains the difference", () => {
  const [fused, faster, same] = answered();
  assertMatch(
    fused,
    /^\d+ nodes became \d+, in \d+ rewrites; of \d+ BatchNormalization nodes (none|\d+) (is|are) left\. \d+ places/,
  );
  assertStringIncludes(faster, "with ONNX Runtime’s own optimizations disabled");
  assertStringIncludes(faster, "at optimization level “all”");
  assertMatch(same, /^Yes, to the rounding of float32/);
});

Deno.test("answers() do not call a large error rounding", () => {
  const [, , same] = answered(({ error }) => {
    error.relativeL2 = 0.02;
    if (error.runtime) error.runtime.relativeL2 = 1e-6;
  });
  assertMatch(same, /^Not to rounding: the outputs differ by 0\.02/);
});

Deno.test("answers() measure a lossy model by what ONNX Runtime itself changes", () => {
  const [, , same] = answered(({ error }) => {
    error.relativeL2 = 2e-3;
    error.runtime = { ...error, relativeL2: 1e-3 };
  });
  assertMatch(same, /^About as much as when ONNX Runtime optimizes the model itself/);
});

Deno.test("answers() say when nothing was fused and when outputs are equal bit for bit", () => {
  const comparison = sampleComparison();
  comparison.error.relativeL2 = 0;
  const { list } = answers({ ...sampleFusion(), applied: [], skipped: [] }, comparison);
  assertMatch(list[0].answer, /^Nothing/);
  assertMatch(list[2].answer, /^Yes, bit for bit\./);
});

Deno.test("parseShape() reads a shape with commas or ×, and nothing else", () => {
  assertEquals(parseShape("1,3,224,224"), [1, 3, 224, 224]);
  assertEquals(parseShape("1x3×8x8"), [1, 3, 8, 8]);
  assertEquals(parseShape(" "), undefined);
  for (const text of ["1,,3", "a,b", "1,-3", "1.5"]) {
    assertThrows(() => parseShape(text), TypeError, "expected whole numbers above 0");
  }
});
