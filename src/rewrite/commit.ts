import type { Graph, Node, Value } from "../graph/graph.ts";
import { inferNode } from "../ops/infer.ts";
import { opOf } from "../ops/table.ts";
import type { Builder } from "../ops/builder.ts";
import type { Replacement } from "./rule.ts";

/** Puts a replacement into the graph. Returns the nodes whose surroundings changed. */
export function commit(graph: Graph, root: Node, { removed, outputs }: Replacement, build: Builder): Node[] {
  const touched = new Set<Node>();
  const inputs = new Set(removed.flatMap((node) => node.inputs));
  for (const node of removed) graph.removeNode(node);
  const shared = new Map<Value, Value>();
  const staged = new Map<Value, Value>(); // of several values that one takes the place of, a graph output has its name
  for (const [old, now] of outputs) {
    if (build.makes(now) && (!staged.has(now) || old.isOutput)) staged.set(now, old);
  }

  for (const value of build.initializers) {
    const used = build.nodes.some((node) => node.inputs.includes(value)) || outputs.some(([, now]) => now === value);
    if (!used) continue;
    const hoisted = build.pool.hoist(value);
    if (hoisted) {
      shared.set(value, hoisted);
      continue;
    }
    value.name = graph.freshName(value.name);
    graph.values.set(value.name, value);
    build.pool.add(value);
  }
  const names = new Set<string>();
  for (const node of build.nodes) {
    if (names.has(node.name)) node.name = graph.freshName(node.name);
    if (node.name) names.add(node.name);
    node.order = root.order;
    for (const value of node.outputs) {
      if (!value || staged.has(value)) continue;
      value.name = graph.freshName(value.name);
      graph.values.set(value.name, value);
    }
    replaceIn(node, "inputs", shared);
    replaceIn(node, "inputs", staged);
    replaceIn(node, "outputs", staged);
    graph.addNode(node);
    inferNode(node);
    touched.add(node);
  }
  const moved = outputs.map(([old]) => [...old.users.keys()]);
  for (const [old, made] of outputs) {
    const now = shared.get(made) ?? made;
    if (staged.has(now)) {
      if (staged.get(now) !== old) graph.replaceUses(old, staged.get(now)!);
      continue;
    }
    if (old.isOutput) {
      graph.renameOutput(now, old);
      graph.replaceUses(now, old);
      graph.dropValue(now);
    } else graph.replaceUses(old, now);
  }
  for (const [index, [old, now]] of outputs.entries()) {
    const value = staged.has(now) || old.isOutput ? old : shared.get(now) ?? now;
    touchUsers(value, touched);
    for (const user of moved[index]) touched.add(user);
    if (value.producer) touched.add(value.producer);
  }
  for (const value of inputs) sweep(value, touched, build);
  for (const node of removed) {
    for (const value of node.outputs) if (value) sweep(value, touched, build);
  }
  return [...touched].filter((node) => !node.isRemoved);
}

/** Users of a value that one more or one less of them makes a difference to. */
const MOST_TOUCHED = 64;

/** Adds the users of a value, where they are few; of many, the next pass sees all again. */
function touchUsers({ users }: Value, touched: Set<Node>): void {
  if (users.size <= MOST_TOUCHED) { for (const user of users.keys()) touched.add(user); }
}

function replaceIn(node: Node, key: "inputs" | "outputs", by: ReadonlyMap<Value, Value>): void {
  (node as { inputs: unknown; outputs: unknown })[key] = node[key].map((value) => value && (by.get(value) ?? value));
}

/** Drops a value that nothing uses any more, what made it, and what that was made of; operators that are not known stay. */
function sweep(first: Value | undefined, touched: Set<Node>, { pool }: Builder): void {
  const waiting = [first];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (!value) continue;
    const { producer, graph } = value;
    if (value.users.size > 0 || value.isOutput) {
      // whether others take a weight too is no business of theirs; for anything else they are the surroundings
      if (!value.initializer) touchUsers(value, touched);
      if (producer) touched.add(producer);
    } else if (producer) {
      if (!isUnused(producer)) continue;
      if (!opOf(producer)) touched.add(producer);
      else {
        graph.removeNode(producer);
        for (const output of producer.outputs) if (output) graph.dropValue(output);
        for (const input of producer.inputs) waiting.push(input);
      }
    } else if (!value.isInput || value.initializer && !value.isOverridable) {
      graph.dropValue(value);
      pool.remove(value);
    }
  }
}

/** Whether nothing takes any result of a node. */
export function isUnused({ outputs }: Node): boolean {
  return outputs.every((value) => !value || value.users.size === 0 && !value.isOutput);
}
