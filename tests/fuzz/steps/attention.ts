/** Projections that are cut into query, key and value. */
import type { Choices } from "../choices.ts";
import type { Draft, Wire } from "../draft.ts";
import type { Step } from "./layers.ts";

/** Positions, and columns of a part, from which a product of its own is worth its call. */
const POSITIONS = 160, COLUMNS = 128;
/** Elements of the largest value made here. */
const MOST = 1 << 18;

/**
 * A product of many rows whose columns are cut into two or three parts: straight, or behind a Reshape that gives the parts an axis
 * of their own and a Transpose that brings it to the front; by Split, or by a Gather for each. The parts come together in a sum,
 * of which the mean over the rows is left.
 */
export const cutProjection: Step = (draft, x, choices) => {
  const rank = x.dims.length, width = x.dims[rank - 1], isApart = choices.once(2);
  if (rank !== 3 || draft.opset < 13 || x.dims[0] > 1) return undefined;
  const times = [1, Math.ceil(POSITIONS / x.dims[1]), 1], rows = x.dims[1] * times[1], count = choices.pick([2, 1]) + 1;
  const long = draft.node("Tile", [x.name, draft.integers(times)], [1, rows, width], {}, { most: MOST });
  const weight = draft.constant(choices, draft.values([width, count * COLUMNS], 0.05, 0.2));
  const all = [1, rows, count * COLUMNS], bias = draft.constant(choices, draft.values([count * COLUMNS], 0.1, 0.5));
  const product = long && draft.node("MatMul", [long.name, weight], all, {}, { most: MOST });
  const projected = product && draft.node("Add", [product.name, bias], all, {}, { most: MOST });
  if (!projected) return undefined;
  const parts = isApart ? apart(draft, projected, count, choices) : draft.nodeOf(
    "Split",
    [projected.name, draft.integers(new Array(count).fill(COLUMNS))],
    new Array(count).fill([1, rows, COLUMNS]),
    { axis: choices.pick([2, -1]) },
    { most: MOST },
  );
  if (!parts) return undefined;
  const active = parts.map((part) =>
    draft.node(choices.pick(["Relu", "Tanh"]), [part.name], part.dims, {}, { most: MOST })
  );
  if (!active.every((part) => part)) return undefined;
  const dims = parts[0].dims, axis = dims.indexOf(rows, 1);
  const sum = draft.node("Sum", active.map((part) => part!.name), dims, {}, { most: MOST });
  const inputs = draft.opset < 18 ? [] : [draft.integers([axis])],
    attributes = draft.opset < 18 ? { axes: [axis] } : {};
  return sum && draft.node("ReduceMean", [sum.name, ...inputs], dims.with(axis, 1), attributes);
};

/** Parts along an axis of their own, in front. */
function apart(draft: Draft, projected: Wire, count: number, choices: Choices): Wire[] | undefined {
  const rows = projected.dims[1], heads = choices.pick([4, 2]), each = COLUMNS / heads;
  const five = [1, rows, count, heads, each], turned = [count, 1, heads, rows, each], part = [1, heads, rows, each];
  const shaped = draft.node("Reshape", [projected.name, draft.integers(five)], five, {}, { most: MOST });
  const front = shaped && draft.node("Transpose", [shaped.name], turned, { perm: [2, 0, 3, 1, 4] }, { most: MOST });
  if (!front) return undefined;
  if (choices.once(2)) {
    const picked = Array.from(
      { length: count },
      (_, at) =>
        draft.node(
          "Gather",
          [front.name, draft.integers([choices.once(2) ? at : at - count], [])],
          part,
          { axis: 0 },
          { most: MOST },
        ),
    );
    return picked.every((one) => one) ? picked as Wire[] : undefined;
  }
  const split = draft.nodeOf(
    "Split",
    [front.name, draft.integers(new Array(count).fill(1))],
    new Array(count).fill([1, ...part]),
    { axis: 0 },
    { most: MOST },
  );
  const squeezed = split?.map((one) =>
    draft.node("Squeeze", [one.name, draft.integers([0])], part, {}, { most: MOST })
  );
  return squeezed?.every((one) => one) ? squeezed as Wire[] : undefined;
}
