import { join } from "node:path";
import { type NamedTensors, openSession, type TensorData, tryModel } from "../bench/mod.ts";
import type { FeedOptions } from "../bench/feeds.ts";
import { Model } from "../fusion/mod.ts";
import { allGraphs } from "../graph/graph.ts";
import { widened } from "../graph/widen.ts";

/** The narrow type that a model computes in somewhere; undefined where it computes in none. */
export function narrowTypeOf(model: Model): "float16" | "bfloat16" | undefined {
  const { graph, functions } = model.graphs(), types = new Set<string | undefined>();
  for (const { values } of allGraphs([graph, ...functions])) for (const { type } of values.values()) types.add(type);
  return (["bfloat16", "float16"] as const).find((type) => types.has(type));
}

/** Tensors with float16 elements as float32. */
export function inFloat32(tensors: NamedTensors): NamedTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, widenedData(tensor)]));
}

function widenedData(tensor: TensorData): TensorData {
  const { type, dims, data } = tensor;
  if (type !== "float16") return tensor;
  const halves = data instanceof Uint16Array ? new Float16Array(data.buffer, data.byteOffset, data.length) : data;
  return { type: "float32", dims, data: Float32Array.from(halves as ArrayLike<number>) };
}

/**
 * What a model that computes in float16 would give if the same graph, with the same weights, computed in float32; undefined where
 * that does not run. Throws the signal's reason where that is aborted.
 */
export async function float32Run(
  model: Model,
  feeds: NamedTensors,
  folder: string,
  options: FeedOptions,
  signal?: AbortSignal,
): Promise<NamedTensors | undefined> {
  const path = join(folder, "float32.onnx");
  try {
    await Model.from(widened(model.graphs()), model.name).save(path, { signal });
    const inputs = inFloat32(feeds);
    await tryModel({
      path,
      name: model.name,
      levels: ["disabled"],
      provider: "cpu",
      threads: 1,
      feeds: { ...options, shape: undefined, inputs },
      isExact: true,
    }, signal);
    await using session = await openSession(path, { level: "disabled" });
    return await session.run(inputs);
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}
