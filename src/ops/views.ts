import type { Node } from "../graph/graph.ts";
import type { ChannelAffine } from "./affine_map.ts";
import type { Carry } from "./carry/carry.ts";
import { sameEntries } from "./entries.ts";
import type { LinearMap } from "./linear/linear_map.ts";
import { whyQuantised, whyWhole } from "./quantised.ts";
import type { Op } from "./op.ts";
import { Skip } from "./skip.ts";
import type { Views } from "./view.ts";
import { opOf, OPS } from "./table.ts";

/**
 * A node as an affine map along one axis, its element type kept; why it is none, although it looks like one; or undefined where
 * it is something else (an Add of two computed values, say).
 */
export function affineOf(node: Node): ChannelAffine | Skip | undefined {
  const { affine: of } = opOf(node) ?? NONE, affine = of && (whyOpen(node) ?? of(node));
  if (!affine || affine instanceof Skip) return affine;
  const bad = notFinite(affine.scale) ?? notFinite(affine.shift);
  if (bad !== undefined) return new Skip("invalid-parameter", `its constants give a scale or shift of ${bad}`);
  if (affine.x.type && node.output.type && affine.x.type !== node.output.type) {
    return new Skip("element-type", `it makes ${node.output.type} of ${affine.x.type}`);
  }
  return affine;
}

/** The affine map that a node is; undefined where it is none, whatever the reason. */
export function affineMapOf(node: Node): ChannelAffine | undefined {
  const affine = affineOf(node);
  return affine instanceof Skip ? undefined : affine;
}

/** The first entry that is no finite number; a loop of its own, for entries may be a million. */
function notFinite(values: Float64Array): number | undefined {
  for (let at = 0; at < values.length; at++) if (!Number.isFinite(values[at])) return values[at];
}

/** A node as a linear map, with or without weights of its own; why it is none; or undefined where it is something else. */
export function linearOf(node: Node): LinearMap | Skip | undefined {
  const { linear, together } = opOf(node) ?? NONE;
  if (!linear && !together) return whyWhole(node);
  return whyWhole(node) ?? whyOpen(node) ?? whyQuantised(node) ?? linear?.(node) ?? together?.(node);
}

/** How an affine map gets past a node; undefined where it does not. */
export function carryOf(node: Node): Carry | undefined {
  return node.subgraphs.length > 0 ? undefined : viewsOf(node).carry;
}

/** Operators whose entries have one of these fields, as {@linkcode Node.operator} has them: where a rule on it looks. */
export function operatorsWith(...fields: readonly (keyof Op)[]): string[] {
  return Object.entries(OPS).flatMap(([domain, ops]) =>
    Object.entries(ops).filter(([, own]) => fields.some((field) => own[field] !== undefined))
      .map(([opType]) => domain === "" ? opType : `${domain}.${opType}`)
  );
}

/** What a node's operator is to the rules: nothing where an attribute is set by the caller of the function it is in. */
export function viewsOf(node: Node): Views {
  return node.hasReferences ? NONE : opOf(node) ?? NONE;
}

/** Why it stays open what a node computes: an attribute is set by the caller of the function it is in. */
export function whyOpen(node: Node): Skip | undefined {
  if (!node.hasReferences) return undefined;
  const { name } = [...node.attributes.values()].find(({ reference }) => reference !== undefined)!;
  return new Skip(
    "function-attribute",
    `attribute '${name}' of ${node.label} is set by the caller of the function it is in`,
  );
}

const NONE: Views = {};

/**
 * A node as a linear map with weights of its own, which can take an affine map; why it is none; undefined where its operator is
 * none, or one that maps get past.
 */
export function layerOf(node: Node): LinearMap | Skip | undefined {
  const map = linearOf(node);
  if (!map || map instanceof Skip) return carryOf(node) ? undefined : map;
  return map.isLayer ? map : undefined;
}

/** Whether a node is a function of single elements of its first input, the same for all. */
export function isElementwise(node: Node): boolean {
  return viewsOf(node).entries === sameEntries && node.outputs.length === 1;
}

/** Whether a node asks for nothing but the shape of its input. */
export function readsShapeOnly(node: Node): boolean {
  return viewsOf(node).readsShapeOnly === true;
}
