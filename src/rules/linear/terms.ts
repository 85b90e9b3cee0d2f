import type { Node, Value } from "../../graph/graph.ts";

/** One thing that is added or taken away. */
export interface Term {
  /** The value. */
  readonly value: Value;
  /** 1 where it is added, −1 where it is taken away. */
  readonly sign: 1 | -1;
}

/** A sum of several values, however it is bracketed. */
export interface Sum {
  /** What is added, left to right. */
  readonly terms: readonly Term[];
  /** The Add, Sub and Sum nodes between them and the result, the root first. */
  readonly nodes: readonly Node[];
}

/** The sum a node is the root of: nested Add, Sub and Sum nodes count where only the sum itself uses them. */
export function sumAt(root: Node): Sum {
  const terms: Term[] = [], nodes: Node[] = [];
  const stack: { part: Value | Node; sign: 1 | -1 }[] = [{ part: root, sign: 1 }];
  while (stack.length > 0) {
    const { part, sign } = stack.pop()!;
    const node = "opType" in part ? part : inner(part);
    if (!node) {
      terms.push({ value: part as Value, sign });
      continue;
    }
    nodes.push(node);
    for (let index = node.inputs.length - 1; index >= 0; index--) {
      const isTaken = node.is("Sub") && index === 1;
      stack.push({ part: node.inputs[index]!, sign: isTaken ? (sign > 0 ? -1 : 1) : sign });
    }
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
  if (!node.is("Add", "Sub", "Sum") || node.inputs.some((value) => !value)) return false;
  // before opset 7 Add and Sub enlarge only by their own attributes, which a sum of more terms has not
  return node.opset >= 7 || node.is("Sum") || node.number("broadcast", 0) === 0;
}
