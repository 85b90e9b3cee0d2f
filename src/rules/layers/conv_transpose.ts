import type { Node, Value } from "../../graph/graph.ts";
import type { Builder } from "../../ops/builder.ts";
import { Skip } from "../../ops/skip.ts";
import { multiplied } from "../../tensor/multiply.ts";
import { forEachChunk, type Tensor } from "../../tensor/tensor.ts";
import { hasShift } from "../../ops/affine_map.ts";
import type { LinearLayer } from "../layer.ts";
import { affineBias, biasOf, fitted, weightOf, withWeights } from "../weights.ts";

/**
 * ConvTranspose, any rank and group: W[Cin, Cout/g, k…]. Row c belongs to group c div (Cin/g), so its entry j makes output
 * channel o = (c div (Cin/g))·(Cout/g) + j.
 *
 * After it: W'[c, j] = s_o·W[c, j], b' = b·s + t. Before it: W'[c] = s_c·W[c]; a shift is spread evenly only by a 1×1
 * kernel at stride 1 without padding, where b'[o] = b[o] + Σ_c W[c, j]·t_c.
 */
export function convTranspose(node: Node): LinearLayer | Skip {
  const weight = weightOf(node, 1, "weight");
  if (weight instanceof Skip) return weight;
  const [inputs, perGroup, ...kernel] = weight.dims, group = node.number("group", 1);
  if (weight.dims.length < 3 || inputs % group !== 0) {
    return new Skip(
      "invalid-parameter",
      `the weight of ${node.label} has the shape [${weight.dims}], which is no kernel for group ${group}`,
    );
  }
  const x = node.inputs[0]!, channels = perGroup * group;
  const output = { axis: 1, rank: weight.dims.length, channels }, input = { axis: 1, channels: inputs };
  const rebuilt = (build: Builder, x: Value, w: Tensor, bias: Float64Array | undefined): Value =>
    withWeights(node, weight, build, x, w, bias);
  const ones = kernel.map(() => 1);
  return {
    nodes: [node],
    x,
    output,
    input,
    afterAffine(affine, build) {
      const fit = fitted(affine, output), bias = biasOf(node, 2, channels);
      if (fit instanceof Skip) return fit;
      if (bias instanceof Skip) return bias;
      const view = [group, inputs / group, perGroup, ...kernel];
      const w = multiplied(weight, { dims: [group, 1, perGroup, ...ones], values: fit.scale }, view);
      return rebuilt(build, x, w, affineBias(bias, fit.scale, fit.shift));
    },
    beforeAffine(affine, x, build) {
      const fit = fitted(affine, input);
      if (fit instanceof Skip) return fit;
      const w = multiplied(weight, { dims: [inputs, 1, ...ones], values: fit.scale });
      if (!hasShift(affine)) return rebuilt(build, x, w, undefined);
      if (!isPointwise(node, kernel)) {
        return new Skip(
          "shift-at-border",
          `${node.label} is a transposed convolution that is not 1×1 at stride 1: its output cells see different numbers ` +
            `of input cells, so the shift would not come out even`,
        );
      }
      const bias = biasOf(node, 2, channels);
      if (bias instanceof Skip) return bias;
      addShift(weight, inputs / group, fit.shift, bias);
      return rebuilt(build, x, w, bias);
    },
  };
}

/** b[o] += Σ_c W[c, j]·t_c, for a 1×1 kernel. */
function addShift(weight: Tensor, rowsPerGroup: number, shift: Float64Array, bias: Float64Array): void {
  const perGroup = weight.dims[1];
  forEachChunk(weight, (values, start) => {
    for (let at = 0; at < values.length; at++) {
      const c = Math.floor((start + at) / perGroup), j = (start + at) % perGroup;
      bias[Math.floor(c / rowsPerGroup) * perGroup + j] += values[at] * shift[c];
    }
  });
}

function isPointwise(node: Node, kernel: readonly number[]): boolean {
  const all = (name: string, value: number) => (node.numbers(name) ?? []).every((entry) => entry === value);
  return kernel.every((size) => size === 1) && all("strides", 1) && all("pads", 0) && all("output_padding", 0) &&
    node.numbers("output_shape") === undefined;
}
