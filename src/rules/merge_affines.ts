import { constantOf } from "../ops/constant.ts";
import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "../ops/builder.ts";
import { Skip } from "../ops/skip.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import type { ElementType } from "../tensor/element_type.ts";
import { rounded } from "../tensor/encode.ts";
import { valueTensor } from "../tensor/tensor.ts";
import { type AffineMap, composed, hasScale, hasShift } from "../ops/affine_map.ts";
import { AFFINE_OPS, affineOf } from "./affine_of.ts";
import { parametersOf } from "./batch_normalization.ts";
import { nameAfter } from "./weights.ts";

/**
 * s₂·(s₁·x + t₁) + t₂ = (s₁·s₂)·x + (s₂·t₁ + t₂): a chain of affine maps along one axis becomes as few nodes as hold it.
 * Where one of them is a BatchNormalization that is this one with new scale and bias, γ' = s·√(σ² + ε) and β' = t + μ·s;
 * else a Mul, an Add, a Sub from a constant, a Neg, or a Mul and an Add.
 */
export const mergeAffines: Rule = {
  name: "merge-affines",
  summary: "BatchNormalization, Mul, Div, Add, Sub, Neg one after another: as few nodes as hold the same map",
  phase: "absorb",
  roots: AFFINE_OPS,
  rewrite(root, build) {
    const chain = chainTo(root);
    if (!chain) return undefined;
    const merged = asBatchNormalization(chain, build) ?? asElementwise(chain, build);
    return merged && build.nodes.length < chain.nodes.length
      ? new Replacement(chain.nodes, [[root.output, merged]])
      : undefined;
  },
};

/** Affine nodes that follow one another and are used by nobody else in between. */
interface Chain {
  /** The nodes, the last one first. */
  readonly nodes: readonly Node[];
  /** What they do together. */
  readonly map: AffineMap;
  /** What they are applied to. */
  readonly x: Value;
  /** Element type of x and of the result. */
  readonly type: ElementType;
  /** The same rank everywhere in the chain, where known. */
  readonly rank?: number;
}

function chainTo(root: Node): Chain | undefined {
  const last = affineOf(root), { type } = root.output;
  if (!last || last instanceof Skip || type === undefined) return undefined;
  const nodes = [root];
  let { x } = last, map: AffineMap = last;
  for (let node = x.producer; node && node.graph === root.graph && isOnlyUse(x); node = x.producer) {
    const before = affineOf(node);
    const both = before && !(before instanceof Skip) && composed(before, map);
    if (!both) break;
    nodes.push(node);
    map = both;
    x = before.x;
  }
  return nodes.length > 1 && x.type === type ? { nodes, map, x, type, rank: last.rank } : undefined;
}

function isOnlyUse({ users, isOutput }: Value): boolean {
  return !isOutput && users.size === 1 && [...users.values()][0] === 1;
}

/** The first BatchNormalization of the chain with the scale and bias that do all of it. */
function asBatchNormalization({ nodes, map, x }: Chain, build: Builder): Value | undefined {
  const node = nodes.findLast((node) => node.is("BatchNormalization"));
  if (!node) return undefined;
  const { mean, deviation } = parametersOf(node);
  const scale = map.scale.map((value, i) => value * deviation[i]);
  const bias = map.shift.map((value, i) => value + mean[i] * map.scale[i]);
  const parameters = [scale, bias].map((values, i) => {
    const { type } = constantOf(node.inputs[i + 1])!;
    return build.initializer(nameAfter(node.inputs[i + 1], node.label), valueTensor(type, [values.length], values));
  });
  return build.like(node, [x, ...parameters, ...node.inputs.slice(3)]);
}

/** The fewest elementwise nodes that do the map, its numbers rounded to the type first: a scale that becomes 1 goes. */
function asElementwise({ nodes, map, x, type, rank }: Chain, build: Builder): Value | undefined {
  const [root] = nodes, { axis } = map;
  if (root.opset < 7 || axis !== null && (rank === undefined || axis >= rank)) return undefined;
  const scale = rounded(type, map.scale), shift = rounded(type, map.shift);
  if (![...scale, ...shift].every(Number.isFinite)) return undefined;
  const dims = axis === null ? [] : [scale.length, ...new Array<number>(rank! - 1 - axis).fill(1)];
  const constant = (role: string, values: Float64Array) =>
    build.initializer(`${root.output.name}.${role}`, valueTensor(type, dims, values));
  const name = (...ops: string[]) => nodes.find((node) => node.is(...ops))?.name ?? root.name;
  const scaled = hasScale({ scale }), shifted = hasShift({ shift });
  if (scale.every((value) => value === -1)) {
    return shifted
      ? build.node("Sub", [constant("shift", shift), x], { name: name("Sub") })
      : build.node("Neg", [x], { name: name("Neg") });
  }
  const product = scaled ? build.node("Mul", [x, constant("scale", scale)], { name: name("Mul", "Div", "Neg") }) : x;
  return shifted ? build.node("Add", [product, constant("shift", shift)], { name: name("Add", "Sub") }) : product;
}
