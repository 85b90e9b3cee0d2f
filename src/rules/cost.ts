import type { Node } from "../graph/graph.ts";
import type { Cost } from "../rewrite/report.ts";

/** What nodes cost together: multiply-accumulates of their layers for one item of a batch, elements of their weights. */
export function costOf(nodes: readonly Node[]): Cost {
  let macs: number | null = 0, parameters = 0;
  for (const node of nodes) {
    const own = macsOf(node);
    macs = macs === null || own === null ? null : macs + own;
    for (const value of node.inputs) parameters += value?.initializer?.size ?? 0;
  }
  return { nodes: nodes.length, macs, parameters };
}

/** Multiply-accumulates of a node for one item of a dynamic batch; 0 for what is no layer, null where shapes are missing. */
export function macsOf(node: Node): number | null {
  if (!node.is("Conv", "ConvTranspose", "Gemm", "MatMul")) return 0;
  const [x, w] = node.inputs.map((value) => value?.shape), y = node.outputs[0]?.shape;
  const elements = (dims: readonly unknown[] | undefined): number | null =>
    dims === undefined ? null : dims.reduce<number | null>((product, dim, axis) => {
      const size = typeof dim === "number" ? dim : axis === 0 ? 1 : null;
      return product === null || size === null ? null : product * size;
    }, 1);
  const times = (a: number | null, b: number | null) => a === null || b === null ? null : a * b;
  switch (node.opType) {
    case "Conv":
      return times(elements(y), elements(w?.slice(1)));
    case "ConvTranspose":
      return times(elements(x), elements(w?.slice(1)));
    default: {
      const inner = node.opType === "Gemm" && node.number("transA", 0) !== 0 ? x?.[0] : x?.[x.length - 1];
      return times(elements(y), typeof inner === "number" ? inner : null);
    }
  }
}
