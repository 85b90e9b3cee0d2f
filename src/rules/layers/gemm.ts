import { constantOf } from "../../ops/constant.ts";
import type { Node, Value } from "../../graph/graph.ts";
import type { Builder } from "../../ops/builder.ts";
import { Skip } from "../../ops/skip.ts";
import { isFloat } from "../../tensor/element_type.ts";
import { multiplied } from "../../tensor/multiply.ts";
import { type Tensor, valuesOf, valueTensor } from "../../tensor/tensor.ts";
import { hasShift } from "../../ops/affine_map.ts";
import type { LinearLayer } from "../layer.ts";
import { fitted, nameAfter, vectorTimes, weightOf } from "../weights.ts";

/**
 * Gemm: Y = α·A'·B' + β·C, with B constant.
 *
 * After it, along the columns: B'[:, n] = s_n·B[:, n], C' = β·C·s + t with β' = 1. Before it, along A's columns:
 * B'[k] = s_k·B[k], C' = β·C + α·Σ_k t_k·B[k].
 */
export function gemm(node: Node): LinearLayer | Skip {
  const weight = weightOf(node, 1, "weight B");
  if (weight instanceof Skip) return weight;
  if (weight.dims.length !== 2) {
    return new Skip(
      "invalid-parameter",
      `the weight of ${node.label} has the shape [${weight.dims}], expected a matrix`,
    );
  }
  const transposed = node.number("transB", 0) !== 0;
  const [channels, inputs] = transposed ? weight.dims : [weight.dims[1], weight.dims[0]];
  const x = node.inputs[0]!, alpha = node.number("alpha", 1);
  const output = { axis: 1, rank: 2, channels };
  const input = { axis: node.number("transA", 0) !== 0 ? 0 : 1, channels: inputs };
  const along = (axis: "row" | "column", values: Float64Array): Tensor => {
    const first = (axis === "row") !== transposed;
    return multiplied(weight, { dims: first ? [values.length, 1] : [1, values.length], values });
  };
  const matrix = (build: Builder, w: Tensor): Value =>
    build.initializer(nameAfter(node.inputs[1], `${node.label}.weight`), w);
  const rebuilt = (build: Builder, x: Value, w: Tensor, c: Tensor | undefined): Value => {
    const attributes = [...node.attributes.values()].filter(({ name }) => name !== "beta");
    const bias = nameAfter(node.inputs[2], `${nameAfter(node.inputs[1], node.label)}.bias`);
    return build.like(node, [x, matrix(build, w), c && build.initializer(bias, c)], attributes);
  };
  return {
    nodes: [node],
    x,
    output,
    input,
    afterAffine(affine, build) {
      const fit = fitted(affine, output), c = addend(node, weight, channels, fit);
      if (fit instanceof Skip) return fit;
      if (c instanceof Skip) return c;
      return rebuilt(build, x, along("column", fit.scale), c);
    },
    beforeAffine(affine, x, build) {
      const fit = fitted(affine, input);
      if (fit instanceof Skip) return fit;
      if (!hasShift(affine)) return build.like(node, [x, matrix(build, along("row", fit.scale)), node.inputs[2]]);
      const shift = vectorTimes(fit.shift, weight, transposed).map((value) => alpha * value);
      const c = addend(node, weight, channels, { scale: new Float64Array(channels).fill(1), shift });
      return c instanceof Skip ? c : rebuilt(build, x, along("row", fit.scale), c);
    },
  };
}

/** β·C·s + t in the smallest shape that holds it; undefined where there is nothing to add. */
function addend(
  node: Node,
  weight: Tensor,
  channels: number,
  fit: { scale: Float64Array; shift: Float64Array } | Skip,
): Tensor | Skip | undefined {
  if (fit instanceof Skip) return fit;
  const { scale, shift } = fit, beta = node.number("beta", 1);
  const c = node.has(2) ? constantOf(node.inputs[2]) : undefined;
  if (node.has(2) && (!c || !isFloat(c.type))) return weightOf(node, 2, "C") as Skip;
  if (!c || beta === 0) {
    const needed = node.has(2) || shift.some((value) => value !== 0);
    if (needed && isOld(node)) {
      return new Skip("unsupported-form", `${node.label} is a Gemm from before opset 7, whose C must keep its shape`);
    }
    return needed ? valueTensor(weight.type, [channels], shift) : undefined;
  }
  if (c.dims.length > 2) {
    return new Skip("invalid-parameter", `C of ${node.label} has the shape [${c.dims}], expected at most a matrix`);
  }
  const columns = c.dims[c.dims.length - 1] ?? 1, rows = c.dims.length === 2 ? c.dims[0] : 1;
  if (columns !== 1 && columns !== channels) {
    return new Skip(
      "invalid-parameter",
      `C of ${node.label} has the shape [${c.dims}], which does not fit ${channels} columns`,
    );
  }
  const values = valuesOf(c), out = new Float64Array(rows * channels);
  for (let i = 0; i < out.length; i++) {
    const row = Math.floor(i / channels), n = i % channels;
    out[i] = beta * values[row * columns + (columns === 1 ? 0 : n)] * scale[n] + shift[n];
  }
  const isVector = rows === 1 && !(isOld(node) && c.dims.length === 2);
  return valueTensor(weight.type, isVector ? [channels] : [rows, channels], out);
}

/** Whether C is broadcast only where an attribute says so. */
function isOld(node: Node): boolean {
  return node.opset < 7 && node.number("broadcast", 0) === 0;
}
