import type { Node } from "../graph/graph.ts";

/** Nodes that wait to be visited, each once at a time, in the order they were added. */
export class Queue {
  readonly #waiting: Set<Node>;
  #order: Node[];
  #at = 0;

  /** All of some nodes, in their order. */
  constructor(nodes: readonly Node[]) {
    this.#waiting = new Set(nodes);
    this.#order = [...nodes];
  }

  /** The next one, which waits no longer; undefined where none does. */
  take(): Node | undefined {
    const node = this.#order[this.#at++];
    if (node) this.#waiting.delete(node);
    else [this.#order, this.#at] = [[], 0];
    return node;
  }

  /** Adds nodes that do not wait already. */
  add(nodes: readonly Node[]): void {
    for (const node of nodes) {
      if (this.#waiting.has(node)) continue;
      this.#waiting.add(node);
      this.#order.push(node);
    }
  }
}
