import type { Dim, Node } from "../graph/graph.ts";
import { type Tensor, valuesOf, valueTensor } from "../tensor/tensor.ts";
import type { Facts, Op } from "./op.ts";
import { elementsOf, MOST_FOLLOWED } from "./shape_elements.ts";

/** Shapes and elements of the outputs of an operator that only moves them: it is made to move their numbers. */
export function movedElements(
  op: Op,
  node: Node,
  inputs: readonly Facts[],
): Pick<Facts, "shape" | "elements">[] | undefined {
  const moved = op.moves === "all" ? inputs.map((_, index) => index) : op.moves!;
  if (!moved.some((index) => inputs[index]?.elements)) return undefined;
  const pool: Dim[] = [];
  const constants: (Tensor | undefined)[] = [];
  for (const [index, facts] of inputs.entries()) {
    if (!moved.includes(index) || !node.has(index)) {
      if (node.has(index) && !facts.constant) return undefined;
      constants.push(facts.constant);
      continue;
    }
    const elements = elementsOf(facts), dims = facts.shape;
    if (!elements || !dims?.every((dim) => typeof dim === "number")) return undefined;
    const start = pool.length;
    pool.push(...elements);
    constants.push(
      valueTensor("float64", dims as number[], Float64Array.from(elements, (_, at) => start + at)),
    );
  }
  const results = op.evaluate!(node, constants);
  return results?.map((result) =>
    result && result.size <= MOST_FOLLOWED
      ? { shape: result.dims, elements: Array.from(valuesOf(result), (at): Dim => pool[at]) }
      : {}
  );
}
