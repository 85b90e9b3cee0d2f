import type { Node } from "../graph/graph.ts";
import { Skip } from "../ops/skip.ts";
import type { ChannelAffine } from "../ops/affine_map.ts";
import { batchNormalization } from "./batch_normalization.ts";
import { elementwise } from "./elementwise.ts";

/** Operators that may be an affine map along one axis. */
export const AFFINE_OPS = ["BatchNormalization", "Mul", "Div", "Add", "Sub", "Neg"] as const;

/**
 * A node seen as an affine map; why it is none, although it looks like one; or undefined where it is something else (an
 * Add of two computed values, say).
 */
export function affineOf(node: Node): ChannelAffine | Skip | undefined {
  if (node.domain !== "") return undefined;
  const affine = node.opType === "BatchNormalization" ? batchNormalization(node) : elementwise(node);
  if (!affine || affine instanceof Skip) return affine;
  const bad = [...affine.scale, ...affine.shift].find((value) => !Number.isFinite(value));
  if (bad !== undefined) return new Skip("invalid-parameter", `its constants give a scale or shift of ${bad}`);
  return affine;
}
