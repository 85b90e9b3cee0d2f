import type { Drawing, DrawingOptions } from "./drawing.ts";
import { formatCount, formatNumberOf, shorten } from "./format.ts";
import { withoutConstants } from "./constant_nodes.ts";
import { type FusionGroup, fusionGroups } from "./fusion_groups.ts";
import type { FusionSummary } from "./fusion_summary.ts";
import type { GraphShape } from "./graph_layout.ts";
import { graphMarks, type NodeMark } from "./graph_marks.ts";
import { compose, nameLength } from "./graph_picture.ts";
import { color, type ColorName } from "./theme.ts";
import { checked } from "../host/options.ts";

/** Whole graphs are drawn up to this many nodes. */
const LARGEST = 150;

/** What {@link fusionPicture} draws. */
export interface FusionPictureOptions extends DrawingOptions {
  /**
   * Which rewrite, by its place in `report.applied`, is in the picture; when absent the first that is about more than
   * constants. Those that belong to it are drawn too.
   */
  rewrite?: number;
  /** How many steps of the nodes around are drawn, 1 when absent. */
  context?: number;
  /** Draws the whole graphs instead, constants too, up to 150 nodes, with every fused node set off. */
  whole?: boolean;
}

/**
 * The same piece of two graphs, before and after fusion: the nodes that were fused and what they became, with their
 * neighbours. Fused nodes are coloured and link to `#applied-N`, the row of the report that made them. Throws a
 * RangeError where there is no such rewrite.
 *
 * @example
 * ```ts
 * import { fusionPicture } from "@layerfuse/layerfuse/plot";
 *
 * const conv = { name: "conv", opType: "Conv", inputs: ["x", "w"], outputs: ["c"] };
 * const bn = { name: "bn", opType: "BatchNormalization", inputs: ["c", "s", "b", "m", "v"], outputs: ["y"] };
 * const picture = fusionPicture(
 *   { nodes: [conv, bn], inputs: ["x"], outputs: ["y"] },
 *   { nodes: [{ ...conv, outputs: ["y"] }], inputs: ["x"], outputs: ["y"] },
 *   { applied: [{ rule: "fuse-affine-into-layer", nodes: ["conv", "bn"], result: "y" }] },
 * );
 * if (!picture.svg.includes('<a href="#applied-0">')) throw new Error("no link");
 * ```
 */
export function fusionPicture(
  original: GraphShape,
  after: GraphShape,
  { applied: all }: Pick<FusionSummary, "applied">,
  options: FusionPictureOptions = {},
): Drawing {
  const { width = 640, rewrite: asked, context = 1, whole = false } = checked("fusionPicture", options, {
    width: true,
    rewrite: true,
    context: true,
    whole: true,
  });
  const plain = withoutConstants(original, all);
  const rewrite = asked ?? Math.max(plain.applied.findIndex(({ nodes }) => nodes.length > 0), 0);
  const hides = !whole && plain.applied[rewrite]?.nodes.length > 0;
  const before = hides ? plain.graph : original;
  const report = { applied: hides ? plain.applied : all };
  const groups = fusionGroups(before, after, report);
  const chosen = whole ? groups : groups.filter((group) => group.applied.includes(rewrite));
  if (!whole && chosen.length === 0) {
    throw new RangeError(
      `rewrite ${rewrite} was asked for, but the report has ${report.applied.length}; the first is 0`,
    );
  }
  const rules = [
    ...new Set(chosen.flatMap((group) => group.applied.map((index) => shorten(report.applied[index].rule, 60)))),
  ];
  const alike = whole ? 0 : groups.filter((group) => group.kind === chosen[0].kind).length;
  const fused = chosen.reduce((sum, group) => sum + group.before.length, 0);
  const became = chosen.reduce((sum, group) => sum + group.after.length, 0);
  const nearBefore = around(before, chosen.flatMap((group) => group.before), context);
  const nearAfter = around(after, chosen.flatMap((group) => group.after), context);
  // Neighbours keep the names of what they write, so both pictures show the same ones; also where nothing is left of
  // the fused nodes.
  const kept = new Set([...nearBefore].flatMap((index) => before.nodes[index].outputs));
  after.nodes.forEach((node, index) => node.outputs.some((name) => kept.has(name)) && nearAfter.add(index));
  const column = (graph: GraphShape, side: "before" | "after", near: Set<number>, name: ColorName) => ({
    heading: side,
    marks: graphMarks(graph, {
      marks: marksOf(chosen, side, name),
      within: (index) => whole ? index < LARGEST : near.has(index),
      nameLength: nameLength(width),
    }),
  });
  return compose({
    title: whole ? "The graph before and after" : rules.join(", "),
    subtitle: whole
      ? `${formatNumberOf(before.nodes.length, "node")} before, ${formatCount(after.nodes.length)} after`
      : alike > 1
      ? `One of ${formatCount(alike)} places that look like this`
      : undefined,
    description: `${formatNumberOf(fused, "node")} became ${formatCount(became)}, by ${rules.join(", ") || "no rule"}.`,
    legend: [
      { label: "fused away or changed", color: color("before"), shape: "outline" },
      { label: "what they became", color: color("fused"), shape: "outline" },
    ],
    width,
    columns: [column(before, "before", nearBefore, "before"), column(after, "after", nearAfter, "fused")],
  }).drawnBy((width) => fusionPicture(original, after, { applied: all }, { rewrite: asked, context, whole, width }));
}

/**
 * One rewrite of every kind there is, the most frequent first: its place in the report, and how many places look like
 * it. Rewrites of constants alone are none.
 */
export function rewriteKinds(
  original: GraphShape,
  after: GraphShape,
  report: Pick<FusionSummary, "applied">,
): { rewrite: number; places: number }[] {
  const { graph: before, applied } = withoutConstants(original, report.applied);
  return [...Map.groupBy(fusionGroups(before, after, { applied }), (group) => group.kind).values()]
    .map((groups) => ({ rewrite: groups[0].applied[0], places: groups.length }))
    .sort((a, b) => b.places - a.places || a.rewrite - b.rewrite);
}

function marksOf(groups: readonly FusionGroup[], side: "before" | "after", name: ColorName): Map<number, NodeMark> {
  return new Map(
    groups.flatMap((group) =>
      group[side].map((index) => [index, { color: name, href: `#applied-${group.applied.at(-1)}` }])
    ),
  );
}

/** The nodes within so many steps of some nodes, along values in either direction. */
function around({ nodes }: GraphShape, from: readonly number[], steps: number): Set<number> {
  const producer = new Map(nodes.flatMap((node, index) => node.outputs.map((name) => [name, index] as const)));
  const neighbours = nodes.map(() => new Set<number>());
  nodes.forEach((node, index) => {
    for (const name of node.inputs) {
      const other = name === "" ? undefined : producer.get(name);
      if (other === undefined) continue;
      neighbours[index].add(other);
      neighbours[other].add(index);
    }
  });
  const near = new Set(from);
  let edge = [...from];
  for (let step = 0; step < steps; step++) {
    edge = edge.flatMap((index) => [...neighbours[index]]).filter((index) => !near.has(index));
    for (const index of edge) near.add(index);
  }
  return near;
}
