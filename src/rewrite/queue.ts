import type { Node } from "../graph/graph.ts";

/** Nodes that wait to be visited in some of several phases, once at a time in each, in the order they were added. */
export class Queue {
  readonly #phasesOf: (node: Node) => number;
  readonly #waiting: Set<Node>[];
  /** How far each phase is: from its front on, each step would go past all that were taken. */
  readonly #next: Iterator<Node>[];

  /** For so many phases; `phasesOf` has a bit for each phase that has something to do at a node. */
  constructor(phases: number, phasesOf: (node: Node) => number) {
    this.#phasesOf = phasesOf;
    this.#waiting = Array.from({ length: phases }, () => new Set());
    this.#next = this.#waiting.map((waiting) => waiting.values());
  }

  /** The next one of a phase, which waits there no longer; undefined where none does. */
  take(phase: number): Node | undefined {
    const { done, value } = this.#next[phase].next();
    if (!done) this.#waiting[phase].delete(value);
    else this.#next[phase] = (this.#waiting[phase] = new Set()).values();
    return value;
  }

  /** Adds nodes to every phase that they do not wait in already. */
  add(nodes: readonly Node[]): void {
    for (const node of nodes) {
      for (let phase = 0, left = this.#phasesOf(node); left > 0; phase++, left >>= 1) {
        if (left & 1) this.#waiting[phase].add(node);
      }
    }
  }

  /** Takes out nodes that are gone: what thousands of rewrites replaced would be held until a phase comes to it. */
  remove(nodes: readonly Node[]): void {
    for (const node of nodes) {
      for (let phase = 0, left = this.#phasesOf(node); left > 0; phase++, left >>= 1) {
        if (left & 1) this.#waiting[phase].delete(node);
      }
    }
  }
}
