import type { Graph, Node, Value } from "../graph/graph.ts";
import { constantOf } from "../ops/constant.ts";
import { inferNode } from "../ops/infer.ts";
import { opOf } from "../ops/table.ts";
import { formatOf, isFloat } from "../tensor/element_type.ts";
import { overflowOf } from "../tensor/overflow.ts";
import { underflowOf } from "../tensor/underflow.ts";
import type { Builder } from "../ops/builder.ts";
import { Skip } from "../ops/skip.ts";
import type { Replacement } from "./rule.ts";

/**
 * What speaks against a replacement, whatever the rule: others that need what goes, values that do not fit (which is not looked
 * at where weights cannot be read).
 */
export function objection(
  { removed, outputs }: Replacement,
  build: Builder,
  { cannotReadWeights = false }: { readonly cannotReadWeights?: boolean },
): Skip | undefined {
  const gone = new Set(removed), replaced = new Set(outputs.map(([old]) => old));
  for (const node of removed) {
    if (node.graph !== build.graph) {
      return new Skip(
        "other-graph",
        `${node.label} is computed outside the subgraph: inside, it might be computed again and again`,
      );
    }
    const reference = [...node.attributes.values()].find(({ reference }) => reference !== undefined);
    if (reference) {
      return new Skip(
        "function-attribute",
        `attribute '${reference.name}' of ${node.label} is set by the caller of the function it is in`,
      );
    }
    for (const value of node.outputs) {
      if (!value || replaced.has(value)) continue;
      if (value.isOutput) return new Skip("graph-output", `'${value.name}', which would disappear, is a graph output`);
      const other = [...value.users.keys()].find((user) => !gone.has(user));
      if (other) {
        return new Skip("other-user", `'${value.name}', which would disappear, is also used by ${other.label}`);
      }
    }
  }
  for (const value of build.nodes.flatMap(({ inputs }) => inputs)) {
    if (value?.producer && gone.has(value.producer) && !replaced.has(value)) {
      return new Skip("other-user", `'${value.name}', which would disappear, would still be needed`);
    }
  }
  const named = new Set<Value>();
  for (const [old, now] of outputs.filter(([old]) => old.isOutput)) {
    if (named.has(now) && now.producer) {
      return new Skip("graph-output", `'${old.name}' and another graph output would be one value`);
    }
    named.add(now);
  }
  for (const [old, now] of outputs) {
    if (build.initializers.includes(now) && !old.isOutput || build.nodes.includes(now.producer!)) continue;
    if (old.isOutput && (!now.producer || now.isOutput || now.graph !== old.graph)) {
      return new Skip(
        "graph-output",
        `its output '${old.name}' is a graph output and '${now.name}' is ${
          now.isOutput ? "one too" : "not made by a node"
        }`,
      );
    }
    const shadowed = [...old.users.keys()].find((user) => user.graph.find(now.name) !== now);
    if (shadowed) {
      return new Skip("other-graph", `the name '${now.name}' means something else where ${shadowed.label} is`);
    }
  }
  // what the model computes at every run may be infinite, such as a mask
  const evaluated = new Set(
    outputs.flatMap(([old, now]) => constantOf(old) === now.initializer ? now.initializer! : []),
  );
  for (const { initializer, name } of cannotReadWeights ? [] : build.initializers) {
    if (!initializer || !isFloat(initializer.type) || initializer.origin) continue;
    const value = overflowOf(initializer, evaluated.has(initializer));
    if (value !== undefined) {
      return new Skip(
        "overflow",
        `a new weight for '${name}' would be ${
          value.toPrecision(4)
        }, which ${initializer.type} cannot hold (its largest ` +
          `finite value is ${formatOf(initializer.type).max.toPrecision(6)})`,
      );
    }
  }
  return cannotReadWeights ? undefined : whyTooSmall({ removed, outputs }, build);
}

/** Share of new values that may lose digits where those they are made of do not. */
const MOST_UNDERFLOW = 0.1;

/**
 * Why too many values of a new weight would be too small for their type, where those of the weight it takes the place of, of
 * one size with it, are not. What is computed of constants alone is as it was.
 */
function whyTooSmall({ removed }: Replacement, build: Builder): Skip | undefined {
  const used = new Set(build.nodes.flatMap(({ inputs }) => inputs));
  for (const { initializer, name } of build.initializers.filter((value) => used.has(value))) {
    if (!initializer || initializer.origin) continue;
    const found = underflowOf(initializer, MOST_UNDERFLOW);
    if (!found) continue;
    const { size, type } = initializer, share = found.count / size - MOST_UNDERFLOW;
    const olds = removed.flatMap(({ inputs }) => inputs.map(constantOf)).filter((old) => old?.size === size);
    if (olds.some((old) => old!.type === type && underflowOf(old!, share))) continue;
    return new Skip(
      "underflow",
      `${found.count} of ${size} values of a new weight for '${name}' would be below ${found.least.toPrecision(3)}, ` +
        `where ${type} has fewer digits`,
    );
  }
}

/** Puts a replacement into the graph. Returns the nodes whose surroundings changed. */
export function commit(graph: Graph, root: Node, { removed, outputs }: Replacement, build: Builder): Node[] {
  const touched = new Set<Node>();
  const inputs = new Set(removed.flatMap((node) => node.inputs));
  for (const node of removed) graph.removeNode(node);
  const shared = new Map<Value, Value>();
  const staged = new Map<Value, Value>(); // of several values that one takes the place of, a graph output has its name
  for (const [old, now] of outputs) {
    if (build.nodes.includes(now.producer!) && (!staged.has(now) || old.isOutput)) staged.set(now, old);
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
    graph.initializers.add(value);
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
  for (const value of inputs) sweep(value, touched);
  for (const node of removed) {
    for (const value of node.outputs) if (value) sweep(value, touched);
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
function sweep(first: Value | undefined, touched: Set<Node>): void {
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
    } else if (!value.isInput || value.initializer && !value.isOverridable) graph.dropValue(value);
  }
}

/** Whether nothing takes any result of a node. */
export function isUnused({ outputs }: Node): boolean {
  return outputs.every((value) => !value || value.users.size === 0 && !value.isOutput);
}
