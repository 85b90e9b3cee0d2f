import { markdownTable, textTable } from "./text_layout.ts";
import { bundle, type MimeBundle } from "./bundle.ts";
import { cleanText, escapeMarkdown, escapeMarkup, formatBytes, formatCount } from "./format.ts";
import type { ModelStats } from "./fusion_summary.ts";
import { htmlTable } from "./parts.ts";

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
  const rows = [
    ...inputs.map((each) => ["input", port(each)]),
    ...outputs.map((each) => ["output", port(each)]),
    ["nodes", formatCount(stats.nodes)],
    ["parameters", formatCount(stats.parameters)],
    ["size", formatBytes(stats.bytes)],
  ];
  const ops = Object.entries(stats.ops).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([op, count]) => [op, formatCount(count)]);
  const both = (escape: (text: string) => string) => [rows, ops].map((table) => table.map((row) => row.map(escape)));
  const [plain, markdown, html] = [both(cleanText), both(escapeMarkdown), both(escapeMarkup)];
  const head = ["operator", "nodes"];
  return bundle(
    [...textTable([cleanText(name), ""], plain[0]), "", ...textTable(head, plain[1])].join("\n"),
    [
      ...markdownTable([escapeMarkdown(name), ""], markdown[0]),
      "",
      ...markdownTable(head, markdown[1]),
      "",
    ].join("\n"),
    [
      `<p><strong>${escapeMarkup(name)}</strong></p>`,
      htmlTable(["", ""], html[0]),
      `<dl class="ops">${html[1].map(([op, count]) => `<div><dt>${op}</dt><dd>${count}</dd></div>`).join("")}</dl>`,
    ],
  );
}
