import type { Dim, Node, Shape, Value } from "../../graph/graph.ts";
import { MOST_ENTRIES } from "../affine/elementwise.ts";
import { type AffineMap, hasShift } from "../affine_map.ts";
import { axisOf, constantOf, permOf } from "../constant.ts";
import { fromStart, isPermutation, quotient } from "../dims.ts";
import { gatheredEntries, slicedEntries } from "../taken.ts";
import { type Commuted, commuted } from "./carry.ts";
import { sumsToOne } from "./contraction.ts";

/** A factor of an axis' length: axes are taken apart and put together again by these. */
interface Part {
  readonly size: Dim;
  /** How many channels one step along it goes on; 0 where the map is the same. */
  readonly stride: number;
  /** The one of its entries that the map is for, where it is none for the others. */
  readonly only?: number;
}

type Axes = readonly (readonly Part[])[];

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
  let axes: Axes = value.shape.map((size, at) => size === 1 ? [] : [{ size, stride: at === axis ? 1 : 0 }]);
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
  const now = node.is("Transpose") ? turned(node, axes, isUp) : isReshape(node) ? fitted(axes, next.shape) : undefined;
  return now && [next, now];
}

function isReshape(node: Node): boolean {
  return node.is("Reshape", "Flatten", "Squeeze", "Unsqueeze");
}

function turned(node: Node, axes: Axes, isUp: boolean): Axes | undefined {
  const perm = permOf(node, axes.length);
  if (!isPermutation(perm, axes.length)) return undefined;
  return axes.map((_, axis) => axes[isUp ? perm.indexOf(axis) : perm[axis]]);
}

/** The same parts in axes of other lengths; undefined where they do not fit, as far as lengths are known. */
function fitted(axes: Axes, shape: Shape): Axes | undefined {
  const waiting = axes.flat().reverse(), found: Part[][] = [];
  for (const dim of shape) {
    const own: Part[] = [];
    for (let left = dim; left !== 1;) {
      const part = waiting.pop(), rest = part && ratio(left, part.size), inner = part && ratio(part.size, left);
      if (!part || left === 0) return undefined;
      if (rest) {
        own.push(part);
        left = rest;
      } else if (inner && part.only === undefined) {
        own.push({ size: left, stride: part.stride * Number(part.stride > 0 ? inner : 0) });
        waiting.push({ size: inner, stride: part.stride });
        left = 1;
      } else return undefined;
    }
    found.push(own);
  }
  return waiting.length === 0 ? found : undefined;
}

/** A length over another, where that is whole and known. */
function ratio(a: Dim, b: Dim): Dim {
  const result = a === b && a !== null ? 1 : quotient(a, b);
  return typeof result !== "number" || Number.isInteger(result) ? result : null;
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

function matters({ stride, only }: Part): boolean {
  return stride > 0 || only !== undefined;
}

/** The map along the one axis in which all parts are that matter; undefined where they are in several. */
function alongOne(axes: Axes, { scale, shift }: AffineMap): AffineMap | undefined {
  const [axis, ...others] = [...axes.keys()].filter((at) => axes[at].some(matters)), parts = axes[axis] ?? [];
  const sizes: Dim[] = parts.map(({ size }) => size);
  if (others.length > 0 || parts.length === 0 || !sizes.every((size) => typeof size === "number")) return undefined;
  if (sizes.reduce((product, size) => product * size, 1) > MOST_ENTRIES) return undefined;
  // the channel of each entry, −1 where the map is none
  const channels = parts.reduce((before, { stride, only }, at) =>
    before.flatMap((channel) =>
      Array.from(
        { length: sizes[at] },
        (_, step) => channel < 0 || only !== undefined && step !== only ? -1 : channel + step * stride,
      )
    ), [0]);
  const of = (values: Float64Array, otherwise: number) =>
    Float64Array.from(channels, (channel) => channel < 0 ? otherwise : values[channel]);
  return { axis, scale: of(scale, 1), shift: of(shift, 0) };
}
