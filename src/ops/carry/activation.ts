import { type Carry, commuted, takesAsParameter, whyNotPositiveScale } from "./carry.ts";

/** f(s·x) = s·f(x) where s ≥ 0: what is linear on either side of zero, such as Relu and Abs. */
export const homogeneousCarry: Carry = {
  kind: "arithmetic",
  handsOn: true,
  up: (node, _output, affine) => whyNotPositiveScale(node, affine) ?? commuted({ value: node.inputs[0]!, affine }),
  down: (node, input, affine) =>
    node.inputs[0] === input
      ? whyNotPositiveScale(node, affine) ?? commuted({ value: node.output, affine })
      : takesAsParameter(node),
};
