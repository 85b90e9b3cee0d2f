import type { Node, Value } from "../../graph/graph.ts";
import { isUnpadded, windowOf } from "../../ops/window.ts";
import type { Builder } from "../../ops/builder.ts";
import { Skip } from "../../ops/skip.ts";
import { multiplied } from "../../tensor/multiply.ts";
import { forEachChunk, sizeOf, type Tensor } from "../../tensor/tensor.ts";
import { hasShift } from "../../ops/affine_map.ts";
import type { LinearLayer } from "../layer.ts";
import { affineBias, biasOf, fitted, weightOf, withWeights } from "../weights.ts";

/**
 * Conv, any rank and group: W[M, C/g, k…].
 *
 * After it, y ↦ s·y + t: W'[m] = s_m·W[m], b' = b·s + t. Before it, x ↦ s·x + t: W'[m, i] = W[m, i]·s_c with the input
 * channel c of (m, i), exact at any padding because padded zeros stay zeros; b'[m] = b[m] + Σ W[m, i, k]·t_c, exact only
 * where no window sees a padded cell, or where that sum is made of zeros.
 */
export function conv(node: Node): LinearLayer | Skip {
  const weight = weightOf(node, 1, "weight");
  if (weight instanceof Skip) return weight;
  const [channels, perGroup, ...kernel] = weight.dims, group = node.number("group", 1);
  if (weight.dims.length < 3 || channels % group !== 0) {
    return new Skip(
      "invalid-parameter",
      `the weight of ${node.label} has the shape [${weight.dims}], which is no kernel for group ${group}`,
    );
  }
  const x = node.inputs[0]!;
  const rank = weight.dims.length;
  const output = { axis: 1, rank, channels }, input = { axis: 1, channels: perGroup * group };
  const rebuilt = (build: Builder, x: Value, w: Tensor, bias: Float64Array | undefined): Value =>
    withWeights(node, weight, build, x, w, bias);
  return {
    nodes: [node],
    x,
    output,
    input,
    afterAffine(affine, build) {
      const fit = fitted(affine, output), bias = biasOf(node, 2, channels);
      if (fit instanceof Skip) return fit;
      if (bias instanceof Skip) return bias;
      const w = multiplied(weight, { dims: [channels, ...weight.dims.slice(1).map(() => 1)], values: fit.scale });
      return rebuilt(build, x, w, affineBias(bias, fit.scale, fit.shift));
    },
    beforeAffine(affine, x, build) {
      const fit = fitted(affine, input);
      if (fit instanceof Skip) return fit;
      const view = [group, channels / group, perGroup, ...kernel];
      const factor = { dims: [group, 1, perGroup, ...kernel.map(() => 1)], values: fit.scale };
      const w = multiplied(weight, factor, view);
      const padded = hasShift(affine) ? whyPadded(node, kernel) : undefined;
      if (!hasShift(affine) || padded && isInvisible(weight, group, fit.shift)) return rebuilt(build, x, w, undefined);
      if (padded) return padded;
      const bias = biasOf(node, 2, channels), extra = shiftThrough(weight, group, fit.shift);
      return bias instanceof Skip ? bias : rebuilt(build, x, w, bias.map((value, m) => value + extra[m]));
    },
  };
}

function whyPadded(node: Node, kernel: readonly number[]): Skip | undefined {
  const window = windowOf(node, kernel, node.inputs[0]!.shape?.slice(2));
  if (isUnpadded(window)) return undefined;
  const unknown = [...window.begin, ...window.end].includes(null);
  return new Skip(
    unknown ? "unknown-shape" : "shift-at-border",
    unknown
      ? `${node.label} pads by auto_pad, how much is not known without the input's size: its zeros would have to become the shift`
      : `${node.label} pads its input with zeros (pads ${[
        ...window.begin,
        ...window.end,
      ]}), which a folded shift would ` +
        `have to turn into other values at the border`,
  );
}

/** Σ over i and k of W[m, i, k]·t_c, for every output channel m. */
function shiftThrough(weight: Tensor, group: number, shift: Float64Array): Float64Array {
  const [channels, perGroup, ...kernel] = weight.dims;
  const area = sizeOf(kernel), sums = new Float64Array(channels), perOut = channels / group;
  forEachChunk(weight, (values, start) => {
    for (let at = 0; at < values.length; at++) {
      const block = Math.floor((start + at) / area), m = Math.floor(block / perGroup);
      sums[m] += values[at] * shift[Math.floor(m / perOut) * perGroup + block % perGroup];
    }
  });
  return sums;
}

/** Whether every weight that would see a shift is zero, so that padding cannot show it. */
function isInvisible(weight: Tensor, group: number, shift: Float64Array): boolean {
  const [channels, perGroup, ...kernel] = weight.dims;
  const area = sizeOf(kernel), perOut = channels / group;
  let seen = false;
  forEachChunk(weight, (values, start) => {
    for (let at = 0; at < values.length && !seen; at++) {
      const block = Math.floor((start + at) / area), m = Math.floor(block / perGroup);
      seen = values[at] !== 0 && shift[Math.floor(m / perOut) * perGroup + block % perGroup] !== 0;
    }
  });
  return !seen;
}
