import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "../ops/builder.ts";
import type { Entries } from "../ops/entries.ts";
import { dropAxis, takeEntries, type Taken } from "../ops/taken.ts";
import { operatorsWith, viewsOf } from "../ops/views.ts";
import { savesArithmetic } from "../rewrite/cheaper.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/**
 * (f(x))ᵢ = f(xᵢ) for every f that treats positions alike: where only some positions of a result are used (the class token, the
 * last token), they are taken before the linear layers, normalizations, activations and sums in front of it, down to the query of
 * the last attention. A value is taken of earlier only where every user of it takes the same.
 */
export const takeEntriesFirst: Rule = {
  name: "take-entries-first",
  summary: "Gather or Slice of a few positions: before all that treats positions alike",
  phase: "decompose",
  roots: operatorsWith("taken"),
  rewrite(root, build) {
    const taken = viewsOf(root).taken?.(root);
    if (!taken || taken.x.shape?.[taken.axis] === taken.indices.length) return undefined;
    const region = regionOf(root, taken);
    if (region.size === 0) return undefined;
    const selected = emitted(region, taken, build);
    const result = taken.isDropped
      ? dropAxis(selected, taken.axis, { name: root.name, output: root.output.name }, build)
      : selected;
    const replacement = new Replacement([...region.keys(), root], [[root.output, result]]);
    return savesArithmetic(replacement, build) ? replacement : undefined;
  },
};

/** Nodes that are computed for some entries only, and how they take them. */
type Region = ReadonlyMap<Node, Entries>;

function regionOf(root: Node, { x, axis }: Taken): Region {
  const region = new Map<Node, Entries>(), wanted = new Map<Value, number | null>([[x, axis]]), waiting = [x];
  const isInside = (user: Node) => user === root || region.has(user);
  for (let value = waiting.pop(); value; value = waiting.pop()) {
    const node = value.producer, along = wanted.get(value);
    if (!node || along === null || along === undefined || value.isOutput || node.graph !== root.graph) continue;
    if (region.has(node) || node.outputs.length !== 1 || node.subgraphs.length > 0) continue;
    if (![...value.users.keys()].every(isInside)) continue;
    const entries = viewsOf(node).entries?.(node, along);
    if (!entries || entries.per !== undefined) continue;
    region.set(node, entries);
    node.inputs.forEach((input, at) => {
      if (!input) return;
      const own = entries.axes[at], before = wanted.get(input);
      wanted.set(input, before === undefined || before === own ? own : null); // whole, where it is wanted in two ways
      waiting.push(input);
    });
  }
  return region;
}

function emitted(region: Region, { x, axis, indices }: Taken, build: Builder): Value {
  const made = new Map<string, Value>();
  const part = (value: Value, along: number): Value => {
    const key = `${along} ${value.name}`, known = made.get(key);
    if (known) return known;
    const node = value.producer, entries = node && region.get(node);
    let now: Value;
    if (!entries) now = takeEntries(value, { axis: along, indices }, build);
    else {
      const inputs = node.inputs.map((input, at) => {
        const own = entries.axes[at];
        return input && own !== null ? part(input, own) : input;
      });
      now = entries.emit?.(inputs, indices.length, build) ?? build.like(node, inputs);
    }
    made.set(key, now);
    return now;
  };
  return part(x, axis);
}
