import { floatAttribute } from "../../graph/attribute.ts";
import { constantOf, constantValues } from "../../ops/constant.ts";
import type { Node, Value } from "../../graph/graph.ts";
import { Skip } from "../../ops/skip.ts";
import { valueTensor } from "../../tensor/tensor.ts";
import { type AffineMap, hasShift } from "../../ops/affine_map.ts";
import { nameAfter } from "../weights.ts";
import { type Junction, oneWay, type Passage } from "./junction.ts";

function onlyPositiveScale(node: Node, affine: AffineMap): Skip | undefined {
  if (hasShift(affine)) {
    return new Skip("shift-blocked", `it has a shift, which does not come through ${node.opType} (${node.label})`);
  }
  if (affine.scale.some((value) => !(value >= 0))) {
    return new Skip(
      "negative-scale",
      `it has a negative scale, which does not come through ${node.opType} (${node.label})`,
    );
  }
}

/** f(s·x) = s·f(x) where s ≥ 0: what is linear on either side of zero. */
const homogeneous: Junction = {
  up: (node, _output, affine) => onlyPositiveScale(node, affine) ?? oneWay({ value: node.inputs[0]!, affine }),
  down: (node, input, affine) =>
    node.inputs[0] === input
      ? onlyPositiveScale(node, affine) ?? oneWay({ value: node.output, affine })
      : new Skip("not-linear", `${node.label} takes it as its slope`),
};

/** The bounds of a Clip; infinite where absent, undefined where not constant. */
function boundsOf(node: Node): [number, number] | undefined {
  if (node.opset < 11) return [node.number("min", -Infinity), node.number("max", Infinity)];
  const bound = (index: number, otherwise: number) =>
    node.has(index) ? constantValues(node.inputs[index])?.[0] : otherwise;
  const low = bound(1, -Infinity), high = bound(2, Infinity);
  return low === undefined || high === undefined ? undefined : [low, high];
}

/**
 * s·clip(x, l, h) + t = clip(s·x + t, s·l + t, s·h + t) where s > 0 is one number, as t; where l = 0 and h is absent, Clip is Relu
 * and takes a scale ≥ 0 for every channel.
 */
const clip: Junction = {
  up: (node, _output, affine) => clipped(node, affine, node.inputs[0]!, (value, s, t) => s * value + t),
  down: (node, input, affine) =>
    node.inputs[0] === input
      ? clipped(node, affine, node.output, (value, s, t) => (value - t) / s)
      : new Skip("not-linear", `${node.label} takes it as a bound`),
};

function clipped(
  node: Node,
  affine: AffineMap,
  value: Value,
  moved: (bound: number, scale: number, shift: number) => number,
): Passage | Skip {
  const bounds = boundsOf(node);
  if (!bounds) return new Skip("not-constant", `the bounds of ${node.label} are not constant`);
  const [low, high] = bounds;
  if (low === 0 && high === Infinity && !onlyPositiveScale(node, affine)) return oneWay({ value, affine });
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
  return {
    ways: [[{ value, affine }]],
    rebuilt: (input, build) => {
      if (node.opset < 11) {
        const others = [...node.attributes.values()].filter(({ name }) => name !== "min" && name !== "max");
        const attributes = next.flatMap((bound, index) =>
          Number.isFinite(bound) ? [floatAttribute(["min", "max"][index], bound)] : []
        );
        return build.like(node, [input], [...others, ...attributes]);
      }
      return build.like(node, [
        input,
        ...next.map((bound, index) => {
          const old = node.inputs[index + 1], tensor = constantOf(old);
          if (!tensor) return undefined;
          return build.initializer(
            nameAfter(old, `${node.label}.bound`),
            valueTensor(tensor.type, tensor.dims, Float64Array.of(bound)),
          );
        }),
      ]);
    },
  };
}

/** Activations that some maps get past. Sigmoid, Tanh, Gelu, HardSwish and their like are none. */
export const ACTIVATIONS: Readonly<Record<string, Junction>> = {
  Relu: homogeneous,
  LeakyRelu: homogeneous,
  PRelu: homogeneous,
  Abs: homogeneous,
  Clip: clip,
};
