import type { Node, Value } from "../../graph/graph.ts";
import { type AffineMap, hasShift } from "../affine_map.ts";
import { axisOf, constantOf, permOf } from "../constant.ts";
import { fromStart, isPermutation } from "../dims.ts";
import { RESHAPES } from "../fewer_movements.ts";
import { gatheredEntries, slicedEntries } from "../taken.ts";
import { alongOne, type Axes, axesWith, fitted, matters } from "./axis_parts.ts";
import { type Commuted, commuted } from "./carry.ts";
import { sumsToOne } from "./contraction.ts";

/** Most nodes from one axis to one axis. */
const MOST_NODES = 8;

/**
 * A map along one axis that movements of elements take apart, and others put together again: a channel shuffle, a pixel shuffle
 * written out, the heads of an attention, also across the product with the values, whose rows' weights sum to 1. As one step, from
 * its last node upwards or from its first downwards; undefined where it does not come to lie along one axis again.
 */
export function regrouped(first: Node, affine: AffineMap, way: "up" | "down"): Commuted | undefined {
  let value: Value | undefined = way === "up" ? first.outputs[0] : first.inputs[0], via: Node | undefined = first;
  const { axis, scale } = affine;
  if (axis === null || scale.length < 2 || value?.shape?.[axis] !== scale.length) return undefined;
  let axes = axesWith(value.shape, axis);
  for (let nodes = 0; via && nodes < MOST_NODES; nodes++) {
    const from: Node = via, next: [Value, Axes] | undefined = through(from, value!, axes, way, hasShift(affine));
    if (!next || next[0].graph !== first.graph) return undefined;
    [value, axes] = next;
    const map = alongOne(axes, affine);
    if (map) return commuted({ value, affine: map });
    if (!isFor(value, from, way)) return undefined;
    via = way === "up" ? value.producer : [...value.users.keys()][0];
  }
}

/** Whether a value in between may change: nothing else sees it. */
function isFor(value: Value, from: Node, way: "up" | "down"): boolean {
  if (value.isOutput) return false;
  const users = [...value.users];
  if (users.length === 1) return users[0][1] === 1 && users[0][0].graph === value.graph;
  const entry = way === "up" ? entryOf(from) : undefined;
  return entry !== undefined && users.every(([user]) => {
    const other = user === from ? undefined : entryOf(user);
    return user === from || other?.axis === entry.axis && other.index !== entry.index;
  });
}

/** The one entry along an axis that a Gather takes, without the axis, or a Slice, with it. */
function entryOf(node: Node): { axis: number; index: number; isDropped: boolean } | undefined {
  const isGather = node.is("Gather"), isKnown = isGather || node.is("Slice");
  const taken = node.hasReferences || !isKnown ? undefined : isGather ? gatheredEntries(node, 1) : slicedEntries(node);
  const length = taken?.x.shape?.[taken.axis];
  if (!taken || taken.isDropped !== isGather || taken.indices.length !== 1 || typeof length !== "number") {
    return undefined;
  }
  const { axis, isDropped } = taken, index = fromStart(taken.indices[0], length);
  return index >= 0 && index < length ? { axis, index, isDropped } : undefined;
}

/** What is on the other side of a node: the value, and what its axes are made of. */
function through(node: Node, value: Value, axes: Axes, way: "up" | "down", shifts: boolean): [Value, Axes] | undefined {
  const isUp = way === "up", next = isUp ? node.inputs[0] : node.outputs[0];
  const past = node.hasReferences ? undefined : product(node, value, axes, isUp, shifts);
  if (past || !next?.shape || node.hasReferences) return past;
  const entry = isUp ? entryOf(node) : undefined, size = entry && next.shape[entry.axis];
  if (entry) {
    if (!entry.isDropped && axes[entry.axis].length > 0) return undefined; // nothing is left of it
    const taken = [{ size: size!, stride: 0, only: entry.index }];
    return [next, axes.toSpliced(entry.axis, entry.isDropped ? 0 : 1, taken)];
  }
  if (isUp && node.is("Split")) {
    const axis = axisOf(node, next.shape.length, 0), index = node.outputs.indexOf(value);
    const isSingle = node.outputs.every((part) => part?.shape?.[axis] === 1);
    return isSingle ? [next, axes.with(axis, [{ size: node.outputs.length, stride: 0, only: index }])] : undefined;
  }
  const now = node.is("Transpose")
    ? turned(node, axes, isUp)
    : node.is(...RESHAPES)
    ? fitted(axes, next.shape)
    : undefined;
  return now && [next, now];
}

function turned(node: Node, axes: Axes, isUp: boolean): Axes | undefined {
  const perm = permOf(node, axes.length);
  if (!isPermutation(perm, axes.length)) return undefined;
  return axes.map((_, axis) => axes[isUp ? perm.indexOf(axis) : perm[axis]]);
}

/** Operands of a node that mix the rows of one of them, by their index: with whether that makes means of its rows. */
function mixed(node: Node): [index: number, isMean: boolean][] {
  const [a, b, values] = node.inputs;
  if (node.is("MatMul") && a && b && !constantOf(a) && !constantOf(b)) {
    return [[1, sumsToOne(a, "rows")], [0, sumsToOne(b, "columns")]];
  }
  const isWhole = node.is("Attention") && !node.has(4) && values && !constantOf(values);
  return isWhole && node.outputs.slice(1).every((value) => !value) ? [[2, !node.has(3)]] : [];
}

/** Past a product of computed values, between its result and the operand whose map it is. */
function product(node: Node, value: Value, axes: Axes, isUp: boolean, shifts: boolean): [Value, Axes] | undefined {
  for (const [index, isMean] of mixed(node)) {
    const operand = node.inputs[index]!, next = isUp ? operand : node.output, { shape } = next, rank = axes.length;
    const summed = rank - (index === 0 ? 1 : 2);
    if (!isUp && operand !== value || shape?.length !== rank || rank < 2 || shifts && !(isMean && isUp)) continue;
    if (node.is("Attention") && rank !== 4) continue;
    const isKept = shape.every((dim, axis) => axis === summed || dim !== null && dim === value.shape![axis]);
    if (!isKept || axes[summed].some(matters)) continue;
    return [next, axes.with(summed, shape[summed] === 1 ? [] : [{ size: shape[summed], stride: 0 }])];
  }
}
