import type { Node } from "../../graph/graph.ts";
import { type ChannelAffine, spread } from "../affine_map.ts";
import { Skip } from "../skip.ts";

/** ai.onnx.ml Scaler: (x − offset)·scale along the last axis; one number serves all entries. */
export function scaler(node: Node): ChannelAffine | Skip {
  const x = node.inputs[0]!, rank = x.shape?.length, given = ["offset", "scale"].map((name) => node.numbers(name));
  const length = Math.max(...given.map((numbers) => numbers?.length ?? 1));
  if (rank === undefined) return new Skip("unknown-shape", `the rank of its input '${x.name}' is not known`);
  const [offset, scale] = given.map((numbers, index) => spread(Float64Array.from(numbers ?? [index]), length));
  if (!offset || !scale || length > 1 && x.shape![rank - 1] !== length) {
    return new Skip("invalid-parameter", `its offset and scale do not fit ${x.shape![rank - 1] ?? "unknown"} columns`);
  }
  return { x, rank, axis: length > 1 ? rank - 1 : null, scale, shift: offset.map((value, i) => 0 - value * scale[i]) };
}

/** ImageScaler, which converters from Core ML write: x·scale + bias, one bias for each channel of images. */
export function imageScaler(node: Node): ChannelAffine | Skip {
  const x = node.inputs[0]!, channels = x.shape?.[1], shift = Float64Array.from(node.numbers("bias") ?? []);
  if (x.shape?.length !== 4 || typeof channels !== "number") {
    return new Skip("unknown-shape", `'${x.name}' is not known to be images of so many channels`);
  }
  if (shift.length !== channels) {
    return new Skip("invalid-parameter", `it has ${shift.length} biases for the ${channels} channels of '${x.name}'`);
  }
  return { x, rank: 4, axis: 1, scale: new Float64Array(channels).fill(node.number("scale", 1)), shift };
}

/** A map by numbers that are attributes: what x is multiplied by, and what is added. */
export function numbers(scale: string, shift?: string): (node: Node) => ChannelAffine {
  return (node) => {
    const x = node.inputs[0]!, [by, more] = [node.number(scale, 1), shift ? node.number(shift, 0) : 0];
    return { x, rank: x.shape?.length, axis: null, scale: Float64Array.of(by), shift: Float64Array.of(more) };
  };
}
