import type { Node } from "../graph/graph.ts";

/** Nodes that wait to be visited in some of several phases, once at a time in each, in the order they were added. */
export class Queue {
  /** By node, one bit for each phase that it waits in. */
  readonly #waiting = new Map<Node, number>();
  readonly #phasesOf: (node: Node) => number;
  readonly #orders: Node[][];
  readonly #at: number[];

  /** For so many phases; `phasesOf` has a bit for each phase that has something to do at a node. */
  constructor(phases: number, phasesOf: (node: Node) => number) {
    this.#phasesOf = phasesOf;
    this.#orders = Array.from({ length: phases }, () => []);
    this.#at = new Array(phases).fill(0);
  }

  /** The next one of a phase, which waits there no longer; undefined where none does. */
  take(phase: number): Node | undefined {
    const node = this.#orders[phase][this.#at[phase]++];
    if (node) this.#waiting.set(node, this.#waiting.get(node)! & ~(1 << phase));
    else [this.#orders[phase], this.#at[phase]] = [[], 0];
    return node;
  }

  /** Adds nodes to every phase that they do not wait in already. */
  add(nodes: readonly Node[]): void {
    for (const node of nodes) {
      const phases = this.#phasesOf(node), waiting = this.#waiting.get(node) ?? 0, more = phases & ~waiting;
      if (more === 0) continue;
      this.#waiting.set(node, waiting | more);
      for (let phase = 0, left = more; left > 0; phase++, left >>= 1) if (left & 1) this.#orders[phase].push(node);
    }
  }
}
