import { OPS } from "../ops/table.ts";
import { isUnused } from "../rewrite/commit.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/** A node of which nothing takes a result goes, so that it no longer counts as a user of what it takes. */
export const removeDeadNodes: Rule = {
  name: "remove-dead-nodes",
  summary: "Nodes whose results nothing takes: gone",
  phase: "clean",
  roots: Object.keys(OPS[""]),
  rewrite: (root) => isUnused(root) ? new Replacement([root], []) : undefined,
};
