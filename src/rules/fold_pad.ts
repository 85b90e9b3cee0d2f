import type { Node, Value } from "../graph/graph.ts";
import { Skip } from "../ops/skip.ts";
import { operatorsWith, viewsOf } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/** Zeros around the pixels, perhaps where their channels came last, then a convolution, or an average that counts them: the same operator with larger pads. */
export const foldPad: Rule = {
  name: "fold-pad",
  summary: "Pad with zeros before Conv or AveragePool: into its pads",
  phase: "absorb",
  roots: operatorsWith("padding"),
  rewrite(root, build) {
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
