import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "./builder.ts";
import { constantOf } from "./constant.ts";
import { type EntryRange, type Part, partOf } from "./cut.ts";
import type { Entries } from "./entries.ts";
import type { PartedLayer } from "./linear/parted.ts";
import { dropAxis } from "./taken.ts";
import { viewsOf } from "./views.ts";

/** A node that treats every channel by itself. */
export interface Channelwise {
  /** How it treats them. */
  readonly entries: Entries;
  /** The axis of its result that they lie along. */
  readonly axis: number;
  /** Channels of the layer for each entry of its inputs, and of its result. */
  readonly per: { readonly inputs: number; readonly result: number };
}

/** What stands between a layer and what cuts its result. */
export interface CutRegion {
  /** Nodes that treat every channel by itself, in order. */
  readonly nodes: ReadonlyMap<Node, Channelwise>;
  /** The value that is cut. */
  readonly whole: Value;
  /** The axis along which it is. */
  readonly axis: number;
  /** Channels of the layer for each entry of it. */
  readonly per: number;
  /** What cuts it. */
  readonly cuts: readonly Node[];
  /** The parts that are used, in entries of the value that is cut. */
  readonly parts: readonly Part[];
}

/** Where the channels of a layer lie in a value behind it. */
type Along = Pick<CutRegion, "axis" | "per">;

/** Everything behind a layer up to what cuts it into several parts, none of which overlap; undefined where something else takes it. */
export function regionBehind(root: Node, axis: number): CutRegion | undefined {
  const nodes = new Map<Node, Channelwise>(), along = new Map<Value, Along>([[root.output, { axis, per: 1 }]]);
  const waiting = [root];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (node.output.isOutput) return undefined;
    for (const user of node.output.users.keys()) {
      const found = nodes.has(user) || user.graph !== root.graph ? undefined : channelwise(user, along);
      if (!found) continue;
      nodes.set(user, found);
      along.set(user.output, { axis: found.axis, per: found.per.result });
      waiting.push(user);
    }
  }
  const left = [...along.keys()].filter((value) => [...value.users.keys()].some((user) => !nodes.has(user)));
  if (left.length !== 1) return undefined;
  const [whole] = left, { axis: cut, per } = along.get(whole)!, cuts = [...whole.users.keys()];
  const found = cuts.map((node) => node.graph === root.graph && viewsOf(node).cut?.(node, cut));
  if (!found.every((parts) => parts)) return undefined;
  const parts = (found as (readonly Part[])[]).flat().filter(({ value }) => value.users.size > 0 || value.isOutput);
  const ordered = [...parts].sort((a, b) => a.start - b.start);
  const overlaps = ordered.some(({ start }, at) => at > 0 && start < ordered[at - 1].start + ordered[at - 1].length);
  return parts.length < 2 || overlaps || parts.some(({ length }) => length === 0)
    ? undefined
    : { nodes, whole, axis: cut, per, cuts, parts };
}

/** How a node treats channels, where each is by itself, and what it takes of them is known or constant. */
function channelwise(node: Node, along: ReadonlyMap<Value, Along>): Channelwise | undefined {
  if (node.outputs.length !== 1 || node.subgraphs.length > 0) return undefined;
  const per = node.inputs.map((input) => input && along.get(input)?.per).find((per) => per !== undefined)!;
  for (const axis of node.output.shape?.keys() ?? []) {
    const entries = viewsOf(node).entries?.(node, axis);
    const fits = entries && node.inputs.every((input, at) => {
      const own = entries.axes[at], known = input && along.get(input);
      if (!input || own === null) return !known;
      return known ? known.axis === own && known.per === per : constantOf(input) !== undefined;
    });
    if (fits) return { entries, axis, per: { inputs: per, result: per * (entries.per ?? 1) } };
  }
}

/** A range of entries as channels of the layer. */
export function channelsOf({ start, length }: EntryRange, per: number): EntryRange {
  return { start: start * per, length: length * per };
}

/** The layer and what stands behind it for the channels of one part. */
export function emitPart(
  root: Node,
  { nodes, whole, axis, per }: CutRegion,
  part: Part,
  parted: PartedLayer,
  build: Builder,
): Value {
  const channels = channelsOf(part, per), made = new Map<Value, Value>([[root.output, parted.emit(channels, build)]]);
  for (const [node, { entries, per }] of nodes) {
    const inputs = node.inputs.map((input, at) => {
      const along = entries.axes[at], now = input && made.get(input);
      if (now || !input || along === null) return now ?? input;
      return build.initializer(input.name, partOf(constantOf(input)!, along, channelsOf(channels, 1 / per.inputs)));
    });
    made.set(node.output, entries.emit?.(inputs, channels.length / per.result, build) ?? build.like(node, inputs));
  }
  const { value, isDropped } = part, result = made.get(whole)!;
  return isDropped ? dropAxis(result, axis, { name: value.producer!.name, output: value.name }, build) : result;
}
