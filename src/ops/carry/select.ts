import { MOST_ENTRIES } from "../affine/elementwise.ts";
import type { Node } from "../../graph/graph.ts";
import { fromStart } from "../dims.ts";
import { Skip } from "../skip.ts";
import { cutsOf, reachOf } from "../slice_cuts.ts";
import { gatheredEntries } from "../taken.ts";
import { type Carry, commuted, takesAsParameter, type Transfer } from "./carry.ts";
import { pickedMap, placedMap, type Selection } from "./entries_map.ts";

/** The entries of one axis of the input that a node takes. */
interface TakenEntries extends Selection {
  /** Whether the axis itself goes, one entry being left. */
  readonly isDropped: boolean;
}

/** What a node takes, axis by axis; a reason where that is not known. */
export type SelectionsOf = (node: Node) => readonly TakenEntries[] | Skip;

/** That it is not known which entries a node takes. */
export function unknown(node: Node): Skip {
  return new Skip("unknown-shape", `which entries ${node.label} takes is not known`);
}

/** Slice. */
const sliced: SelectionsOf = (node) => {
  const shape = node.inputs[0]?.shape, cuts = shape && cutsOf(node, shape.length);
  const found = cuts?.map((cut): TakenEntries | undefined => {
    const { axis } = cut, length = shape![axis];
    const reach = typeof length === "number" && length <= MOST_ENTRIES ? reachOf(cut, length) : undefined;
    if (!reach) return undefined;
    const indices = Array.from({ length: reach.count }, (_, at) => reach.first + at * reach.step);
    return { axis, indices, length: length as number, isDropped: false };
  });
  return found?.every((selected) => selected !== undefined) ? found : unknown(node);
};

/** Gather of constant entries: one of them drops the axis. */
const gathered: SelectionsOf = (node) => {
  const taken = gatheredEntries(node, MOST_ENTRIES), length = taken?.x.shape?.[taken.axis];
  if (!taken || typeof length !== "number" || length > MOST_ENTRIES) return unknown(node);
  const { axis, isDropped } = taken, indices = taken.indices.map((index) => fromStart(index, length));
  return [{ axis, indices, length, isDropped }];
};

/** A node that takes entries of its first input: one number for all of them gets past whichever they are. */
export function selection(selectionsOf: SelectionsOf): Carry {
  return {
    kind: "arithmetic",
    up(node, _output, affine) {
      const selections = selectionsOf(node), value = node.inputs[0]!;
      if (selections instanceof Skip) return affine.axis === null ? commuted({ value, affine }) : selections;
      if (affine.axis === null) {
        const apart = selections.flatMap((selected): Transfer[][] => {
          const map = placedMap(node, affine, selected);
          return map instanceof Skip ? [] : [[{ value, affine: map }]];
        });
        return { alternatives: [[{ value, affine }], ...apart] };
      }
      const dropped = selections.find(({ isDropped }) => isDropped)?.axis ?? Infinity;
      const axis = affine.axis >= dropped ? affine.axis + 1 : affine.axis;
      const selected = selections.find((each) => each.axis === axis);
      if (!selected) return commuted({ value, affine: { ...affine, axis } });
      if (selected.indices.length !== affine.scale.length) return unknown(node);
      const map = placedMap(node, affine, selected);
      return map instanceof Skip ? map : commuted({ value, affine: map });
    },
    down(node, input, affine) {
      if (node.inputs[0] !== input) return takesAsParameter(node);
      const { output: value } = node;
      if (affine.axis === null) return commuted({ value, affine });
      const selections = selectionsOf(node);
      if (selections instanceof Skip) return selections;
      const dropped = selections.find(({ isDropped }) => isDropped)?.axis ?? Infinity;
      const selected = selections.find(({ axis }) => axis === affine.axis);
      const axis = affine.axis > dropped ? affine.axis - 1 : affine.axis;
      if (!selected) return commuted({ value, affine: { ...affine, axis } });
      const map = pickedMap(affine, selected.indices);
      return commuted({ value, affine: { ...map, axis: selected.isDropped ? null : axis } });
    },
  };
}

/** Slice. */
export const sliceCarry: Carry = selection(sliced);

/** Gather by constant indices, of one axis. */
export const gatherCarry: Carry = selection(gathered);
