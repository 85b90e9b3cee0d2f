import { describePorts } from "../bench/describe_input.ts";
import { type CompareOptions, type GivenValue, readInputs } from "../bench/mod.ts";
import type { Model } from "../fusion/mod.ts";
import { plainTensor } from "../graph/plain_tensor.ts";
import { parseShape } from "./settings.ts";

/** What a notebook's settings say of the inputs; what is empty is guessed. */
export interface FeedingChoice {
  /** Shapes: `1,3,224,224` of the only input, or by name, `image=1x3x640x640 mask=1x640x640`. */
  inputShape?: string;
  /** Values by name: `sr=16000 scales=1,0.5`. */
  inputValues?: string;
  /** A folder of .npy, .npz, .pb, .png, .jpg and .wav files. */
  inputFiles?: string;
  /** Samples a second that .wav files are resampled to; 0 for what the model's own input says. */
  sampleRate?: number;
}

/**
 * Options for `compare` from what a notebook's settings say of a model's inputs.
 *
 * Throws a TypeError for what is neither a shape nor values, and an Error for a file that does not fit its input.
 *
 * @example
 * ```ts
 * import { open } from "@layerfuse/layerfuse";
 * import { feeding } from "@layerfuse/layerfuse/examples";
 *
 * const model = await open(new URL("../../tests/fixtures/fashion_resnet.onnx", import.meta.url));
 * const { shapes } = await feeding(model, { inputShape: "image=8x1x28x28" });
 * if (shapes?.image?.[0] !== 8) throw new Error("not eight pictures");
 * ```
 */
export async function feeding(
  model: Model,
  { inputShape = "", inputValues = "", inputFiles = "", sampleRate = 0 }: FeedingChoice,
): Promise<Pick<CompareOptions, "shape" | "shapes" | "values" | "inputs">> {
  if (inputFiles === "" && sampleRate !== 0) {
    throw new TypeError("sampleRate: says how the .wav files of inputFiles are resampled; give that, too");
  }
  const named = inputShape.includes("=");
  const shape = named ? undefined : parseShape(inputShape);
  const shapes = Object.fromEntries(
    entries("inputShape", named ? inputShape : "").map(([name, dims]) => [name, parseShape(dims) ?? []]),
  );
  const values: Record<string, GivenValue | GivenValue[]> = Object.fromEntries(
    entries("inputValues", inputValues).map(([name, list]) => {
      const given = list.split(",");
      return [name, given.length === 1 ? given[0] : given];
    }),
  );
  const inputs = inputFiles === "" ? undefined : await readInputs(inputFiles, describePorts(model.inputs), {
    shape,
    shapes,
    values,
    sampleRate: sampleRate || undefined,
    decodeProto: plainTensor,
  });
  return { shape, shapes, values, inputs };
}

function entries(setting: string, text: string): [string, string][] {
  return text.split(/[\s;]+/).filter(Boolean).map((entry) => {
    const at = entry.lastIndexOf("=");
    if (at > 0) return [entry.slice(0, at), entry.slice(at + 1)];
    throw new TypeError(`${setting} ${JSON.stringify(entry)}: expected NAME=… with spaces between entries`);
  });
}
