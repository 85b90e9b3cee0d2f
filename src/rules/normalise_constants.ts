import type { Value } from "../graph/graph.ts";
import { constantOf } from "../ops/constant.ts";
import { isTakenQuantised } from "../ops/quantised.ts";
import { operatorsWith } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/** Whatever is the same at every run becomes an initializer: Constant, and shape or arithmetic nodes on constants. */
export const normaliseConstants: Rule = {
  name: "normalise-constants",
  summary: "Constant, and whatever is computed from constants or from known shapes: initializers",
  phase: "clean",
  roots: operatorsWith("infer"),
  rewrite(root, build) {
    if (!root.outputs.some((value) => constantOf(value) !== undefined)) return undefined; // most nodes, at every visit
    const used = root.outputs.filter((value): value is Value => value !== undefined && value.users.size > 0);
    if (used.length === 0 || !root.graph.takesConstants) return undefined;
    if (root.outputs.some((value) => value?.isOutput) || used.some(isTakenQuantised)) return undefined;
    const constants = used.flatMap((value) => {
      const tensor = constantOf(value);
      return tensor ? [[value, build.initializer(value.name, tensor)] as const] : [];
    });
    return constants.length === used.length ? new Replacement([root], constants) : undefined;
  },
};
