import type { Node } from "../graph/graph.ts";
import type { ElementType } from "../tensor/element_type.ts";
import { asRounded, mapped } from "../tensor/elementwise.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { broadcast } from "./dims.ts";
import { sameEntries } from "./entries.ts";
import type { Facts, Op } from "./op.ts";

/** Results of elementwise operators have the type of the first input and the shape all inputs broadcast to. */
export function inferBroadcast(node: Node, inputs: readonly Facts[]): readonly Facts[] {
  const given = inputs.slice(0, node.inputs.length), shapes = given.map(({ shape }) => shape);
  return [{ type: inputs[0].type, shape: isLegacy(node) ? shapes[0] : broadcast(shapes) }];
}

/** Before operator set 7, the second operand fits into the first, by an attribute. */
export function isLegacy(node: Node): boolean {
  return node.domain === "" && node.opset < 7;
}

/** The first output is like the first input. */
export function inferSame(_node: Node, [x]: readonly Facts[]): readonly Facts[] {
  return [{ type: x.type, shape: x.shape }];
}

/** The first output has the shape of the first input and a type of its own. */
function inferAs(type: ElementType): Op["infer"] {
  return (_node, [x]) => [{ type, shape: x.shape }];
}

/** y = f(x) for each element, in float64. `of` makes f of the node's attributes; undefined where it is not worked out. */
export function unary(
  of: (node: Node, constants: readonly (Tensor | undefined)[]) => ((x: number) => number) | undefined,
): Op {
  return {
    inputs: [1],
    infer: inferSame,
    entries: sameEntries,
    evaluate(node, constants) {
      const f = of(node, constants);
      return f && [mapped(constants[0]!, f)];
    },
  };
}

/** y = f(x) for each element. */
export function pointwise(f: (x: number) => number): Op {
  return unary(() => f);
}

/** y = f(x) for an f with steps: x is first rounded as a runtime has it. */
export function stepwise(f: (x: number) => number, type?: ElementType): Op {
  return {
    inputs: [1],
    infer: type ? inferAs(type) : inferSame,
    entries: sameEntries,
    evaluate: (_node, [x]) => [mapped(asRounded(x!), f, type)],
  };
}
