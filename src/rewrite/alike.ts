import type { Node } from "../graph/graph.ts";
import { constantOf } from "../ops/constant.ts";

/**
 * Whether another node does with its own input what one that is rewritten does, and so does what comes after both, as far as it is
 * rewritten: both branches of a network that has one of several inputs (or levels) are, and end with the same new constants.
 */
export function isRewrittenAlike(other: Node, node: Node, rewritten: ReadonlySet<Node>): boolean {
  if (
    !haveSame(node, other, (index) => [node, other].every(({ inputs }) => inputs[index] && !constantOf(inputs[index])))
  ) return false;
  const next = node.output.soleUser, otherNext = other.output.soleUser;
  if (!next || !rewritten.has(next)) return true;
  if (!otherNext || other.output.isOutput) return false;
  const isOwn = (index: number) => next.inputs[index] === node.output && otherNext.inputs[index] === other.output;
  return next.inputs.every((_, index) => isOwn(index) || next.inputs[index] === otherNext.inputs[index]) &&
    isRewrittenAlike(otherNext, next, rewritten);
}

/** Whether two nodes are one operator with the same attributes and the same inputs, other than those that may differ. */
function haveSame(a: Node, b: Node, mayDiffer: (index: number) => boolean): boolean {
  if (a.opType !== b.opType || a.domain !== b.domain || a.inputs.length !== b.inputs.length) return false;
  if (a.outputs.length !== 1 || b.outputs.length !== 1 || a.attributes.size !== b.attributes.size) return false;
  return a.inputs.every((value, index) => value === b.inputs[index] || mayDiffer(index)) &&
    [...a.attributes].every(([name, { value }]) =>
      value !== undefined && JSON.stringify(value) === JSON.stringify(b.attribute(name))
    );
}
