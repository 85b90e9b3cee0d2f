import { newAttribute } from "../../graph/attribute.ts";
import type { Value } from "../../graph/graph.ts";
import { concatenated, sliced } from "../../tensor/pick.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Builder } from "../builder.ts";
import type { PositionMap } from "../position_map.ts";
import { Convolution } from "./convolution.ts";
import type { LinearMap } from "./linear_map.ts";

/** A pointwise layer of several values side by side, of which some are enlarged. */
export interface SplitLayer {
  /** Multiply-accumulates saved for one position of the result by a part of which so many positions were enlarged to one. */
  saved(at: number, ratio: number): number;
  /** The sum of the enlarged layers of these parts and the layer of the others, of which there must be one. */
  emit(enlarged: ReadonlyMap<number, PositionMap>, build: Builder): Value;
}

/**
 * W·[u(a); v(b); c] + d = u(Wₐ·a) + v(W_b·b) + (W_c·c + d), with the columns of W that belong to each: exact where u and v treat
 * every channel alike and the layer every position. Undefined for a layer that is no such convolution.
 */
export function splitLayer(layer: LinearMap, parts: readonly Value[]): SplitLayer | undefined {
  if (!(layer instanceof Convolution) || !layer.isPointwise || layer.parts.group !== 1 || parts.length < 2) {
    return undefined;
  }
  const lengths = parts.map((value) => value.shape?.[1]);
  if (!lengths.every((length) => typeof length === "number")) return undefined;
  const { weight, form, origin: { node, weight: name } } = layer.parts, outputs = layer.output.channels;
  const starts = lengths.map((_, index) => lengths.slice(0, index).reduce((a, b) => a + b, 0));
  const columns = (index: number): Tensor =>
    sliced(weight, weight.dims.map((_, axis) => axis === 1 ? starts[index] : 0), weight.dims.map(() => 1), [
      outputs,
      lengths[index],
      ...weight.dims.slice(2),
    ]);
  return {
    saved: (at, ratio) => (1 - ratio) * outputs * lengths[at],
    emit(enlarged, build) {
      const rest = [...parts.keys()].filter((index) => !enlarged.has(index));
      const larger = [...enlarged].map(([at, map]) => {
        const small = build.like(form!, [map.x, build.initializer(name, columns(at))]);
        const large = map.emit(small, outputs, build);
        large.producer!.name = node.name; // the enlarging node itself may stay, for other layers
        return large;
      });
      const others = rest.length === 1 ? columns(rest[0]) : concatenated(rest.map(columns), 1);
      const joined = rest.length === 1
        ? parts[rest[0]]
        : build.node("Concat", rest.map((index) => parts[index]), { attributes: [newAttribute("axis", 1)] });
      const beside = build.like(form!, [joined, build.initializer(name, others), form!.inputs[2]]);
      return larger.reduce(
        (sum, large) => build.node("Add", [sum, large], { name: node.name, output: node.output.name }),
        beside,
      );
    },
  };
}
