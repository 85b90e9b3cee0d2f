/**
 * A laid out graph as SVG elements: boxes with operator and name, edges with arrow heads.
 *
 * @module
 */

import { shape, text, textWidth, write } from "./svg.ts";
import { cleanText, escapeMarkup, shorten } from "./format.ts";
import { type Box, type GraphShape, layOut } from "./graph_layout.ts";
import { color, type ColorName } from "./theme.ts";

/** How one node is set off. */
export interface NodeMark {
  /** Outline and tint. */
  color: ColorName;
  /** Where a click leads, e.g. `#applied-3`. */
  href?: string;
}

/** A picture of a graph, to be placed in a drawing. */
export interface GraphMarks {
  body: string;
  width: number;
  height: number;
}

const HEIGHT = 40, PILL = 22, OP_SIZE = 13, NAME_SIZE = 10.5;

/** Which nodes {@link graphMarks} draws, and how. */
export interface GraphMarksOptions {
  /** Nodes to set off, by index. */
  marks?: ReadonlyMap<number, NodeMark>;
  /** Whether the node of this index is drawn; all are when absent. Ends that lead elsewhere are drawn as `…`. */
  within?: (index: number) => boolean;
  /** Names are cut to this many characters (24). */
  nameLength?: number;
}

/** Draws the nodes of a graph and the edges between them. */
export function graphMarks(
  graph: GraphShape,
  { marks = new Map(), within = () => true, nameLength = 24 }: GraphMarksOptions = {},
): GraphMarks {
  const { nodes } = graph;
  const [inputs, outputs] = [graph.inputs, graph.outputs].map((ports) =>
    (ports ?? []).map((port) => typeof port === "string" ? port : port.name)
  );
  const producer = new Map(
    nodes.flatMap((node, index) => node.outputs.filter((name) => name !== "").map((name) => [name, index] as const)),
  );
  const boxes: (Box & { kind: "node" | "end"; op: string; name: string; full: string; index: number })[] = [];
  const edges = new Map<string, readonly [string, string]>();
  const connect = (from: string, to: string) => edges.set(`${from}\u0000${to}`, [from, to]);
  const ends = new Set<string>();
  const end = (key: string, label: string): string => {
    if (!ends.has(key)) {
      ends.add(key);
      const name = label === "…" ? label : shorten(label, nameLength);
      boxes.push({
        kind: "end",
        key,
        op: "",
        name,
        full: cleanText(label),
        index: -1,
        width: textWidth(name, NAME_SIZE) + 20,
        height: PILL,
      });
    }
    return key;
  };
  nodes.forEach((node, index) => {
    if (!within(index)) return;
    const name = shorten(node.name, nameLength), op = shorten(node.opType, 24);
    const width = Math.max(textWidth(op, OP_SIZE * 1.08), textWidth(name, NAME_SIZE)) + 22;
    const full = cleanText(`${node.opType} ${node.name}`);
    boxes.push({ kind: "node", key: `node ${index}`, op, name, full, index, width, height: name === "" ? 30 : HEIGHT });
  });
  nodes.forEach((node, index) => {
    for (const value of node.inputs) {
      const from = producer.get(value);
      if (within(index)) {
        if (from !== undefined) connect(within(from) ? `node ${from}` : end(`from ${from}`, "…"), `node ${index}`);
        else if (inputs.includes(value)) connect(end(`input ${value}`, value), `node ${index}`);
      } else if (from !== undefined && within(from)) {
        connect(`node ${from}`, end(`out of ${from}`, "…"));
      }
    }
    for (const value of node.outputs) {
      if (within(index) && outputs.includes(value)) connect(`node ${index}`, end(`output ${value}`, value));
    }
  });
  const placed = layOut(boxes, [...edges.values()]);
  const body = [
    ...placed.edges.map(({ points }) => edgeMark(points)),
    ...placed.boxes.map((box, index) => {
      const { kind, op, name, full, index: node } = boxes[index];
      return kind === "end"
        ? endMark(box.x, box.y, box.width, name, full)
        : nodeMark({ ...box, op, name, full }, marks.get(node));
    }),
  ].join("\n");
  return { body, width: placed.width, height: placed.height };
}

function nodeMark(
  { x, y, width, height, op, name, full }: {
    x: number;
    y: number;
    width: number;
    height: number;
    op: string;
    name: string;
    full: string;
  },
  mark: NodeMark | undefined,
): string {
  const outline = color(mark?.color ?? "muted");
  const box = { x: round(x - width / 2), y: round(y - height / 2), width: round(width), height, rx: 6 };
  const middle = { "text-anchor": "middle" };
  const parts = [
    write(shape("rect", { ...box, fill: color("surface") })),
    write(
      shape("rect", {
        ...box,
        fill: outline,
        "fill-opacity": mark ? 0.16 : 0.05,
        stroke: outline,
        "stroke-width": mark ? 2 : 1,
      }),
    ),
    write(
      text(op, round(x), round(name === "" ? y + 4.5 : y - 3), { ...middle, "font-size": OP_SIZE, "font-weight": 600 }),
    ),
    ...(name === ""
      ? []
      : [write(text(name, round(x), round(y + 12), { ...middle, "font-size": NAME_SIZE, fill: color("muted") }))]),
  ];
  const group = `<g><title>${escapeMarkup(full)}</title>${parts.join("")}</g>`;
  return mark?.href ? `<a href="${escapeMarkup(mark.href)}">${group}</a>` : group;
}

function endMark(x: number, y: number, width: number, name: string, full: string): string {
  const box = { x: round(x - width / 2), y: round(y - PILL / 2), width: round(width), height: PILL, rx: PILL / 2 };
  return `<g><title>${escapeMarkup(full)}</title>${
    write(shape("rect", { ...box, fill: color("surface"), stroke: color("grid") }))
  }${
    write(
      text(name, round(x), round(y + 3.5), { "text-anchor": "middle", "font-size": NAME_SIZE, fill: color("muted") }),
    )
  }</g>`;
}

/** A smooth line through dagre's points with an arrow head at its end. */
function edgeMark(points: readonly { x: number; y: number }[]): string {
  const at = ({ x, y }: { x: number; y: number }) => `${round(x)},${round(y)}`;
  const last = points[points.length - 1], before = points[points.length - 2];
  const length = Math.hypot(last.x - before.x, last.y - before.y) || 1;
  const unit = { x: (last.x - before.x) / length, y: (last.y - before.y) / length };
  const neck = { x: last.x - unit.x * 6, y: last.y - unit.y * 6 };
  const curve = points.slice(1, -1).map((point, index) => {
    const next = points[index + 2];
    const middle = index === points.length - 3 ? neck : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 };
    return `Q${at(point)} ${at(middle)}`;
  });
  const line = `M${at(points[0])}${curve.length > 0 ? curve.join("") : `L${at(neck)}`}`;
  const left = { x: neck.x - unit.y * 3.5, y: neck.y + unit.x * 3.5 },
    right = { x: neck.x + unit.y * 3.5, y: neck.y - unit.x * 3.5 };
  return write(shape("path", { d: line, fill: "none", stroke: color("muted"), "stroke-width": 1.2 })) +
    write(shape("path", { d: `M${at(last)}L${at(left)}L${at(right)}Z`, fill: color("muted") }));
}

function round(value: number): number {
  return Math.round(value * 100) / 100 + 0;
}
