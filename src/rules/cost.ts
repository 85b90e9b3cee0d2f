import type { Dim, Node, Value } from "../graph/graph.ts";
import type { Cost } from "../rewrite/report.ts";
import { formatOf } from "../tensor/element_type.ts";
import { sizeOf } from "../tensor/tensor.ts";

/**
 * What nodes cost together: multiply-accumulates and bytes moved for one item of a batch, and elements of their weights. A
 * value between two of the nodes is written once and read once.
 */
export function costOf(nodes: readonly Node[]): Cost {
  let macs: number | null = 0, bytes: number | null = 0, parameters = 0;
  for (const node of nodes) {
    macs = plus(macs, macsOf(node));
    for (const value of [...node.inputs, ...node.outputs]) if (value) bytes = plus(bytes, bytesOf(value));
    for (const value of node.inputs) parameters += value?.initializer?.size ?? 0;
  }
  return { nodes: nodes.length, macs, parameters, bytes };
}

function plus(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}

/** Elements of a shape for one item of a dynamic batch; null where a size is not known. */
export function elementsOf(shape: readonly Dim[] | undefined): number | null {
  if (!shape) return null;
  return shape.reduce<number | null>((product, dim, axis) => {
    const size = typeof dim === "number" ? dim : axis === 0 ? 1 : null;
    return product === null || size === null ? null : product * size;
  }, 1);
}

function bytesOf({ initializer, shape, type }: Value): number | null {
  const known = initializer?.type ?? type;
  if (known === undefined || known === "string" || known === "opaque") return null;
  const elements = initializer?.size ?? elementsOf(shape);
  return elements === null ? null : elements * formatOf(known).bytes;
}

/**
 * Multiply-accumulates of a node for one item of a dynamic batch, a pool's additions counted as such; 0 for what is neither,
 * null where shapes are missing.
 */
export function macsOf(node: Node): number | null {
  const [x, w] = node.inputs.map((value) => value?.shape), y = node.outputs[0]?.shape;
  const times = (a: number | null, b: number | null) => a === null || b === null ? null : a * b;
  switch (node.domain === "" ? node.opType : "") {
    case "Conv":
      return times(elementsOf(y), elementsOf(w && [1, ...w.slice(1)]));
    case "ConvTranspose":
      return times(elementsOf(x), elementsOf(w && [1, ...w.slice(1)]));
    case "Gemm":
    case "MatMul": {
      const inner = node.opType === "Gemm" && node.number("transA", 0) !== 0 ? x?.[0] : x?.[x.length - 1];
      return times(elementsOf(y), typeof inner === "number" ? inner : null);
    }
    case "AveragePool":
      return times(elementsOf(y), sizeOf(node.numbers("kernel_shape") ?? []));
    case "GlobalAveragePool":
    case "ReduceMean":
      return elementsOf(x);
    default:
      return 0;
  }
}
