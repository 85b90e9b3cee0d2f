import type { Node } from "../graph/graph.ts";
import { dilated } from "../ops/linear/dilated.ts";
import { Skip } from "../ops/skip.ts";
import { batchToSpace } from "../ops/batches/batch_to_space.ts";
import { spaceToBatch, takesMoved } from "../ops/batches/space_to_batch.ts";
import { layerOf, operatorsWith } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/**
 * Where every b-th cell of an image goes to a batch of its own, a convolution of these batches, put back in place, is a
 * convolution of the image with taps b times as far apart: as TensorFlow writes it (SpaceToBatch, Conv, BatchToSpace). Zeros
 * around the image become pads, cells cut off afterwards smaller ones.
 */
export const dilateLayer: Rule = {
  name: "dilate-layer",
  summary: "Cells dealt out to batches → Conv → cells put back (SpaceToBatch, BatchToSpace): one dilated Conv",
  phase: "absorb",
  roots: operatorsWith("linear"),
  rewrite(root, build) {
    if (!takesMoved(root)) return undefined;
    const layer = layerOf(root);
    if (!layer || layer instanceof Skip || layer.input.axis !== 1) return undefined;
    const from = spaceToBatch(layer.x, layer.input.channels), to = from && batchToSpace(root.output, from.blocks);
    if (!from || !to) return undefined;
    const now = dilated(layer, from, to, build);
    if (!now || now instanceof Skip) return now;
    return new Replacement([...onlyFor(root, from.nodes), root, ...to.nodes], [[to.image, now]]);
  },
};

/** The nodes at the end of a chain to a layer that serve this layer alone. */
function onlyFor(layer: Node, nodes: readonly Node[]): Node[] {
  const own = [layer];
  for (const node of nodes.toReversed()) {
    if (node.output.soleUser !== own[0]) break;
    own.unshift(node);
  }
  return own.slice(0, -1);
}
