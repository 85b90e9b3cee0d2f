/**
 * What `deno task peers` found, as the page docs/peers.md.
 *
 * @module
 */
import type { Comparison } from "../../mod.ts";

/** A rewriter, and where it is described. */
export interface Peer {
  /** What it is called here and in `rewrite.py`. */
  readonly name: string;
  /** Its own page. */
  readonly source: string;
  /** How it was asked. */
  readonly how: string;
}

/** Those set beside layerfuse. */
export const PEERS: readonly Peer[] = [
  {
    name: "onnxoptimizer",
    source: "https://github.com/onnx/optimizer",
    how: "all fuse and elimination passes, to their fixed point",
  },
  { name: "onnxsim", source: "https://github.com/onnxsim/onnxsim", how: "`simplify(model)`" },
  { name: "onnxslim", source: "https://github.com/inisis/OnnxSlim", how: "`slim(model)`" },
  {
    name: "onnxscript",
    source: "https://github.com/microsoft/onnxscript",
    how: "`optimizer.optimize(model)`, then `rewriter.rewrite(model)` with its default rules",
  },
  {
    name: "onnxruntime",
    source: "https://onnxruntime.ai/docs/performance/model-optimizations/graph-optimizations.html",
    how: "saved at its level “extended”; later it applies its level “all” to every other row, too",
  },
  {
    name: "torch.fx",
    source: "https://docs.pytorch.org/docs/stable/fx.html",
    how:
      "`torch.fx.experimental.optimization.fuse(module.eval())`, exported without the exporter's own folding; only where " +
      "there is a PyTorch module of the same weights",
  },
];

/** What one rewriter made of one network. */
export interface PeerResult {
  /** The rewriter; `as it is` for none. */
  readonly tool: string;
  /** BatchNormalization nodes left. */
  readonly batchNormalizations: number;
  /** Nodes left. */
  readonly nodes: number;
  /** Multiply-accumulates left, of the operators whose arithmetic is known. */
  readonly macs: number;
  /** Speed against the network as it is, ONNX Runtime's own optimizations on; absent for that network itself. */
  readonly level?: Pick<Comparison["levels"][number], "speedup" | "verdict">;
  /** Relative L2 error of the outputs. */
  readonly error?: number;
  /** Seconds and peak megabytes of rewriting. */
  readonly cost?: { readonly seconds: number; readonly peakMB: number | null };
  /** Why there is nothing, where it failed or does not apply. */
  readonly failure?: string;
}

/** Everything on the page. */
export interface PeersPage {
  /** Results by network. */
  readonly networks: Readonly<Record<string, readonly PeerResult[]>>;
  /** Versions by tool. */
  readonly versions: Readonly<Record<string, string>>;
  /** Where and when. */
  readonly environment: Comparison["environment"];
  /** Seconds of timing per row. */
  readonly seconds: number;
}

const HEAD = ["", "BN left", "nodes", "MACs", "speed (95% CI)", "verdict", "error", "rewriting", "memory"];

/** The page, as Markdown. */
export function peersPage({ networks, versions, environment: e, seconds }: PeersPage): string {
  const tables = Object.entries(networks).map(([network, results]) => `## ${network}\n\n${table(results)}`);
  const sources = PEERS.map(({ name, source, how }) => `- [${name}](${source}) ${versions[name] ?? ""}: ${how}`);
  return `# Beside other rewriters

The same networks rewritten by others and by layerfuse ${
    versions.layerfuse ?? ""
  }. "Speed" is the time of the network as it is over the time of
the row's, both in ONNX Runtime with all of its own optimizations on, ${seconds} s of paired rounds a row. "Rewriting" is the
time from reading the file to having written the result, "memory" the peak of that process beyond what it had before; both
without starting Python or Deno, one run each. MACs are those of the operators whose arithmetic is known. A dash: it does not apply, or failed.

Written by \`npx -y deno task peers\` on ${e.date.slice(0, 10)}: ${e.cpu}, ${e.cores} cores, ${
    e.os.replace(/ \d\S*/, "")
  }; ONNX Runtime ${e.onnxruntime}, ${e.threads} threads, load ${
    e.load?.toFixed(1) ?? "not known"
  }. It needs Python, and installs what is missing into \`.venv-peers\`.

${tables.join("\n\n")}

## Sources

${sources.join("\n")}
`;
}

function table(results: readonly PeerResult[]): string {
  const rows = results.map((result) => {
    const { tool, batchNormalizations, nodes, macs, level, error, cost, failure } = result;
    if (failure !== undefined) return [tool, "–", "–", "–", "–", failure, "–", "–", "–"];
    return [
      tool,
      String(batchNormalizations),
      String(nodes),
      `${(macs / 1e6).toFixed(0)} M`,
      level
        ? `${level.speedup.estimate.toFixed(3)}× (${level.speedup.low.toFixed(3)}–${level.speedup.high.toFixed(3)})`
        : "–",
      level?.verdict ?? "–",
      error === undefined ? "–" : error.toExponential(1),
      cost ? `${cost.seconds.toFixed(2)} s` : "–",
      cost?.peakMB == null ? "–" : `${cost.peakMB.toFixed(0)} MB`,
    ];
  });
  const rule = HEAD.map((_, column) => column === 0 || column === 4 || column === 5 ? "---" : "---:");
  return [HEAD, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
