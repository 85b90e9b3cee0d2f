import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "../ops/builder.ts";
import { constantOf } from "../ops/constant.ts";
import { type EntryRange, type Part, partOf } from "../ops/cut.ts";
import type { Entries } from "../ops/entries.ts";
import { type PartedLayer, partedLayer } from "../ops/linear/parted.ts";
import { Skip } from "../ops/skip.ts";
import { layerOf, operatorsWith, viewsOf } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/** The axis of channels. */
const AXIS = 1;

/**
 * f(W·x + b) cut into parts = f(Wₚ·x + bₚ) for each part p of the rows of W, where f treats every channel by itself: one
 * convolution per part instead of a copy of each, out of the runtime's blocked layout and into it again.
 */
export const partLayer: Rule = partedFrom(true);

/** The same however small the parts are: what the gate is calibrated with. */
export const partAnyLayer: Rule = partedFrom(false);

function partedFrom(isGated: boolean): Rule {
  return {
    name: "part-layer",
    summary: "Conv (and activation) whose result is cut into channels, by Split or Slices: one Conv per part",
    phase: "lower",
    runtimes: ["onnxruntime-cpu"],
    roots: operatorsWith("linear"),
    rewrite(root, build) {
      const region = root.hasReferences ? undefined : regionBehind(root);
      if (!region) return undefined;
      const layer = layerOf(root);
      if (!layer || layer instanceof Skip) return layer;
      const parted = partedLayer(layer);
      if (!parted || parted instanceof Skip) return parted;
      const slow = isGated ? parted.whyNotFaster(region.parts) : undefined;
      if (slow) return slow;
      const made = region.parts.map((part) => [part.value, emitted(root, region, part, parted, build)] as const);
      return new Replacement([root, ...region.nodes.keys(), ...region.cuts], made);
    },
  };
}

/** What stands between a layer and what cuts its result. */
interface Region {
  /** Nodes that treat every channel by itself, in order. */
  readonly nodes: ReadonlyMap<Node, Entries>;
  /** The value that is cut. */
  readonly whole: Value;
  /** What cuts it. */
  readonly cuts: readonly Node[];
  /** The parts that are used. */
  readonly parts: readonly Part[];
}

/** Everything behind a layer up to what cuts it into several parts, none of which overlap; undefined where something else takes it. */
function regionBehind(root: Node): Region | undefined {
  const nodes = new Map<Node, Entries>(),
    isInside = (value: Value | undefined) =>
      value?.producer !== undefined && (value.producer === root || nodes.has(value.producer));
  const waiting = [root];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (node.output.isOutput) return undefined;
    for (const user of node.output.users.keys()) {
      const entries = nodes.has(user) || user.graph !== root.graph ? undefined : channelwise(user, isInside);
      if (!entries) continue;
      nodes.set(user, entries);
      waiting.push(user);
    }
  }
  const left = [root, ...nodes.keys()].filter(({ output }) =>
    [...output.users.keys()].some((user) => !nodes.has(user))
  );
  const [{ output: whole }] = left.length === 1 ? left : [root], cuts = [...whole.users.keys()];
  const found = cuts.map((node) => node.graph === root.graph && !node.hasReferences && viewsOf(node).cut?.(node, AXIS));
  if (left.length !== 1 || !found.every((parts) => parts)) return undefined;
  const parts = (found as (readonly Part[])[]).flat().filter(({ value }) => value.users.size > 0 || value.isOutput);
  const ordered = [...parts].sort((a, b) => a.start - b.start);
  const overlaps = ordered.some(({ start }, at) => at > 0 && start < ordered[at - 1].start + ordered[at - 1].length);
  return parts.length < 2 || overlaps || parts.some(({ length }) => length === 0)
    ? undefined
    : { nodes, whole, cuts, parts };
}

/** How a node treats channels, where each is by itself, and what it takes of them is inside or constant. */
function channelwise(node: Node, isInside: (value: Value | undefined) => boolean): Entries | undefined {
  if (node.outputs.length !== 1 || node.hasReferences || node.subgraphs.length > 0) return undefined;
  const entries = viewsOf(node).entries?.(node, AXIS);
  const fits = entries && node.inputs.every((input, at) => {
    const along = entries.axes[at];
    if (!input || along === null) return !isInside(input);
    return isInside(input) ? along === AXIS : constantOf(input) !== undefined;
  });
  return fits ? entries : undefined;
}

function emitted(root: Node, { nodes, whole }: Region, part: EntryRange, parted: PartedLayer, build: Builder): Value {
  const made = new Map<Value, Value>([[root.output, parted.emit(part, build)]]);
  for (const [node, entries] of nodes) {
    const inputs = node.inputs.map((input, at) => {
      const along = entries.axes[at], now = input && made.get(input);
      if (now || !input || along === null) return now ?? input;
      return build.initializer(input.name, partOf(constantOf(input)!, along, part));
    });
    made.set(node.output, entries.emit?.(inputs, part.length, build) ?? build.like(node, inputs));
  }
  return made.get(whole)!;
}
