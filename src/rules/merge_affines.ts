import { emitAffine } from "../ops/affine/emit_affine.ts";
import { operatorsWith } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { affineChainTo } from "./affine_chain.ts";

/**
 * s₂·(s₁·x + t₁) + t₂ = (s₁·s₂)·x + (s₂·t₁ + t₂): a chain of affine maps along one axis becomes as few nodes as hold it. Where
 * one of them has parameters for any map (a BatchNormalization), it is this one with new ones.
 */
export const mergeAffines: Rule = {
  name: "merge-affines",
  summary: "Affine maps (BatchNormalization, Mul, Add, …) one after another: as few nodes as hold the same map",
  phase: "absorb",
  roots: operatorsWith("affine"),
  rewrite(root, build) {
    const chain = affineChainTo(root.output);
    if (!chain || chain.nodes.length < 2) return undefined;
    const { nodes, map, x, rebuild } = chain;
    if (x.type === undefined || x.type !== root.output.type) return undefined;
    const merged = rebuild ? rebuild(map, x, build) : emitAffine(map, x, nodes, build);
    return merged && build.nodes.length < nodes.length ? new Replacement(nodes, [[root.output, merged]]) : undefined;
  },
};
