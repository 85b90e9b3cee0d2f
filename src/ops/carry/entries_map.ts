import type { Node } from "../../graph/graph.ts";
import type { AffineMap } from "../affine_map.ts";
import { Skip } from "../skip.ts";

/** Some entries of an axis, in their order. */
export interface Selection {
  /** The axis, from the left. */
  readonly axis: number;
  /** The entries. */
  readonly indices: readonly number[];
  /** Number of entries there are. */
  readonly length: number;
}

/** The map of some entries of a map along their axis. */
export function pickedMap({ axis, scale, shift }: AffineMap, indices: readonly number[]): AffineMap {
  const of = (values: Float64Array) => Float64Array.from(indices, (index) => values[index]);
  return { axis, scale: of(scale), shift: of(shift) };
}

/** A map of some entries as one of all of them, nothing done to the others; why there is none where one is taken twice. */
export function placedMap(
  node: Node,
  { scale, shift }: AffineMap,
  { axis, indices, length }: Selection,
): AffineMap | Skip {
  const out = { axis, scale: new Float64Array(length).fill(1), shift: new Float64Array(length) };
  const seen = new Uint8Array(length);
  for (const [at, index] of indices.entries()) {
    const from = scale.length === 1 ? 0 : at;
    if (seen[index] && (out.scale[index] !== scale[from] || out.shift[index] !== shift[from])) {
      return new Skip("unequal-channels", `${node.label} takes an entry twice, and it is another map for each`);
    }
    seen[index] = 1;
    [out.scale[index], out.shift[index]] = [scale[from], shift[from]];
  }
  return out;
}
