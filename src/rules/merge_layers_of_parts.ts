import type { Node, Value } from "../graph/graph.ts";
import { groupedLayer } from "../ops/linear/grouped.ts";
import { LinearMap } from "../ops/linear/linear_map.ts";
import { Skip } from "../ops/skip.ts";
import { layerOf, operatorsWith, viewsOf } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/** The axis of channels. */
const AXIS = 1;

/**
 * [W₁·x₁ + b₁; W₂·x₂ + b₂; …] = diag(W₁, W₂, …)·x + b, a convolution with groups, where the xᵢ are x cut into channels: as
 * exporters write groups that their framework did not have. Always exact.
 */
export const mergeLayersOfParts: Rule = {
  name: "merge-layers-of-parts",
  summary: "Split (or Slices) into channels → Convs of one form → Concat: one Conv with groups",
  phase: "merge",
  roots: operatorsWith("joined"),
  rewrite(root, build, { isGated }) {
    const joined = viewsOf(root).joined?.(root, AXIS);
    const nodes = joined?.map(({ producer }) => producer);
    if (!nodes || nodes.length < 2 || new Set(nodes).size < nodes.length) return undefined;
    const source = nodes.every((node) => node !== undefined) ? sourceOf(nodes) : undefined;
    if (!source) return undefined;
    const layers = (nodes as Node[]).map(layerOf);
    if (!layers.every((layer) => layer instanceof LinearMap)) return layers.find((layer) => layer instanceof Skip);
    const grouped = groupedLayer(layers);
    if (!grouped || grouped instanceof Skip) return grouped;
    const slow = isGated ? grouped.whyNotFaster() : undefined;
    if (slow) return slow;
    return new Replacement([root, ...nodes as Node[], ...source.cuts], [[
      root.output,
      grouped.emit(source.x, build),
    ]]);
  },
};

/** The value whose channels nodes take, one after the other and all of them, with what cuts it; undefined where they do not. */
function sourceOf(nodes: readonly Node[]): { x: Value; cuts: Node[] } | undefined {
  const inputs = nodes.map(({ inputs: [input] }) => input), x = inputs[0]?.producer?.inputs[0], cuts = new Set<Node>();
  let end = 0;
  for (const input of inputs) {
    const cut = input?.producer,
      parts = cut && cut.inputs[0] === x && viewsOf(cut).cut?.(cut, AXIS);
    const part = parts && parts.find(({ value }) => value === input);
    if (!part || part.start !== end) return undefined;
    end += part.length;
    cuts.add(cut);
  }
  return x && x.shape?.[AXIS] === end ? { x, cuts: [...cuts] } : undefined;
}
