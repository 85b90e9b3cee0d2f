import { changedAttributes } from "../../graph/attribute.ts";
import type { Value } from "../../graph/graph.ts";
import { concatenated } from "../../tensor/pick.ts";
import { valueTensor } from "../../tensor/tensor.ts";
import { BLOCK } from "../blocked/blocked.ts";
import type { Builder } from "../builder.ts";
import { Skip } from "../skip.ts";
import { Convolution } from "./convolution.ts";
import type { LinearMap } from "./linear_map.ts";

/** Layers that are the groups of one. */
export interface GroupedLayer {
  /** Why they are faster as they are. */
  whyNotFaster(): Skip | undefined;
  /** The one layer of what they take parts of. */
  emit(x: Value, build: Builder): Value;
}

/** Input and output channels of a group up to which a runtime goes group by group in any case. */
const TINY = 2;

/**
 * [W₁·x₁; W₂·x₂; …] = diag(W₁, W₂, …)·[x₁; x₂; …], a convolution with groups. Undefined for other layers, a reason where they are
 * not alike.
 */
export function groupedLayer(layers: readonly LinearMap[]): GroupedLayer | Skip | undefined {
  if (!layers.every((layer) => layer instanceof Convolution && layer.parts.form)) return undefined;
  const own = layers as readonly Convolution[], [first] = own, { form, weight, origin, group } = first.parts;
  const other = own.find((layer) => formOf(layer) !== formOf(first));
  if (other) {
    return new Skip(
      "other-geometry",
      `${first.label} and ${other.label} have different kernels: no groups of one layer`,
    );
  }
  const biases = own.map((layer) => layer.biasNumbers()), wrong = biases.find((bias) => bias instanceof Skip);
  if (wrong) return wrong;
  const [outputs, perGroup] = weight.dims, groups = group * own.length;
  return {
    whyNotFaster() {
      const channels = [perGroup, outputs / group], isTiny = channels.every((count) => count <= TINY);
      if (first.isPointwise || isTiny || channels.every((count) => count % BLOCK === 0)) return undefined;
      return new Skip(
        "not-cheaper",
        `groups of ${
          channels.join(" to ")
        } channels, as those of ${first.label} would be, are slower than layers apart`,
      );
    },
    emit(x, build) {
      const kernel = build.initializer(origin.weight, concatenated(own.map((layer) => layer.parts.weight), 0));
      const values = biases.some((bias) => bias)
        ? Float64Array.from(
          biases.flatMap((bias) => [...(bias as Float64Array | undefined) ?? new Float64Array(outputs)]),
        )
        : undefined;
      const bias = values && build.initializer(origin.bias, valueTensor(weight.type, [values.length], values));
      return build.like(form!, [x, kernel, bias], changedAttributes(form!, { group: groups }));
    },
  };
}

/** All that must be the same of layers that are groups of one. */
function formOf({ parts: { weight, window, group, form } }: Convolution): string {
  const { kernel, strides, dilations, begin, end } = window;
  return JSON.stringify([
    weight.type,
    weight.dims,
    group,
    form!.text("auto_pad", "NOTSET"),
    [kernel, strides, dilations, begin, end],
  ]);
}
