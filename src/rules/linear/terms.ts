import type { Node, Value } from "../../graph/graph.ts";

/** A sum of several values, however it is bracketed. */
export interface Sum {
  /** What is added, left to right. */
  readonly terms: readonly Value[];
  /** The Add and Sum nodes between them and the result, the root first. */
  readonly nodes: readonly Node[];
}

/** The sum a node is the root of: nested Add and Sum nodes count where only the sum itself uses them. */
export function sumAt(root: Node): Sum {
  const terms: Value[] = [], nodes: Node[] = [];
  const stack: (Value | Node)[] = [root];
  while (stack.length > 0) {
    const next = stack.pop()!;
    const node = "opType" in next ? next : inner(next);
    if (!node) {
      terms.push(next as Value);
      continue;
    }
    nodes.push(node);
    for (let index = node.inputs.length - 1; index >= 0; index--) stack.push(node.inputs[index]!);
  }
  return { terms, nodes };
}

/** Whether a node is part of a larger sum, at whose root it is looked at. */
export function isInnerSum(node: Node): boolean {
  const [user] = node.output.users.keys();
  return user !== undefined && isSum(user) && inner(node.output) === node;
}

function inner(value: Value): Node | undefined {
  const node = value.producer;
  if (!node || !isSum(node) || value.isOutput || value.users.size !== 1) return undefined;
  const [[user, count]] = value.users;
  return count === 1 && user.graph === node.graph ? node : undefined;
}

function isSum(node: Node): boolean {
  if (!node.is("Add", "Sum") || node.inputs.some((value) => !value)) return false;
  // before opset 7 Add enlarges only by its own attributes, which a sum of more terms has not
  return node.opset >= 7 || node.is("Sum") || node.number("broadcast", 0) === 0;
}
