import { MOST_ENTRIES } from "../affine/elementwise.ts";
import { constantValues } from "../constant.ts";
import type { Carry } from "./carry.ts";
import { selection, type SelectionsOf, unknown } from "./select.ts";

/** ArrayFeatureExtractor: constant entries of the last axis; a vector becomes a row, which is no selection. */
const extracted: SelectionsOf = (node) => {
  const [x, picks] = node.inputs, indices = constantValues(picks), axis = (x?.shape?.length ?? 0) - 1;
  const length = x?.shape?.[axis];
  if (axis < 1 || !indices || typeof length !== "number" || length > MOST_ENTRIES) return unknown(node);
  return [{ axis, indices, length, isDropped: false }];
};

/** ArrayFeatureExtractor of constant columns. */
export const extractorCarry: Carry = selection(extracted);
