import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { errorDisplay, modelDisplay, reportDisplay } from "../../src/plot/mod.ts";
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

Deno.test("reportDisplay() says what else is to be known of the model, escaped", () => {
  const bundle = reportDisplay({
    ...sampleFusion(),
    notes: [`Several nodes are called '${HOSTILE}'.`],
    wrongClaims: [{ value: "v", claimed: "1×2", inferred: "2×1" }, { value: "w", claimed: "3×4", inferred: "4×3" }],
    loaded: { bytes: 1000, of: 9000 },
    measured: { "compose-layers": "slower" },
  });
  const claims = "since they contradict its inputs: 'v' is said to be 1×2, from the inputs follows 2×1; 'w' is said";
  for (
    const words of [
      "Several nodes are called",
      claims,
      "Loaded were",
      "Measured with compose-layers: slower, so left out.",
    ]
  ) {
    assertStringIncludes(bundle["text/html"].replaceAll("&#39;", "'"), words);
    assertStringIncludes(bundle["text/markdown"].replaceAll("\\", ""), words);
  }
  assert(!/<(script|img)/i.test(bundle["text/html"] + bundle["text/markdown"]), "markup of a name reached a display");
});

Deno.test("groupSkipped() groups by rule and code, whatever the words, and says the code's meaning where they differ", () => {
  const skip = (node: string, code: string | undefined, reason: string, remedy?: string) => ({
    rule: "r",
    node,
    code,
    reason,
    remedy,
  });
  const groups = groupSkipped({
    skipped: [
      skip("a", "no-layer", "its input comes from Relu (/0/Relu), which is no linear layer"),
      skip("b", "no-layer", "its input comes from Add (/1/Add), which is no linear layer"),
      skip("c", "graph-output", "'v' is a graph output"),
      skip("d", "graph-output", "'v' is a graph output"),
      skip("e", "cost-unknown", "whether it saves work is open", "pass --aggressive"),
      skip("f", undefined, "a report saved before there were codes"),
      skip("g", undefined, "another one"),
    ],
    codes: { "no-layer": "no linear layer is near", "graph-output": "a value is an output of the graph" },
  });
  assertEquals(groups.map(({ reason, members }) => [reason, members.length]), [
    ["no linear layer is near", 2],
    ["'v' is a graph output", 2],
    ["whether it saves work is open: pass --aggressive", 1],
    ["a report saved before there were codes", 1],
    ["another one", 1],
  ]);
});
