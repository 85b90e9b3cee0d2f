import type { Model } from "../../src/fusion/model.ts";
import { encodedChunks } from "../../src/tensor/encode.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

/** A safetensors file of a header and its data. */
export function safetensors(header: unknown, data: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header)), length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length), true);
  const file = new Uint8Array(8 + json.length + data.length);
  file.set(length);
  file.set(json, 8);
  file.set(data, 8 + json.length);
  return file;
}

/** Everything that a state dict of the model has. */
export function learnedOf(model: Model): Map<string, Tensor> {
  const { graph } = model.graphs();
  return new Map(
    [...graph.initializers].filter(({ name }) => /\.(weight|bias|running_mean|running_var)$/.test(name))
      .map(({ name, initializer }) => [name, initializer!]),
  );
}

/** The bytes of a safetensors file of these tensors. */
export function stateDict(tensors: ReadonlyMap<string, Tensor>, type: "F32" | "BF16" = "F32"): Uint8Array {
  const parts: Uint8Array[] = [];
  let end = 0;
  const header = Object.fromEntries([...tensors].map(([name, tensor]) => {
    const start = end;
    for (const chunk of encodedChunks({ ...tensor, type: type === "F32" ? "float32" : "bfloat16" })) {
      parts.push(chunk.slice());
      end += chunk.length;
    }
    return [name, { dtype: type, shape: tensor.dims, data_offsets: [start, end] }];
  }));
  const data = new Uint8Array(end);
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return safetensors(header, data);
}
