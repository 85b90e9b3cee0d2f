import type { Node, Value } from "../../graph/graph.ts";
import { Convolution } from "../linear/convolution.ts";
import { isElementwise, layerOf } from "../views.ts";
import { whyNotBlocked } from "./blocked.ts";
import { isMadeInBlocks } from "./blocked_value.ts";

/**
 * The terms of a sum, what no convolution made first: a runtime adds one other image to a convolution's result as it stores it, and
 * applies the activation behind the last sum there, too. Undefined where the additions stand so already, or are none of images
 * of one shape in its blocked layout.
 */
export function layersLast(sum: Node, terms: readonly Value[], additions: readonly Node[]): Value[] | undefined {
  if (additions.some((node) => !node.is("Add") || node.hasReferences)) return undefined;
  const layers = terms.filter(isOwnLayer), others = terms.filter((term) => !layers.includes(term));
  if (layers.length === 0 || additions.length < 2 || !areAlike(terms)) return undefined;
  if (!others.every((term) => isMadeInBlocks(term))) return undefined;
  const isStored = (node: Node) => node.inputs.some((input) => input && layers.includes(input));
  const apart = additions.filter((node) => !isStored(node)).length, least = Math.max(0, others.length - 1);
  const [user] = sum.output.users.keys(), isActivated = user !== undefined && isElementwise(user);
  return apart > least || isActivated && !isStored(sum) ? [...others, ...layers] : undefined;
}

/** Whether a value is the result of a convolution on blocks, for nothing but this sum. */
function isOwnLayer({ producer, soleUser }: Value): boolean {
  const layer = producer && soleUser && layerOf(producer);
  return layer instanceof Convolution && layer.parts.form !== undefined && whyNotBlocked(layer) === undefined;
}

/** Whether all are images, and none is known to have another shape than the first. */
function areAlike([first, ...others]: readonly Value[]): boolean {
  return others.every(({ shape }) =>
    shape?.length === 4 && first.shape?.length === 4 &&
    shape.every((dim, axis) => dim === null || first.shape![axis] === null || dim === first.shape![axis])
  );
}
