import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "../ops/builder.ts";
import type { Settled } from "../ops/op.ts";
import { opOf, OPS } from "../ops/table.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/**
 * A shape that the model computes anew at every run, as exporters write `x.view(x.size(0), -1, 64)`, although numbers say it
 * once for all (or its ratio to what is there): they are written down at all that take it, and what computed it goes.
 */
export const writeTarget: Rule = {
  name: "write-target",
  summary:
    "Reshape, Resize to a computed shape that numbers say once for all: to a constant one (0, −1 or a scale for open sizes)",
  phase: "clean",
  roots: Object.keys(OPS[""]).filter((op) => OPS[""][op].settled),
  rewrite(root, build) {
    // below IR version 4 a new initializer is a new graph input, and a function body has no initializers
    if (root.hasReferences || root.graph.isFunction || root.graph.model.irVersion < 4) return undefined;
    const settled = settledOf(root), computed = settled && root.inputs[settled.index], producer = computed?.producer;
    if (!settled || !producer || producer.graph !== root.graph || producer.outputs.length > 1 || computed.isOutput) {
      return undefined;
    }
    const outputs = [...computed.users.keys()].map((user) => {
      const own = user.graph === root.graph ? settledOf(user) : undefined;
      const isAll = own !== undefined && user.inputs.every((value, at) => (value === computed) === (at === own.index));
      return isAll ? [user.output, rewritten(user, own, build)] as const : undefined;
    });
    if (!outputs.every((pair) => pair !== undefined)) return undefined;
    return new Replacement([producer, ...computed.users.keys()], outputs);
  },
};

function settledOf(node: Node): Settled | undefined {
  return node.hasReferences ? undefined : opOf(node)?.settled?.(node);
}

function rewritten(node: Node, { index, instead = index, constant }: Settled, build: Builder): Value {
  const inputs = [...node.inputs];
  inputs[index] = undefined;
  inputs[instead] = build.initializer(node.inputs[index]!.name, constant);
  return build.like(node, inputs);
}
