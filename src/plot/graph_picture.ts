import { Drawing, type DrawingOptions } from "./drawing.ts";
import { layHeader, type LegendEntry } from "./header.ts";
import { svgDocument, text, write } from "./svg.ts";
import { formatCount, formatNumberOf } from "./format.ts";
import type { GraphShape } from "./graph_layout.ts";
import { type GraphMarks, graphMarks, type NodeMark } from "./graph_marks.ts";
import { color } from "./theme.ts";
import { checked } from "../host/options.ts";

/** A graph narrower than this gets as much room beside another one, px. */
const MIN_COLUMN = 120;

/** What a graph picture shows beside the graph. */
export interface GraphPictureOptions extends DrawingOptions {
  /** Heading; says how many nodes when absent. */
  title?: string;
  /** Nodes to set off, by index, with colour and link. */
  marks?: ReadonlyMap<number, NodeMark>;
  /** Draws no more than this many nodes, from the beginning (150). */
  limit?: number;
}

/**
 * A picture of a graph or its beginning: operators as boxes, data flowing down, weights left out. Wide graphs are
 * drawn smaller.
 *
 * @example
 * ```ts
 * import { graphPicture } from "@layerfuse/layerfuse/plot";
 *
 * const picture = graphPicture({
 *   nodes: [
 *     { name: "conv", opType: "Conv", inputs: ["x", "w"], outputs: ["c"] },
 *     { name: "bn", opType: "BatchNormalization", inputs: ["c", "s", "b", "m", "v"], outputs: ["y"] },
 *   ],
 *   inputs: ["x"],
 *   outputs: ["y"],
 * });
 * if (!picture.svg.includes("BatchNormalization bn")) throw new Error("no node");
 * ```
 */
export function graphPicture(
  graph: GraphShape,
  options: GraphPictureOptions = {},
): Drawing {
  const { width = 640, title, marks, limit = 150 } = checked("graphPicture", options, {
    width: true,
    title: true,
    marks: true,
    limit: true,
  });
  const total = graph.nodes.length;
  return compose({
    title: title ?? formatNumberOf(total, "node"),
    subtitle: total > limit ? `The first ${formatCount(limit)} of ${formatCount(total)} nodes` : undefined,
    description: `A graph of ${formatNumberOf(total, "node")}.`,
    width,
    columns: [{
      heading: "",
      marks: graphMarks(graph, { marks, within: (index) => index < limit, nameLength: nameLength(width) }),
    }],
  }).drawnBy((width) => graphPicture(graph, { title, marks, limit, width }));
}

/** How many characters of a node's name a drawing of this width has room for. */
export function nameLength(width: number): number {
  return width < 480 ? 14 : 24;
}

/** Graphs side by side, or one below the other where the drawing is narrow, each under its heading. */
export function compose(
  { title, subtitle, description, legend, width, columns }: {
    title: string;
    subtitle?: string;
    description: string;
    legend?: LegendEntry[];
    width: number;
    columns: { heading: string; marks: GraphMarks }[];
  },
): Drawing {
  const header = layHeader({ title, subtitle, legend, width });
  const parts = header.elements.map(write);
  const stacked = width < 480 || columns.length === 1;
  const gap = 20, inner = width - 32 - (stacked ? 0 : gap * (columns.length - 1));
  const together = columns.reduce((sum, { marks }) => sum + Math.max(marks.width, MIN_COLUMN), 0);
  const rooms = columns.map(({ marks }) => stacked ? inner : inner * Math.max(marks.width, MIN_COLUMN) / together);
  const scale = Math.min(1, ...columns.map(({ marks }, index) => rooms[index] / Math.max(marks.width, 1)));
  let y = header.height + 8, tallest = 0, left = 16;
  columns.forEach(({ heading, marks }, index) => {
    const room = rooms[index];
    const head = heading === "" ? 0 : 26;
    if (heading) {
      parts.push(
        write(
          text(heading, left + room / 2, y + 14, { "text-anchor": "middle", "font-weight": 600, fill: color("muted") }),
        ),
      );
    }
    const x = left + (room - marks.width * scale) / 2;
    parts.push(
      `<g transform="translate(${x.toFixed(2)},${(y + head).toFixed(2)}) scale(${
        scale.toFixed(4)
      })">\n${marks.body}\n</g>`,
    );
    const height = head + marks.height * scale;
    if (stacked) y += height + gap;
    else left += room + gap;
    tallest = Math.max(tallest, height);
  });
  const bottom = stacked ? y - gap + 16 : y + tallest + 16;
  return new Drawing(title, description, svgDocument(title, description, width, Math.ceil(bottom), parts.join("\n")));
}
