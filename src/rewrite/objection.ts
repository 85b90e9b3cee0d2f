import type { Value } from "../graph/graph.ts";
import type { Builder } from "../ops/builder.ts";
import { constantOf } from "../ops/constant.ts";
import { Skip } from "../ops/skip.ts";
import { whyOpen } from "../ops/views.ts";
import { formatOf, isFloat } from "../tensor/element_type.ts";
import { overflowOf } from "../tensor/overflow.ts";
import { underflowOf } from "../tensor/underflow.ts";
import type { Replacement } from "./rule.ts";

/**
 * What speaks against a replacement, whatever the rule: others that need what goes, values that do not fit (which is not looked
 * at where weights cannot be read).
 */
export function objection(
  replacement: Replacement,
  build: Builder,
  { cannotReadWeights = false }: { readonly cannotReadWeights?: boolean },
): Skip | undefined {
  const against = whyNeeded(replacement, build) ?? whyNotNamed(replacement, build);
  return against ??
    (cannotReadWeights ? undefined : whyOverflow(replacement, build) ?? whyUnderflow(replacement, build));
}

/** Why a node cannot go, or what it makes. */
function whyNeeded({ removed, outputs }: Replacement, build: Builder): Skip | undefined {
  const gone = new Set(removed), replaced = new Set(outputs.map(([old]) => old));
  for (const node of removed) {
    if (node.graph !== build.graph) {
      return new Skip(
        "other-graph",
        `${node.label} is computed outside the subgraph: inside, it might be computed again and again`,
      );
    }
    const open = whyOpen(node);
    if (open) return open;
    for (const value of node.outputs) {
      if (!value || replaced.has(value)) continue;
      if (value.isOutput) return new Skip("graph-output", `'${value.name}', which would disappear, is a graph output`);
      const other = [...value.users.keys()].find((user) => !gone.has(user));
      if (other) {
        return new Skip("other-user", `'${value.name}', which would disappear, is also used by ${other.label}`);
      }
    }
  }
  for (const value of build.nodes.flatMap(({ inputs }) => inputs)) {
    if (value?.producer && gone.has(value.producer) && !replaced.has(value)) {
      return new Skip("other-user", `'${value.name}', which would disappear, would still be needed`);
    }
  }
}

/** Why a result cannot have the name that it must have. */
function whyNotNamed({ outputs }: Replacement, build: Builder): Skip | undefined {
  const named = new Set<Value>();
  for (const [old, now] of outputs.filter(([old]) => old.isOutput)) {
    if (named.has(now) && now.producer) {
      return new Skip("graph-output", `'${old.name}' and another graph output would be one value`);
    }
    named.add(now);
  }
  for (const [old, now] of outputs) {
    if (build.initializers.includes(now) && !old.isOutput || build.makes(now)) continue;
    if (old.isOutput && (!now.producer || now.isOutput || now.graph !== old.graph)) {
      return new Skip(
        "graph-output",
        `its output '${old.name}' is a graph output and '${now.name}' is ${
          now.isOutput ? "one too" : "not made by a node"
        }`,
      );
    }
    const shadowed = [...old.users.keys()].find((user) => user.graph.find(now.name) !== now);
    if (shadowed) {
      return new Skip("other-graph", `the name '${now.name}' means something else where ${shadowed.label} is`);
    }
  }
}

/** Why the element type of a new weight cannot hold it. */
function whyOverflow({ outputs }: Replacement, build: Builder): Skip | undefined {
  // what the model computes at every run may be infinite, such as a mask
  const evaluated = new Set(
    outputs.flatMap(([old, now]) => constantOf(old) === now.initializer ? now.initializer! : []),
  );
  for (const { initializer, name } of build.initializers) {
    if (!initializer || !isFloat(initializer.type) || initializer.origin) continue;
    const value = overflowOf(initializer, evaluated.has(initializer));
    if (value !== undefined) {
      return new Skip(
        "overflow",
        `a new weight for '${name}' would be ${
          value.toPrecision(4)
        }, which ${initializer.type} cannot hold (its largest ` +
          `finite value is ${formatOf(initializer.type).max.toPrecision(6)})`,
      );
    }
  }
}

/** Share of new values that may lose digits where those they are made of do not. */
const MOST_UNDERFLOW = 0.1;

/**
 * Why too many values of a new weight would be too small for their type, where those of the weight it takes the place of, of
 * one size with it, are not. What is computed of constants alone is as it was.
 */
function whyUnderflow({ removed }: Replacement, build: Builder): Skip | undefined {
  const used = new Set(build.nodes.flatMap(({ inputs }) => inputs));
  for (const { initializer, name } of build.initializers.filter((value) => used.has(value))) {
    if (!initializer || initializer.origin) continue;
    const found = underflowOf(initializer, MOST_UNDERFLOW);
    if (!found) continue;
    const { size, type } = initializer, share = found.count / size - MOST_UNDERFLOW;
    const olds = removed.flatMap(({ inputs }) => inputs.map(constantOf)).filter((old) => old?.size === size);
    if (olds.some((old) => old!.type === type && underflowOf(old!, share))) continue;
    return new Skip(
      "underflow",
      `${found.count} of ${size} values of a new weight for '${name}' would be below ${found.least.toPrecision(3)}, ` +
        `where ${type} has fewer digits`,
    );
  }
}
