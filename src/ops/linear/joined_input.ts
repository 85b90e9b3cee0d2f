import { newAttribute } from "../../graph/attribute.ts";
import type { Value } from "../../graph/graph.ts";
import { concatenated, sliced } from "../../tensor/pick.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Builder } from "../builder.ts";
import { sizesFor } from "../computed_sizes.ts";
import type { PositionMap } from "../position_map.ts";
import { Skip } from "../skip.ts";
import { Convolution } from "./convolution.ts";
import type { LinearMap } from "./linear_map.ts";
import { phasesOf } from "./phases.ts";

/** What a layer does to one of several values side by side that was enlarged, done where it is small. */
export interface SmallPart {
  /** Multiply-accumulates that it saves for one element of the result. */
  readonly saved: number;
  /** Its share of the result; why not, where sizes that are computed cannot be made for other channels. */
  emit(build: Builder): Value | Skip;
}

/** A layer of several values side by side, of which some are enlarged. */
export interface SplitLayer {
  /** The layer of a part that is enlarged so, `ratio` positions to one; undefined where nothing is saved so. */
  small(at: number, enlarged: PositionMap, ratio: number | undefined): SmallPart | undefined;
  /** The sum of these small parts and the layer of the others, of which there must be one; why not, as one of theirs. */
  emit(small: ReadonlyMap<number, SmallPart>, build: Builder): Value | Skip;
}

/**
 * W·[u(a); v(b); c] + d = W·u(a) + W·v(b) + (W·c + d), with the columns of W that belong to each. A layer that treats every position
 * alike changes places with what treats every channel alike, W·u(a) = u(W·a); one with a kernel has phases where u repeats cells.
 * Undefined for a layer that is no such convolution.
 */
export function splitLayer(layer: LinearMap, parts: readonly Value[]): SplitLayer | undefined {
  if (!(layer instanceof Convolution) || layer.parts.group !== 1 || parts.length < 2) return undefined;
  const lengths = parts.map((value) => value.shape?.[1]),
    { weight, form, origin: { node, weight: name } } = layer.parts;
  if (!form || !lengths.every((length) => typeof length === "number")) return undefined;
  const starts = lengths.map((_, index) => lengths.slice(0, index).reduce((a, b) => a + b, 0));
  const columns = (index: number): Tensor =>
    sliced(weight, weight.dims.map((_, axis) => axis === 1 ? starts[index] : 0), weight.dims.map(() => 1), [
      weight.dims[0],
      lengths[index],
      ...weight.dims.slice(2),
    ]);
  return {
    small(at, enlarged, ratio) {
      const { x, sizes, repeat } = enlarged;
      if (!layer.isPointwise) {
        const part = {
          weight: columns(at),
          x,
          bias: undefined,
          stored: undefined,
          compact: undefined,
          form: undefined,
        };
        const phases = repeat ? phasesOf(new Convolution({ ...layer.parts, ...part }), repeat) : undefined;
        return !phases || phases instanceof Skip || phases.saved <= 0
          ? undefined
          : { saved: phases.saved, emit: (build) => phases.emit(x, build) };
      }
      if (ratio === undefined || ratio >= 1) return undefined;
      return {
        saved: (1 - ratio) * lengths[at],
        emit(build) {
          const small = build.like(form, [x, build.initializer(name, columns(at))]);
          const computed = sizes && sizesFor(sizes.value, sizes.at, x, small, build);
          if (computed instanceof Skip) return computed;
          const large = enlarged.emit(small, layer.output.channels, build, computed);
          large.producer!.name = node.name; // the enlarging node itself may stay, for other layers
          return large;
        },
      };
    },
    emit(small, build) {
      const rest = [...parts.keys()].filter((index) => !small.has(index));
      const larger = [...small.values()].map((part) => part.emit(build));
      const others = rest.length === 1 ? columns(rest[0]) : concatenated(rest.map(columns), 1);
      const joined = rest.length === 1
        ? parts[rest[0]]
        : build.node("Concat", rest.map((index) => parts[index]), { attributes: [newAttribute("axis", 1)] });
      const beside = build.like(form, [joined, build.initializer(name, others), form.inputs[2]]);
      return larger.reduce((sum, large) => {
        if (sum instanceof Skip || large instanceof Skip) return sum instanceof Skip ? sum : large;
        return build.node("Add", [sum, large], { name: node.name, output: node.output.name });
      }, beside);
    },
  };
}
