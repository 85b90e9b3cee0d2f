import type { Node } from "../graph/graph.ts";
import type { Builder } from "../ops/builder.ts";
import { opOf, OPS } from "../ops/table.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { valueTensor } from "../tensor/tensor.ts";

/**
 * A shape that the model computes anew at every run, as exporters write `x.view(x.size(0), -1, 64)`, although numbers say it
 * once for all: they are written down at all that take it, and what computed it goes.
 */
export const writeTarget: Rule = {
  name: "write-target",
  summary: "Reshape to a computed shape of which one size at most is open: to a constant one, with 0 or −1 for that",
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

type Settled = NonNullable<ReturnType<typeof settledOf>>;

function settledOf(node: Node) {
  return node.hasReferences ? undefined : opOf(node)?.settled?.(node);
}

function rewritten(node: Node, { index, values }: Settled, build: Builder) {
  const tensor = valueTensor("int64", [values.length], Float64Array.from(values));
  const constant = build.initializer(node.inputs[index]!.name, tensor);
  return build.like(node, node.inputs.map((value, at) => at === index ? constant : value));
}
