import type { FusionReport } from "../fusion/mod.ts";
import { formatBytes, formatCount, formatNumberOf } from "../plot/format.ts";

/** `Wrote out.onnx: 169.9 MiB, 0.4 MiB (0.24%) smaller than in.onnx, 241 nodes in place of 345.` */
export function wroteSentence(out: string, name: string, { before, after }: FusionReport): string {
  const change = after.bytes - before.bytes, share = Math.abs(100 * change / before.bytes).toFixed(2);
  const size = change === 0
    ? `as large as ${name}`
    : `${formatBytes(Math.abs(change))} (${share}%) ${change < 0 ? "smaller" : "larger"} than ${name}`;
  const nodes = after.nodes === before.nodes
    ? `${formatNumberOf(after.nodes, "node")} as before`
    : `${formatNumberOf(after.nodes, "node")} in place of ${formatCount(before.nodes)}`;
  return `Wrote ${out}: ${formatBytes(after.bytes)}, ${size}, ${nodes}.`;
}
