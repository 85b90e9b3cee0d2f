import type { Node } from "../graph/graph.ts";

/** Nodes that wait to be visited, each once at a time, in the order they were added. */
export class Queue {
  readonly #waiting: Set<Node>;
  #next: Iterator<Node>; // of a set that changes: from its start, it would pass over all that was taken

  /** All of some nodes, in their order. */
  constructor(nodes: readonly Node[]) {
    this.#waiting = new Set(nodes);
    this.#next = this.#waiting.values();
  }

  /** The next one, which waits no longer; undefined where none does. */
  take(): Node | undefined {
    if (this.#waiting.size === 0) return undefined;
    let { done, value } = this.#next.next();
    if (done) ({ value } = (this.#next = this.#waiting.values()).next());
    this.#waiting.delete(value);
    return value;
  }

  /** Adds nodes that do not wait already. */
  add(nodes: readonly Node[]): void {
    for (const node of nodes) this.#waiting.add(node);
  }
}
