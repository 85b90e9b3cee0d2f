import type { Node } from "../graph/graph.ts";
import { constantValues } from "./constant.ts";

/** Names of the bounds of a Clip: attributes before opset 11, inputs from then on. */
export const BOUNDS: readonly string[] = ["min", "max"];

/** The bounds of a Clip: infinite where absent, undefined where the model computes them. */
export function clipBounds(node: Node): readonly [low: number, high: number] | undefined {
  const [low, high] = [-Infinity, Infinity].map((otherwise, index) => {
    if (node.opset < 11) return node.number(BOUNDS[index], otherwise);
    return node.has(index + 1) ? constantValues(node.inputs[index + 1])?.[0] : otherwise;
  });
  return low === undefined || high === undefined ? undefined : [low, high];
}
