import { allGraphs, type Graph, Value } from "../graph/graph.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { TensorIds } from "../tensor/tensor_ids.ts";
import { constantOf } from "./constant.ts";

/** The initializers of a model, so that equal ones are one. Equal means: made of the same stored bytes in the same way. */
export class ConstantPool {
  readonly #ids = new TensorIds();
  /** Those that nobody asked for the like of yet, by type and shape: their values are not compared. */
  readonly #byShape = new Map<string, Value[]>();
  readonly #byId = new Map<number, Value[]>();

  /** Of all graphs of a model. */
  constructor(graphs: Iterable<Graph>) {
    for (const graph of allGraphs(graphs)) for (const value of graph.initializers) this.add(value);
  }

  /** An initializer that equals a tensor and that a node of a graph can take. */
  find(tensor: Tensor, graph: Graph): Value | undefined {
    for (const value of this.#equal(tensor)) if (graph.find(value.name) === value) return value;
  }

  /** Whether two tensors are surely equal. */
  areEqual(a: Tensor, b: Tensor): boolean {
    return keyOf(a) === keyOf(b) && this.#ids.idOf(a) === this.#ids.idOf(b);
  }

  /** Takes note of an initializer. */
  add(value: Value): void {
    if (!constantOf(value) || value.isInput || value.graph.isFunction) return;
    const key = keyOf(value.initializer!), list = this.#byShape.get(key);
    if (list) list.push(value);
    else this.#byShape.set(key, [value]);
  }

  /** Lets go of an initializer that was compared: a weight that each rewrite changes would be there a thousand times. */
  remove(value: Value): void {
    const id = value.initializer && this.#ids.known(value.initializer), equal = id !== undefined && this.#byId.get(id);
    if (equal) this.#byId.set(id, equal.filter((other) => other !== value));
  }

  /**
   * Where a new initializer of a subgraph equals one of another subgraph, both become one in the graph around them. Returns the
   * one to take; undefined where there is no other.
   */
  hoist({ initializer, graph }: Value): Value | undefined {
    const root = outermost(graph);
    if (graph.parent === undefined) return undefined;
    const other = [...this.#equal(initializer!)].find((value) => !value.isOutput && outermost(value.graph) === root);
    if (!other) return undefined;
    const shared = new Value(root, root.freshName(other.name));
    Object.assign(shared, { initializer: other.initializer, type: other.type, shape: other.shape });
    root.values.set(shared.name, shared);
    other.graph.replaceUses(other, shared);
    other.graph.dropValue(other);
    this.add(shared);
    return shared;
  }

  /** Those that equal a tensor and are still there: one is enough for most, of thousands. */
  *#equal(tensor: Tensor): Generator<Value> {
    const list = this.#byShape.get(keyOf(tensor));
    if (!list) return;
    for (const value of list.splice(0)) {
      if (!isThere(value)) continue;
      const id = this.#ids.idOf(value.initializer!), equal = this.#byId.get(id);
      if (equal) equal.push(value);
      else this.#byId.set(id, [value]);
    }
    for (const value of this.#byId.get(this.#ids.idOf(tensor)) ?? []) if (isThere(value)) yield value;
  }
}

function keyOf({ type, dims }: Tensor): string {
  return `${type}[${dims}]`;
}

function isThere(value: Value): boolean {
  return value.graph.values.get(value.name) === value;
}

function outermost(graph: Graph): Graph {
  return graph.parent ? outermost(graph.parent) : graph;
}
