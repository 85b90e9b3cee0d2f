import type { Model } from "./model.ts";
import { checked } from "../host/options.ts";
import { inferShapes } from "../ops/infer.ts";
import { costOf } from "../rewrite/cost.ts";

/** Arithmetic and memory traffic of one node of a model. */
export interface LayerWork {
  /** Node name, or its first output's where it has none. */
  name: string;
  /** Operator type. */
  opType: string;
  /** Multiply–accumulates of an inference; the additions of an average, 0 for what does neither. */
  macs: number;
  /** Bytes that must move at least once: inputs, weights and outputs. */
  bytes: number;
}

/**
 * What each node of a model's main graph has to do for inputs of these shapes. Nodes of which the shapes do not follow
 * from the inputs' are left out, and so are Constant nodes.
 *
 * @param inputs Shapes by input name, or the inputs of a comparison; others keep the shape the model declares.
 * @throws {OptionError} If the model has no input of that name.
 *
 * @example
 * ```ts
 * import { layersOf, open } from "@layerfuse/layerfuse/fusion";
 *
 * const model = await open(new URL("../../tests/fixtures/fashion_resnet.onnx", import.meta.url));
 * const layers = layersOf(model, { image: [1, 1, 28, 28] });
 * console.log(layers.reduce((sum, { macs }) => sum + macs, 0));
 * ```
 */
export function layersOf(
  model: Model,
  inputs: Readonly<Record<string, readonly number[]>> | readonly { name: string; dims: readonly number[] }[] = {},
): LayerWork[] {
  const { graph } = model.graphs(), names = Object.fromEntries(graph.inputs.map(({ name }) => [name, true]));
  if (!Array.isArray(inputs)) checked("layersOf", inputs, names as Record<keyof typeof inputs, true>);
  const shapes = new Map(
    Array.isArray(inputs) ? inputs.map(({ name, dims }) => [name, dims]) : Object.entries(inputs),
  );
  for (const input of graph.inputs) {
    const shape = shapes.get(input.name);
    if (shape) input.shape = [...shape];
  }
  inferShapes(graph);
  return graph.nodes.flatMap((node) => {
    const { macs, bytes } = costOf([node]);
    if (node.opType === "Constant" || macs == null || bytes == null) return [];
    return [{ name: node.name || (node.outputs[0]?.name ?? ""), opType: node.opType, macs, bytes }];
  });
}
