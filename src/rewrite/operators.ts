import { constantOf } from "../ops/constant.ts";
import type { Node, Value } from "../graph/graph.ts";
import { operatorsOf } from "../ops/idioms/expanded.ts";
import type { Idiom } from "../ops/idioms/idiom.ts";
import { type Found, idiomOf, mayBePart } from "../ops/idioms/find.ts";
import { AS_IS, type GraphView } from "../ops/idioms/pattern.ts";
import type { Builder } from "../ops/builder.ts";
import { Skip } from "../ops/skip.ts";
import { affineOf } from "../ops/views.ts";
import type { Replacement } from "./rule.ts";
import type { Runtime } from "./runtime.ts";

/** How many operators a runtime runs for the surroundings of a replacement. */
export interface OperatorCount {
  /** Without it. */
  readonly before: number;
  /** With it. */
  readonly after: number;
  /** An idiom that is one operator without it, and several with it. */
  readonly broken?: Found;
}

/**
 * Counts the operators that a runtime makes of the nodes of a replacement before and after it: an idiom as one, what it has no
 * kernel for as the nodes of its function. Nodes of an idiom that is cut are counted each by itself, those with constant results
 * not at all.
 */
export function countOperators(replacement: Replacement, build: Builder, runtime: Runtime): OperatorCount {
  const { removed } = replacement, added = new Set(build.nodes.map(({ opType }) => opType));
  const running = (nodes: Iterable<Node>) => [...nodes].filter((node) => !isConstant(node));
  if (runtime === "none") return { before: running(removed).length, after: running(build.nodes).length };
  if (![...removed, ...build.nodes].some((node) => mayBePart(node, added))) {
    const count = (nodes: Iterable<Node>) => running(nodes).reduce((sum, node) => sum + operatorsOf(node), 0);
    return { before: count(new Set(removed)), after: count(build.nodes) };
  }
  const gone = new Set(removed), before = finder(AS_IS), after = finder(new ViewAfter(replacement, build, added));
  const region = new Set(removed), cut = new Map<Node, Found>();
  for (const node of removed) {
    const found = before(node);
    if (!found || cut.has(found.nodes[0])) continue;
    cut.set(found.nodes[0], found);
    for (const member of found.nodes) region.add(member);
  }
  const staged = new Set(build.nodes);
  for (const node of staged) {
    for (const member of after(node)?.nodes ?? []) {
      if (staged.has(member)) continue;
      for (const other of before(member)?.nodes ?? [member]) region.add(other);
    }
  }
  const left = running(region).filter((node) => !gone.has(node));
  const groups = (nodes: readonly Node[], found: typeof before) => {
    const roots = new Map(nodes.map((node) => [found(node)?.nodes[0] ?? node, found(node) ? 1 : operatorsOf(node)]));
    return [...roots.values()].reduce((sum, operators) => sum + operators, 0);
  };
  const broken = [...cut.values()].find(({ nodes }) =>
    nodes.some((node) => !gone.has(node) && !isConstant(node) && (after(node)?.nodes.length ?? 1) < 2)
  );
  return { before: groups(running(region), before), after: groups([...left, ...running(build.nodes)], after), broken };
}

/** The idioms of nodes in a view of their graph, each looked for once. */
function finder(view: GraphView): (node: Node) => Found | undefined {
  const known = new Map<Node, Found | undefined>();
  return (node) => {
    if (!known.has(node)) {
      const found = idiomOf(node, view);
      for (const member of found?.nodes ?? []) if (!known.has(member)) known.set(member, found);
      known.set(node, found);
    }
    return known.get(node);
  };
}

function isConstant({ outputs }: Node): boolean {
  return outputs.every((value) => !value || constantOf(value) !== undefined);
}

/**
 * The graph as it would be after a replacement. A class: a generator that is made anew for each view would keep all that the view
 * refers to until the next full garbage collection.
 */
class ViewAfter implements GraphView {
  readonly added: ReadonlySet<string>;
  readonly #gone: ReadonlySet<Node>;
  readonly #now: ReadonlyMap<Value, Value>;
  /** Old values by what takes their place. */
  readonly #before = new Map<Value, Value[]>();
  /** Staged users. */
  readonly #staged = new Map<Value, Node[]>();

  constructor({ removed, outputs }: Replacement, { nodes }: Builder, added: ReadonlySet<string>) {
    this.added = added;
    this.#gone = new Set(removed);
    this.#now = new Map(outputs);
    for (const [old, value] of outputs) append(this.#before, value, old);
    for (const node of nodes) for (const value of node.inputs) if (value) append(this.#staged, value, node);
  }

  resolve(value: Value): Value {
    return this.#now.get(value) ?? value;
  }

  producer(value: Value): Node | undefined {
    const { producer } = this.resolve(value);
    return producer && !this.#gone.has(producer) ? producer : undefined;
  }

  *users(value: Value): Generator<Node> {
    const at = this.resolve(value);
    yield* this.#staged.get(at) ?? [];
    for (const one of [at, ...this.#before.get(at) ?? []]) {
      if (one !== at) yield* this.#staged.get(one) ?? [];
      for (const user of one.users.keys()) if (!this.#gone.has(user)) yield user;
    }
  }
}

function append<K, V>(lists: Map<K, V[]>, key: K, one: V): void {
  const list = lists.get(key);
  if (list) list.push(one);
  else lists.set(key, [one]);
}

/** That a node that scales or shifts is left alone because the runtime runs it and its neighbours as one operator. */
export function whyPartOfIdiom(node: Node, runtime: Runtime): Skip | undefined {
  if (runtime === "none" || !affineOf(node)) return undefined;
  const idiom = idiomOf(node)?.idiom;
  return idiom && !idiom.isLayer ? partOfIdiom(idiom) : undefined;
}

/** That the runtime runs a node as part of an idiom, as a reason. */
export function partOfIdiom({ name }: Idiom): Skip {
  return new Skip("part-of-idiom", `it is part of ${name} that ONNX Runtime runs as one operator`);
}
