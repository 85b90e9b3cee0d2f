import { changedAttributes, floatAttribute } from "../../graph/attribute.ts";
import type { Node, Value } from "../../graph/graph.ts";
import { valueTensor } from "../../tensor/tensor.ts";
import type { AffineMap } from "../affine_map.ts";
import type { Builder } from "../builder.ts";
import { BOUNDS, clipBounds } from "../clip_bounds.ts";
import { constantOf } from "../constant.ts";
import { Skip } from "../skip.ts";
import { type Carry, type Commuted, commuted, takesAsParameter, whyNotPositiveScale } from "./carry.ts";

/**
 * s·clip(x, l, h) + t = clip(s·x + t, s·l + t, s·h + t) where s > 0 is one number, as t; where l = 0 and h is absent, Clip is Relu
 * and takes a scale ≥ 0 for every channel.
 */
export const clipCarry: Carry = {
  kind: "arithmetic",
  handsOn: true,
  up: (node, _output, affine) => clipped(node, affine, node.inputs[0]!, (bound, s, t) => s * bound + t),
  down: (node, input, affine) =>
    node.inputs[0] === input
      ? clipped(node, affine, node.output, (bound, s, t) => (bound - t) / s)
      : takesAsParameter(node),
};

function clipped(
  node: Node,
  affine: AffineMap,
  value: Value,
  moved: (bound: number, scale: number, shift: number) => number,
): Commuted | Skip {
  const bounds = clipBounds(node);
  if (!bounds) return new Skip("not-constant", `the bounds of ${node.label} are not constant`);
  const [low, high] = bounds;
  if (low === 0 && high === Infinity && !whyNotPositiveScale(node, affine)) return commuted({ value, affine });
  const [scale] = affine.scale, [shift] = affine.shift;
  const isUniform = affine.scale.every((entry) => entry === scale) && affine.shift.every((entry) => entry === shift);
  if (!isUniform) {
    return new Skip(
      "unequal-channels",
      `${node.label} has the same bounds for every channel, and it is another map for each`,
    );
  }
  if (!(scale > 0)) {
    return new Skip("negative-scale", `its scale is ${scale}, which would turn the bounds of ${node.label} around`);
  }
  const next = bounds.map((bound) => moved(bound, scale, shift));
  return { alternatives: [[{ value, affine }]], rebuild: (input, build) => withBounds(node, next, input, build) };
}

function withBounds(node: Node, bounds: readonly number[], input: Value, build: Builder): Value {
  if (node.opset < 11) {
    const changes = bounds.map((bound, index) => {
      const name = BOUNDS[index];
      return [name, Number.isFinite(bound) ? floatAttribute(name, bound) : undefined] as const;
    });
    return build.like(node, [input], changedAttributes(node, Object.fromEntries(changes)));
  }
  return build.like(node, [
    input,
    ...bounds.map((bound, index) => {
      const old = node.inputs[index + 1], tensor = constantOf(old);
      return old && tensor &&
        build.initializer(old.name, valueTensor(tensor.type, tensor.dims, Float64Array.of(bound)));
    }),
  ]);
}
