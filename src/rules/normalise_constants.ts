import { constantOf } from "../ops/constant.ts";
import { OPS } from "../ops/table.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/** Whatever is the same at every run becomes an initializer: Constant, and shape or arithmetic nodes on constants. */
export const normaliseConstants: Rule = {
  name: "normalise-constants",
  summary: "Constant, ConstantOfShape, and Identity, Cast, Reshape, Transpose, … of constants: initializers",
  phase: "clean",
  roots: Object.keys(OPS[""]),
  rewrite(root, build) {
    const tensor = constantOf(root.output);
    // below IR version 4 a new initializer is a new graph input, and a function body has no initializers
    if (!tensor || root.output.users.size === 0 || root.graph.isFunction || root.graph.model.irVersion < 4) {
      return undefined;
    }
    if (root.output.isOutput) return undefined;
    return new Replacement([root], [[root.output, build.initializer(root.output.name, tensor)]]);
  },
};
