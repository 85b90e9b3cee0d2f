import { changedAttributes } from "../../graph/attribute.ts";
import type { Node, Value } from "../../graph/graph.ts";
import { transposed } from "../../tensor/arrange.ts";
import { reshaped } from "../../tensor/tensor.ts";
import type { Builder } from "../builder.ts";
import { emitTranspose } from "../emit_movement.ts";
import { Convolution } from "./convolution.ts";
import type { LinearMap } from "./linear_map.ts";

/** A pointwise layer behind what goes along its input channels, with the channels last: a product with a matrix. */
export interface ChannelsLast {
  /** Input and output channels. */
  readonly channels: readonly [inputs: number, outputs: number];
  /** The result, from the node in front of the layer. */
  emit(build: Builder): Value;
}

/** A convolution that is pointwise and has no groups, behind a node with an `axis`; undefined for every other layer. */
export function withChannelsLast(layer: LinearMap, before: Node): ChannelsLast | undefined {
  if (!(layer instanceof Convolution) || !layer.isPointwise || layer.parts.group !== 1) return undefined;
  const { weight, origin: { node, weight: name } } = layer.parts, rank = weight.dims.length, bias = node.inputs[2];
  const [outputs, inputs] = weight.dims, axes = Array.from({ length: rank }, (_, axis) => axis);
  const last = [0, ...axes.slice(2), 1], first = [0, rank - 1, ...axes.slice(1, -1)];
  return {
    channels: [inputs, outputs],
    emit(build) {
      const turned = emitTranspose(before.inputs[0]!, last, {}, build);
      const along = build.like(before, [turned], changedAttributes(before, { axis: -1 }));
      const matrix = build.initializer(name, transposed(reshaped(weight, [outputs, inputs]), [1, 0]));
      const product = build.node("MatMul", [along, matrix], { name: node.name });
      const sum = bias ? build.node("Add", [product, bias], { name: node.name }) : product;
      return emitTranspose(sum, first, { output: node.output.name }, build);
    },
  };
}
