/**
 * Where the nodes and edges of a graph lie: dagre's layered layout, top to bottom.
 *
 * @module
 */

import { Graph, layout } from "@dagrejs/dagre";

/** A node as far as a picture needs it. */
export interface GraphNode {
  /** Name; may be empty. */
  name: string;
  /** Operator type. */
  opType: string;
  /** Names of the values it reads; empty names are absent ones. */
  inputs: readonly string[];
  /** Names of the values it writes. */
  outputs: readonly string[];
}

/**
 * A graph as far as a picture needs it. Values that no node writes and that are no graph inputs are weights, and not
 * drawn.
 */
export interface GraphShape {
  /** In topological order. */
  nodes: readonly GraphNode[];
  /** The graph's inputs, to draw where data come in. */
  inputs?: readonly Port[];
  /** The graph's outputs. */
  outputs?: readonly Port[];
}

/** An input or output of a graph: its name, or something that has one. */
export type Port = string | { readonly name: string };

/** A box to be placed. */
export interface Box {
  /** Unique among boxes. */
  key: string;
  width: number;
  height: number;
}

/** A box with the middle it was given. */
export interface PlacedBox extends Box {
  x: number;
  y: number;
}

/** A graph laid out: all in px from its top left corner. */
export interface Layout {
  boxes: PlacedBox[];
  edges: { from: string; to: string; points: { x: number; y: number }[] }[];
  width: number;
  height: number;
}

/**
 * Places boxes in layers so that edges run downwards. Parallel edges are drawn once. The same boxes give the same
 * places.
 */
export function layOut(boxes: readonly Box[], edges: readonly (readonly [string, string])[]): Layout {
  const graph = new Graph().setGraph({ rankdir: "TB", nodesep: 18, ranksep: 26, edgesep: 12, marginx: 1, marginy: 1 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { key, width, height } of boxes) graph.setNode(key, { width, height });
  for (const [from, to] of edges) graph.setEdge(from, to);
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    boxes: boxes.map((box) => {
      const { x, y } = graph.node(box.key) as { x: number; y: number };
      return { ...box, x, y };
    }),
    edges: graph.edges().map((edge: { v: string; w: string }) => ({
      from: edge.v,
      to: edge.w,
      points: (graph.edge(edge.v, edge.w) as { points: { x: number; y: number }[] }).points,
    })),
    width: boxes.length === 0 ? 0 : width,
    height: boxes.length === 0 ? 0 : height,
  };
}
