import type { Node } from "../../graph/graph.ts";
import { type ChannelAffine, spread } from "../affine_map.ts";
import { Skip } from "../skip.ts";

/** ai.onnx.ml Scaler: (x − offset)·scale along the last axis; one number serves all entries. */
export function scaler(node: Node): ChannelAffine | Skip {
  const x = node.inputs[0]!, rank = x.shape?.length, given = ["offset", "scale"].map((name) => node.numbers(name));
  const length = Math.max(...given.map((numbers) => numbers?.length ?? 1));
  if (rank === undefined) return new Skip("unknown-shape", `the rank of its input '${x.name}' is not known`);
  if (x.type !== node.output.type) {
    return new Skip("element-type", `it makes ${node.output.type ?? "an unknown type"} of ${x.type ?? "one"}`);
  }
  const [offset, scale] = given.map((numbers, index) => spread(Float64Array.from(numbers ?? [index]), length));
  if (!offset || !scale || length > 1 && x.shape![rank - 1] !== length) {
    return new Skip("invalid-parameter", `its offset and scale do not fit ${x.shape![rank - 1] ?? "unknown"} columns`);
  }
  return { x, rank, axis: length > 1 ? rank - 1 : null, scale, shift: offset.map((value, i) => 0 - value * scale[i]) };
}
