import { changedAttributes } from "../graph/attribute.ts";
import type { Attribute, Node, Value } from "../graph/graph.ts";
import type { Builder } from "../ops/builder.ts";
import type { Settled } from "../ops/op.ts";
import { opOf } from "../ops/table.ts";
import { operatorsWith } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/**
 * A shape that the model computes anew at every run, as exporters write `x.view(x.size(0), -1, 64)`, although numbers say it
 * once for all (or its ratio to what is there): they are written down at all that take it, and what computed it goes.
 * Zeros of a computed shape, that recurrent layers begin with, are what they begin with anyway.
 */
export const writeTarget: Rule = {
  name: "write-target",
  summary:
    "Reshape, Resize to computed sizes that numbers say once for all: to constant ones; LSTM, GRU, RNN from zeros: without them",
  phase: "clean",
  roots: operatorsWith("settled"),
  rewrite(root, build) {
    if (root.hasReferences || !root.graph.takesConstants) return undefined;
    const computed = root.inputs[settledOf(root)[0]?.index], producer = computed?.producer;
    if (!producer || producer.graph !== root.graph || producer.outputs.length > 1 || computed.isOutput) {
      return undefined;
    }
    const outputs: [Value, Value][] = [];
    for (const [user, count] of computed.users) {
      const own = user.graph === root.graph
        ? settledOf(user).filter(({ index }) => user.inputs[index] === computed)
        : [];
      if (own.length < count) return undefined;
      const made = build.again(user, rewritten(user, own, build), attributesLeft(user, own));
      for (const [at, now] of made.entries()) {
        const old = user.outputs[at];
        if (old && now) outputs.push([old, now]);
      }
    }
    return new Replacement([producer, ...computed.users.keys()], outputs);
  },
};

function settledOf(node: Node): readonly Settled[] {
  return node.hasReferences ? [] : opOf(node)?.settled?.(node) ?? [];
}

/** The attributes of a node with those that settled inputs want gone left out; undefined where they want none. */
function attributesLeft(node: Node, settled: readonly Settled[]): Attribute[] | undefined {
  const gone = settled.flatMap(({ without }) => without ?? []);
  return gone.length > 0
    ? changedAttributes(node, Object.fromEntries(gone.map((name) => [name, undefined])))
    : undefined;
}

function rewritten(node: Node, settled: readonly Settled[], build: Builder): (Value | undefined)[] {
  const inputs = [...node.inputs];
  for (const { index, instead = index, constant } of settled) {
    inputs[index] = undefined;
    inputs[instead] = constant && build.initializer(node.inputs[index]?.name ?? node.name, constant);
  }
  return inputs;
}
