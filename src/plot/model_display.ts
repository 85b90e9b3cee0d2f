import type { MimeBundle } from "./chart.ts";
import { bundle } from "./display.ts";
import { cleanText, escapeMarkdown, escapeMarkup, formatBytes } from "./format.ts";
import type { ModelStats } from "./fusion_summary.ts";

/** What is shown of a model; the fusion module's `Model` fits it. */
export interface ShownModel {
  /** What to call it. */
  readonly name: string;
  /** Nodes, operators, parameters, size. */
  readonly stats: ModelStats;
  /** Inputs to feed. */
  readonly inputs: readonly ShownPort[];
  /** Outputs. */
  readonly outputs: readonly ShownPort[];
}

/** An input or output. */
export interface ShownPort {
  /** Name. */
  readonly name: string;
  /** Element type. */
  readonly type?: string;
  /** Shape; names are dynamic dimensions. */
  readonly shape?: readonly (number | string | null)[];
}

/** A model in a notebook: what it takes and gives, its size, its operators by frequency. */
export function modelDisplay({ name, stats, inputs, outputs }: ShownModel): MimeBundle {
  const port = ({ name, type, shape }: ShownPort) =>
    `${name}: ${type ?? "?"}${shape ? ` [${shape.map((dim) => dim ?? "?").join(", ")}]` : ""}`;
  const rows: [string, string][] = [
    ["inputs", inputs.map(port).join("; ")],
    ["outputs", outputs.map(port).join("; ")],
    ["nodes", String(stats.nodes)],
    ["operators", Object.entries(stats.ops).sort((a, b) => b[1] - a[1]).map(([op, n]) => `${n} ${op}`).join(", ")],
    ["parameters", stats.parameters.toLocaleString("en-US")],
    ["size", formatBytes(stats.bytes)],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return bundle(
    [cleanText(name), ...rows.map(([label, value]) => `${label.padEnd(width)}  ${cleanText(value)}`)].join("\n"),
    [
      `**${escapeMarkdown(name)}**`,
      "",
      "| | |",
      "|---|---|",
      ...rows.map(([label, value]) => `| ${label} | ${escapeMarkdown(value)} |`),
    ].join("\n"),
    [
      `<table><caption><strong>${escapeMarkup(name)}</strong></caption>${
        rows.map(([label, value]) => `<tr><th scope="row">${label}</th><td>${escapeMarkup(value)}</td></tr>`).join("")
      }</table>`,
    ],
  );
}
