/**
 * Which nodes of the model before belong to which nodes of the model after: rewrites that build on each other's
 * results are one group.
 *
 * @module
 */

import type { FusionSummary } from "./fusion_summary.ts";
import type { GraphNode, GraphShape } from "./graph_layout.ts";

/** Nodes that were fused together. */
export interface FusionGroup {
  /** Places of its rewrites in the report. */
  applied: number[];
  /** Indices of nodes of the model before. */
  before: number[];
  /** Indices of nodes of the model after. */
  after: number[];
  /** Rules and operator types before and after: groups that look alike have the same. */
  kind: string;
}

/** Groups the rewrites of a report by what they share: a node, a result, or a result that the other one used up. */
export function fusionGroups(
  before: GraphShape,
  after: GraphShape,
  { applied }: Pick<FusionSummary, "applied">,
): FusionGroup[] {
  const parent = applied.map((_, index) => index);
  const find = (index: number): number => parent[index] === index ? index : parent[index] = find(parent[index]);
  const owners = new Map<string, number>();
  const claim = (key: string, index: number) => {
    const other = owners.get(key);
    if (other === undefined) owners.set(key, index);
    else parent[find(index)] = find(other);
  };
  applied.forEach(({ nodes, result }, index) => {
    if (nodes.length === 0) return; // of constants alone, which are not drawn
    for (const node of nodes) claim(`node ${node}`, index);
    claim(`value ${result}`, index);
  });
  const ownerBefore = before.nodes.map((node) => owners.get(`node ${label(node)}`));
  const ownerAfter = after.nodes.map((node) =>
    node.outputs.map((name) => owners.get(`value ${name}`)).find((owner) => owner !== undefined) ??
      owners.get(`node ${label(node)}`) // made anew under its old name, as the layer that takes a carried map
  );
  // A result that the model after no longer has was used up by a later rewrite: the one that owns its reader.
  const left = new Set(after.nodes.flatMap((node) => node.outputs));
  const results = new Map(applied.flatMap(({ nodes, result }, index) => nodes.length > 0 ? [[result, index]] : []));
  before.nodes.forEach((node, index) => {
    const owner = ownerBefore[index];
    for (const name of owner === undefined ? [] : node.inputs) {
      const maker = left.has(name) ? undefined : results.get(name);
      if (maker !== undefined) parent[find(maker)] = find(owner!);
    }
  });
  takeUnread(before, after, ownerBefore);
  const groups = new Map<number, FusionGroup>();
  applied.forEach(({ nodes }, index) => {
    if (nodes.length === 0) return;
    const group = groups.get(find(index)) ?? { applied: [], before: [], after: [], kind: "" };
    group.applied.push(index);
    groups.set(find(index), group);
  });
  ownerBefore.forEach((owner, index) => owner !== undefined && groups.get(find(owner))!.before.push(index));
  ownerAfter.forEach((owner, index) => owner !== undefined && groups.get(find(owner))!.after.push(index));
  for (const group of groups.values()) {
    const ops = (graph: GraphShape, nodes: number[]) => nodes.map((index) => graph.nodes[index].opType).join(" ");
    const rules = [...new Set(group.applied.map((index) => applied[index].rule))];
    group.kind = `${rules.join(" ")} | ${ops(before, group.before)} | ${ops(after, group.after)}`;
  }
  return [...groups.values()];
}

/** Gives nodes that went because nothing reads them any more, such as a OneHot, to the owner of what read them. */
function takeUnread(before: GraphShape, after: GraphShape, owners: (number | undefined)[]): void {
  const left = new Set(after.nodes.flatMap((node) => [label(node), ...node.outputs]));
  const readers = new Map<string, number>(); // owner of a reader, by value
  before.nodes.map((node, index) => ({ node, index })).reverse().forEach(({ node, index }) => {
    if (!left.has(label(node)) && !node.outputs.some((name) => left.has(name))) {
      owners[index] ??= node.outputs.map((name) => readers.get(name)).find((owner) => owner !== undefined);
    }
    const owner = owners[index];
    if (owner !== undefined) { for (const name of node.inputs) readers.set(name, owner); }
  });
}

/** What a report calls a node: its name, or its operator and first output. */
export function label({ name, opType, outputs }: GraphNode): string {
  return name || `${opType} → ${outputs.find((value) => value !== "") ?? "?"}`;
}
