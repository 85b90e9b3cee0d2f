import type { Node } from "../graph/graph.ts";
import { constantOf, smallValues } from "./constant.ts";

/** Whether a Dropout passes its input on: training_mode absent or false, is_test before opset 7, and no mask asked for. */
export function isInferenceDropout(node: Node): boolean {
  if (node.outputs.slice(1).some((value) => value && (value.users.size > 0 || value.isOutput))) return false;
  if (node.opset >= 12) return !node.has(2) || smallValues(constantOf(node.inputs[2]))?.[0] === 0;
  return node.opset >= 7 || node.number("is_test", 0) !== 0;
}
