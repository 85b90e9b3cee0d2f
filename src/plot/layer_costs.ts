import * as Plot from "@observablehq/plot";
import { bottomAxis, decadeTicks, leftAxis } from "./axes.ts";
import { draw } from "./chart.ts";
import { type Drawing, DRAWING_OPTIONS, type DrawingOptions } from "./drawing.ts";
import { cleanText, formatBytes, formatNumber } from "./format.ts";
import { color } from "./theme.ts";
import { checked } from "../host/options.ts";

/** Arithmetic and memory traffic of one layer. */
export interface LayerCost {
  /** Node name. */
  name: string;
  /** Operator type. */
  opType: string;
  /** Multiply–accumulate operations per inference. */
  macs: number;
  /** Bytes that must move at least once per inference: inputs, weights and outputs. */
  bytes: number;
}

/**
 * Each layer by the bytes it moves and the multiply–accumulates it does, both logarithmic, before and after. Dashed
 * diagonals are arithmetic intensities (MACs per byte): far below and right, a layer waits for memory, and fusing it
 * away saves the trip; far above, for arithmetic. Layers without arithmetic (MACs 0) stand on the bottom edge.
 */
export function layerCosts(
  layers: { before: readonly LayerCost[]; after?: readonly LayerCost[] },
  options: DrawingOptions = {},
): Drawing {
  const { width = 640 } = checked("layerCosts", options, DRAWING_OPTIONS);
  const dots = [
    ...layers.before.map((layer) => ({ ...layer, set: "before" as const })),
    ...(layers.after ?? []).map((layer) => ({ ...layer, set: "after" as const })),
  ].filter((layer) => layer.bytes > 0);
  const positive = dots.filter((layer) => layer.macs > 0).map((layer) => layer.macs);
  const x = decades(dots.map((layer) => layer.bytes), 1e3, 1e6);
  const y = decades(positive, 1e3, 1e6);
  const rows = dots.map((layer) => ({
    ...layer,
    macs: Math.max(layer.macs, y[0]),
    title: `${cleanText(layer.name)} (${cleanText(layer.opType)}): ${formatNumber(layer.macs)} MACs, ${
      formatBytes(layer.bytes)
    }`,
  }));
  const lines = [0.01, 0.1, 1, 10, 100, 1000].flatMap((intensity) => {
    const x1 = Math.max(x[0], y[0] / intensity), x2 = Math.min(x[1], y[1] / intensity);
    return Math.log10(x2 / x1) > 0.6 ? [{ intensity, x1, x2, y1: x1 * intensity, y2: x2 * intensity }] : [];
  });
  const total = (set: "before" | "after") => {
    const those = dots.filter((layer) => layer.set === set);
    const sum = (pick: (layer: LayerCost) => number) => those.reduce((all, layer) => all + pick(layer), 0);
    return `${those.length} layers ${set}: ${formatNumber(sum((layer) => layer.macs) / 1e6)} million MACs, ${
      formatBytes(sum((layer) => layer.bytes))
    }`;
  };
  return draw({
    title: "Arithmetic and memory traffic by layer",
    subtitle: "Dashed: MACs per byte. Low and right a layer waits for memory, high it waits for arithmetic",
    description: `${total("before")}${layers.after ? `; ${total("after")}` : ""}.`,
    legend: [
      { label: "before", color: color("before"), shape: "ring" },
      ...(layers.after ? [{ label: "after", color: color("after"), shape: "dot" as const }] : []),
    ],
    width,
    yTitle: "arithmetic (MACs per inference)",
    panels: [{
      height: 330,
      plot: {
        marginTop: 28,
        marginLeft: 58,
        marginRight: 20,
        marginBottom: 46,
        x: { type: "log", domain: x },
        y: { type: "log", domain: y },
        marks: [
          ...leftAxis({ ticks: decadeTicks(...y, 5), tickFormat: "~s" }),
          ...bottomAxis("memory traffic (bytes per inference)", { ticks: decadeTicks(...x, 5), tickFormat: "~s" }),
          Plot.link(lines, {
            x1: "x1",
            y1: "y1",
            x2: "x2",
            y2: "y2",
            stroke: color("muted"),
            strokeDasharray: "3 4",
            strokeOpacity: 0.7,
          }),
          Plot.text(lines, {
            x: "x2",
            y: "y2",
            text: (line: { intensity: number }) => String(line.intensity),
            dx: -8,
            dy: 10,
            fontSize: 11,
            fill: color("muted"),
            stroke: color("surface"),
            strokeWidth: 3,
            paintOrder: "stroke",
          }),
          Plot.dot(rows.filter((row) => row.set === "before"), {
            x: "bytes",
            y: "macs",
            r: 4,
            stroke: color("before"),
            title: "title",
          }),
          Plot.dot(rows.filter((row) => row.set === "after"), {
            x: "bytes",
            y: "macs",
            r: 2.4,
            fill: color("after"),
            title: "title",
          }),
        ],
      },
    }],
  }).drawnBy((width) => layerCosts(layers, { width }));
}

/** The decades that hold all values. */
function decades(values: readonly number[], low: number, high: number): [number, number] {
  const least = values.length ? Math.min(...values) : low, most = values.length ? Math.max(...values) : high;
  const first = Math.floor(Math.log10(least)), last = Math.ceil(Math.log10(most));
  return [10 ** first, 10 ** Math.max(last, first + 1)];
}
