import { isUnused } from "../rewrite/commit.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/**
 * A node of which nothing takes a result goes, so that it no longer counts as a user of what it takes: of any operator, known or
 * not, since in ONNX none has an effect but its results.
 */
export const removeDeadNodes: Rule = {
  name: "remove-dead-nodes",
  summary: "Nodes whose results nothing takes, of any domain: gone, since no operator has another effect",
  phase: "clean",
  roots: ["*"],
  rewrite: (root) => isUnused(root) ? new Replacement([root], []) : undefined,
};
