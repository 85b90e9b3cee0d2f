import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "../ops/builder.ts";
import { emitTrimmed } from "../ops/linear/trimmed.ts";
import { Skip } from "../ops/skip.ts";
import { trimOf, TRIMS } from "../ops/trim.ts";
import { layerOf, operatorsWith, viewsOf } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/**
 * Zeros around the pixels, perhaps where their channels came last, then a convolution, or an average that counts them: the same
 * operator with larger pads. Cells taken away at the ends of a convolution's result, as causal ones are written: smaller pads.
 */
export const foldPad: Rule = {
  name: "fold-pad",
  summary: "Pad with zeros before Conv or AveragePool, Slice behind Conv or ConvTranspose: into its pads",
  phase: "absorb",
  roots: [...operatorsWith("padding"), ...TRIMS],
  rewrite(root, build) {
    if (TRIMS.includes(root.opType)) return trimmed(root, build);
    const padding = viewsOf(root).padding?.(root, build);
    if (!padding || padding instanceof Skip) return padding;
    const { output } = root, removed: Node[] = [...padding.nodes], outputs: [Value, Value][] = [];
    if (output.users.size === 0) return undefined;
    for (const [user, count] of output.users) {
      if (count > 1 || user.graph !== root.graph || user.inputs[0] !== output) {
        return new Skip("other-user", `${user.label}, in which '${output.name}' is used, has no pads for it`);
      }
      const take = viewsOf(user).takePadding;
      if (!take) {
        const where = `${user.opType} (${user.label})`;
        return new Skip("no-layer", `its result goes into ${where}, which has no pads for it`, { isRemote: true });
      }
      const padded = take(user, padding, build);
      if (padded instanceof Skip) return padded;
      removed.push(user);
      outputs.push([user.output, padded]);
    }
    return new Replacement(removed, outputs);
  },
};

/** A layer in place of one whose result is cut at its ends. */
function trimmed(root: Node, build: Builder): Replacement | undefined {
  const trim = trimOf(root), producer = trim?.x.producer;
  if (!trim || !producer || trim.x.users.size > 1 || trim.x.isOutput) return undefined;
  const layer = layerOf(producer);
  if (!layer || layer instanceof Skip || layer.nodes.length > 1) return undefined;
  const now = emitTrimmed(layer, trim, build);
  return now && !(now instanceof Skip) ? new Replacement([root, producer], [[root.output, now]]) : undefined;
}
