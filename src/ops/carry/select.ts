import { MOST_ENTRIES } from "../affine/elementwise.ts";
import type { Node } from "../../graph/graph.ts";
import type { AffineMap } from "../affine_map.ts";
import { axesOf, axisOf, constantOf, constantValues } from "../constant.ts";
import { Skip } from "../skip.ts";
import { type Carry, commuted, takesAsParameter, type Transfer } from "./carry.ts";

/** The entries of one axis of the input that a node takes, in their order. */
interface Selection {
  /** The axis, from the left. */
  readonly axis: number;
  /** The entries. */
  readonly indices: readonly number[];
  /** Number of entries there are. */
  readonly length: number;
  /** Whether the axis itself goes, one entry being left. */
  readonly isDropped: boolean;
}

/** What a node takes, axis by axis; a reason where that is not known. */
type SelectionsOf = (node: Node) => readonly Selection[] | Skip;

function unknown(node: Node): Skip {
  return new Skip("unknown-shape", `which entries ${node.label} takes is not known`);
}

/** Slice: attributes before opset 10, inputs from then on. */
const sliced: SelectionsOf = (node) => {
  const shape = node.inputs[0]?.shape, isOld = node.opset < 10;
  const list = (name: string, input: number) =>
    isOld ? node.numbers(name) : node.has(input) ? constantValues(node.inputs[input]) : undefined;
  const starts = list("starts", 1), ends = list("ends", 2);
  if (!shape || !starts || !ends || !isOld && [3, 4].some((at) => node.has(at) && !constantOf(node.inputs[at]))) {
    return unknown(node);
  }
  const axes = axesOf(node, shape.length, 3) ?? starts.map((_, at) => at);
  const steps = isOld ? undefined : constantValues(node.inputs[4]);
  const found: Selection[] = [];
  for (const [at, axis] of axes.entries()) {
    const length = shape[axis], step = steps?.[at] ?? 1;
    if (typeof length !== "number" || step === 0) return unknown(node);
    const clamp = (index: number) =>
      Math.min(Math.max(index < 0 ? index + length : index, step > 0 ? 0 : -1), step > 0 ? length : length - 1);
    const start = clamp(starts[at]), end = ends[at] < -length && step < 0 ? -1 : clamp(ends[at]);
    const count = Math.max(0, Math.ceil((end - start) / step));
    if (length > MOST_ENTRIES) return unknown(node);
    const indices = Array.from({ length: count }, (_, index) => start + index * step);
    found.push({ axis, indices, length, isDropped: false });
  }
  return found;
};

/** Gather of constant entries: one of them drops the axis. */
const gathered: SelectionsOf = (node) => {
  const shape = node.inputs[0]?.shape, picks = constantOf(node.inputs[1]), values = constantValues(node.inputs[1]);
  if (!shape || !picks || !values || picks.dims.length > 1) return unknown(node);
  const axis = axisOf(node, shape.length, 0), length = shape[axis];
  if (typeof length !== "number" || length > MOST_ENTRIES) return unknown(node);
  const indices = values.map((index) => index < 0 ? index + length : index);
  return [{ axis, indices, length, isDropped: picks.dims.length === 0 }];
};

/** A map of the entries taken as one of all entries, nothing done to the others. */
function placed(node: Node, { scale, shift }: AffineMap, { axis, indices, length }: Selection): AffineMap | Skip {
  const out = { axis, scale: new Float64Array(length).fill(1), shift: new Float64Array(length) };
  const seen = new Set<number>();
  for (const [at, index] of indices.entries()) {
    const from = scale.length === 1 ? 0 : at;
    if (seen.has(index) && (out.scale[index] !== scale[from] || out.shift[index] !== shift[from])) {
      return new Skip("unequal-channels", `${node.label} takes an entry twice, and it is another map for each`);
    }
    seen.add(index);
    [out.scale[index], out.shift[index]] = [scale[from], shift[from]];
  }
  return out;
}

/** A node that takes entries of its first input. */
function selection(selectionsOf: SelectionsOf): Carry {
  return {
    kind: "arithmetic",
    up(node, _output, affine) {
      const selections = selectionsOf(node), value = node.inputs[0]!;
      if (selections instanceof Skip) return selections;
      if (affine.axis === null) {
        const apart = selections.flatMap((selected): Transfer[][] => {
          const map = placed(node, affine, selected);
          return map instanceof Skip ? [] : [[{ value, affine: map }]];
        });
        return { alternatives: [[{ value, affine }], ...apart] };
      }
      const dropped = selections.find(({ isDropped }) => isDropped)?.axis ?? Infinity;
      const axis = affine.axis >= dropped ? affine.axis + 1 : affine.axis;
      const selected = selections.find((each) => each.axis === axis);
      if (!selected) return commuted({ value, affine: { ...affine, axis } });
      if (selected.indices.length !== affine.scale.length) return unknown(node);
      const map = placed(node, affine, selected);
      return map instanceof Skip ? map : commuted({ value, affine: map });
    },
    down(node, input, affine) {
      if (node.inputs[0] !== input) return takesAsParameter(node);
      const selections = selectionsOf(node);
      if (selections instanceof Skip) return selections;
      const { output: value } = node;
      if (affine.axis === null) return commuted({ value, affine });
      const dropped = selections.find(({ isDropped }) => isDropped)?.axis ?? Infinity;
      const selected = selections.find(({ axis }) => axis === affine.axis);
      const axis = affine.axis > dropped ? affine.axis - 1 : affine.axis;
      if (!selected) return commuted({ value, affine: { ...affine, axis } });
      const pick = (values: Float64Array) => Float64Array.from(selected.indices, (index) => values[index]);
      const map = { axis: selected.isDropped ? null : axis, scale: pick(affine.scale), shift: pick(affine.shift) };
      return commuted({ value, affine: map });
    },
  };
}

/** Slice. */
export const sliceCarry: Carry = selection(sliced);

/** Gather by constant indices, of one axis. */
export const gatherCarry: Carry = selection(gathered);
