import { assertEquals, assertStringIncludes } from "@std/assert";
import { type PeerResult, PEERS, peersPage } from "../../tasks/peers/table.ts";
import { sampleComparison } from "../plot/sample.ts";

const { environment, levels } = sampleComparison();
const rewritten: PeerResult = {
  tool: "onnxsim",
  batchNormalizations: 2,
  nodes: 30,
  macs: 1.5e9,
  level: levels[0],
  error: 2e-7,
  cost: { seconds: 1.234, peakMB: null },
};

Deno.test("peersPage() has a table for each network, a dash for what is not known, and every tool's source and version", () => {
  const failed: PeerResult = {
    tool: "torch.fx",
    batchNormalizations: 0,
    nodes: 0,
    macs: 0,
    failure: "no PyTorch module",
  };
  const page = peersPage({
    networks: { net: [rewritten, failed] },
    versions: { onnxsim: "1.2" },
    environment,
    seconds: 5,
  });
  const row = page.split("\n").find((line) => line.startsWith("| onnxsim"))!;
  const { estimate, low, high } = levels[0].speedup;
  assertEquals(row.split("|").map((cell) => cell.trim()).slice(1, -1), [
    ...["onnxsim", "2", "30", "1500 M", `${estimate.toFixed(3)}× (${low.toFixed(3)}–${high.toFixed(3)})`],
    ...["faster", "2.0e-7", "1.23 s", "–"],
  ]);
  assertStringIncludes(page, "| torch.fx | – | – | – | – | no PyTorch module |");
  for (const { name, source } of PEERS) assertStringIncludes(page, `[${name}](${source})`);
  assertStringIncludes(page, "onnxsim) 1.2:");
  assertStringIncludes(page, "`npx -y deno task peers`");
});
