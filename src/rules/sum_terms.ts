import type { Node, Value } from "../graph/graph.ts";
import type { Term } from "../ops/sum.ts";
import { viewsOf } from "../ops/views.ts";

/** A sum of several values, however it is bracketed. */
export interface Sum {
  /** What is added, left to right. */
  readonly terms: readonly Term[];
  /** The nodes between them and the result, the root first. */
  readonly nodes: readonly Node[];
}

/** The sum a node is the root of: sums inside it count where only the sum itself uses them. */
export function sumAt(root: Node): Sum {
  const terms: Term[] = [], nodes: Node[] = [];
  const stack: Term[] = [{ value: root.output, sign: 1 }];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { value, sign } = next, node = value === root.output ? root : innerSum(value);
    if (!node) {
      terms.push(next);
      continue;
    }
    nodes.push(node);
    for (const term of termsOf(node)?.toReversed() ?? []) {
      stack.push({ value: term.value, sign: term.sign === sign ? 1 : -1 });
    }
  }
  return { terms, nodes };
}

/** Whether a node is part of a larger sum, at whose root it is looked at. */
export function isInnerSum(node: Node): boolean {
  const { soleUser } = node.output;
  return soleUser !== undefined && termsOf(soleUser) !== undefined && termsOf(node) !== undefined;
}

/** What a node adds and takes away, where it is a sum. */
export function termsOf(node: Node): readonly Term[] | undefined {
  return viewsOf(node).terms?.(node);
}

function innerSum({ producer, soleUser }: Value): Node | undefined {
  return producer && soleUser && termsOf(producer) ? producer : undefined;
}
