import { describePorts } from "../bench/describe_input.ts";
import { type FeedSet, type InputFileOptions, readInputs } from "../bench/mod.ts";
import type { Model } from "../fusion/mod.ts";
import { plainTensor } from "../graph/plain_tensor.ts";

/** The sets of inputs in the folder that was given for a model; none where none was given. */
export async function readInputFiles(
  folder: string | undefined,
  model: Model,
  { shape, shapes, size, values }: Omit<InputFileOptions, "decodeProto">,
  sampleRate?: number,
): Promise<{ inputs?: FeedSet[] }> {
  if (folder === undefined) return {};
  const options = { shape, shapes, size, values, sampleRate, decodeProto: plainTensor };
  return { inputs: await readInputs(folder, describePorts(model.inputs), options) };
}
