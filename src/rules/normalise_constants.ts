import type { Value } from "../graph/graph.ts";
import { constantOf } from "../ops/constant.ts";
import { isTakenQuantised } from "../ops/quantised.ts";
import { OPS } from "../ops/table.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/** Whatever is the same at every run becomes an initializer: Constant, and shape or arithmetic nodes on constants. */
export const normaliseConstants: Rule = {
  name: "normalise-constants",
  summary: "Constant, and whatever is computed from constants or from known shapes: initializers",
  phase: "clean",
  roots: Object.keys(OPS[""]),
  rewrite(root, build) {
    const used = root.outputs.filter((value): value is Value => value !== undefined && value.users.size > 0);
    // below IR version 4 a new initializer is a new graph input, and a function body has no initializers
    if (used.length === 0 || root.graph.isFunction || root.graph.model.irVersion < 4) return undefined;
    if (root.outputs.some((value) => value?.isOutput) || used.some(isTakenQuantised)) return undefined;
    const constants = used.map((value) => ({ value, tensor: constantOf(value) }));
    if (constants.some(({ tensor }) => tensor === undefined)) return undefined;
    return new Replacement(
      [root],
      constants.map(({ value, tensor }) => [value, build.initializer(value.name, tensor!)] as const),
    );
  },
};
