import type { Value } from "../graph/graph.ts";
import { broadcast } from "../ops/dims.ts";
import { opOf } from "../ops/table.ts";
import { operatorsWith } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/** x ∘ Expand(y) = x ∘ y wherever ∘ broadcasts y to the same shape by itself, as in `x / norm.expand_as(x)`. */
export const dropExpand: Rule = {
  name: "drop-expand",
  summary: "Expand before an operator that broadcasts by itself (Div, Mul, Add, Where, …): that operator alone",
  phase: "clean",
  roots: operatorsWith("broadcasts"),
  rewrite(root, build) {
    if (root.hasReferences || root.opset < 7 || root.outputs.length > 1) return undefined;
    for (const wide of root.inputs) {
      const expand = wide?.producer, narrow = expand && opOf(expand)?.widened?.(expand);
      if (!narrow || expand.graph !== root.graph || wide.users.size > 1 || wide.isOutput) continue;
      const inputs = root.inputs.map((value) => value === wide ? narrow : value);
      if (!isSurely(root.output, inputs)) continue;
      return new Replacement([expand, root], [[root.output, build.like(root, inputs)]]);
    }
    return undefined;
  },
};

/** Whether these broadcast to the shape of a value, dimension by dimension. */
function isSurely({ shape }: Value, inputs: readonly (Value | undefined)[]): boolean {
  const now = broadcast(inputs.map((value) => value?.shape));
  return shape !== undefined && now?.length === shape.length &&
    now.every((dim, axis) => dim !== null && dim === shape[axis]);
}
