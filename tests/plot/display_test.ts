import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { errorDisplay, modelDisplay } from "../../src/plot/mod.ts";
import { groupSkipped } from "../../src/plot/fusion_summary.ts";
import { HOSTILE, sampleComparison, sampleFusion } from "./sample.ts";

Deno.test("modelDisplay() shows operators by count, size and ports, with every name escaped", () => {
  const bundle = modelDisplay({
    name: HOSTILE,
    stats: { ...sampleFusion().before, ops: { Relu: 3, Conv: 104, [HOSTILE]: 1 } },
    inputs: [{ name: "image", type: "float32", shape: ["batch", 3, null, 256] }],
    outputs: [{ name: HOSTILE }],
  });
  assertStringIncludes(bundle["text/plain"], "image: float32 [batch, 3, ?, 256]");
  assert(/Conv +104\nRelu +3\n/.test(bundle["text/plain"]), "operators are not in order of their count");
  assertStringIncludes(bundle["text/html"], "44,654,504");
  assert(!/<(script|img)/i.test(bundle["text/html"] + bundle["text/markdown"]), "markup of a name reached a display");
});

Deno.test("errorDisplay() shows every measure beside the runtime's own, and both histograms", () => {
  const bundle = errorDisplay(sampleComparison().error);
  for (
    const words of [
      "L2 norm of the difference",
      "4.13\u00a0×\u00a010⁻⁵",
      "6.31\u00a0×\u00a010⁻⁵",
      "ONNX Runtime’s own optimizations",
      "122.1 dB",
    ]
  ) {
    for (const form of ["text/plain", "text/markdown", "text/html"]) assertStringIncludes(bundle[form], words);
  }
  assertStringIncludes(bundle["text/html"], "How large the differences are");
  assertStringIncludes(bundle["text/html"], "Distance in float32 steps");
});

Deno.test("groupSkipped() puts reasons together that differ in names only, and keeps single ones whole", () => {
  const skip = (node: string, reason: string) => ({ rule: "r", node, reason });
  const groups = groupSkipped([
    skip("a", "its input comes from Relu (/0/Relu), which is no linear layer"),
    skip("b", "its input comes from Relu (/1/Relu), which is no linear layer"),
    skip("c", "its input comes from Add (/1/Add), which is no linear layer"),
    skip("d", "'v' is a graph output"),
    skip("e", "'v', which would disappear, is also used by Mul.0"),
    skip("f", "'w', which would disappear, is also used by Mul.1"),
  ]);
  assertEquals(groups.map(({ reason, members }) => [reason, members.length]), [
    ["its input comes from Relu, which is no linear layer", 2],
    ["its input comes from Add (/1/Add), which is no linear layer", 1],
    ["'v' is a graph output", 1],
    ["'…', which would disappear, is also used by …", 2],
  ]);
});
