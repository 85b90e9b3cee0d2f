/**
 * The user's own inputs, from files: `.npy`, `.npz`, images, sounds, and ONNX's own `.pb`.
 *
 * @module
 */
import { readdir, readFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import type { FeedSet } from "./feeds.ts";
import { decodeImage, resize } from "./image.ts";
import { describeInput } from "./describe_input.ts";
import { resolveShapes } from "./input_shapes.ts";
import type { InputOptions } from "./input_options.ts";
import { sampleRateOf } from "./inputs.ts";
import { readSound } from "./sound.ts";
import { fitTensor, readNpy, readNpz } from "./tensor_files.ts";
import type { InputDescription, NamedTensors, TensorData } from "./session.ts";
import { checked, type OptionNames } from "../host/options.ts";

/** How to read input files. */
export interface InputFileOptions extends Pick<InputOptions, "shape" | "shapes" | "size" | "values"> {
  /**
   * Samples a second that the model expects of a sound: WAV files at another rate are resampled. Default: the value of an input
   * called `sr`, `sample_rate` or the like, where the model has one; without either, sounds are fed at their own rate.
   */
  sampleRate?: number;
  /** Decodes a `.pb` file (a TensorProto); without it such files are refused. */
  decodeProto?: (bytes: Uint8Array) => TensorData;
}

const FILE_OPTIONS: OptionNames<InputFileOptions> = {
  shape: true,
  shapes: true,
  size: true,
  values: true,
  sampleRate: true,
  decodeProto: true,
};

const IMAGES = [".png", ".jpg", ".jpeg"];
const READABLE = [".npy", ".npz", ".pb", ...IMAGES, ".wav"];

/**
 * Reads input sets from a folder.
 *
 * - A model with one input: every file is a set (`cat.png`, `dog.npy`).
 * - A model with several: every subfolder is a set, and so is the folder itself. A file belongs to the input of its name
 *   (`input_ids.npy`; a `/` in the name is `_` in the file's) or, as in ONNX's test data, of its number (`input_0.pb`).
 *   Inputs without a file are not in the set.
 * - Every `.npz` is a set: its arrays belong to the inputs of their names.
 *
 * `.npy`, `.npz` and `.pb` are fed as they are, a missing batch axis added. PNG and JPEG are resized to the input's height and width, made
 * grey or RGB as its channels say, laid out NCHW or NHWC, and scaled to 0…1 for floating-point inputs. WAV is fed as −1…1, resampled
 * where the model's sampling rate is known ({@link InputFileOptions.sampleRate}); the set's name tells the rates.
 *
 * @throws {Error} If there is nothing to read, or a file does not fit its input.
 */
export async function readInputs(
  folder: string,
  inputs: readonly InputDescription[],
  options: InputFileOptions = {},
): Promise<FeedSet[]> {
  const { sampleRate } = checked("readInputs", options, FILE_OPTIONS);
  if (sampleRate !== undefined && !(Number.isInteger(sampleRate) && sampleRate > 0)) {
    throw new Error(`sampleRate ${sampleRate}: expected samples a second, such as 16000`);
  }
  options = { ...options, sampleRate: sampleRate ?? sampleRateOf(inputs, options.values) };
  const found = await listFiles(folder), isArchive = (file: string) => /\.npz$/i.test(file);
  const sets: FeedSet[] = [], files = found.filter((file) => !isArchive(file));
  if (inputs.length === 1) {
    for (const file of found) {
      if (isArchive(file)) sets.push(await readArchive(join(folder, file), inputs));
      else {
        const { tensor, rates } = await readTensor(join(folder, file), inputs[0], options);
        sets.push({ name: rates ? `${file} (${rates})` : file, feeds: { [inputs[0].name]: tensor } });
      }
    }
    return nonEmpty(sets, folder);
  }
  if (files.length) sets.push(await readSet(folder, files, inputs, options));
  for (const file of found.filter(isArchive)) sets.push(await readArchive(join(folder, file), inputs));
  for (const name of await listFolders(folder)) {
    const path = join(folder, name);
    const own = (await listFiles(path)).filter((file) => !isArchive(file));
    if (own.length) sets.push(await readSet(path, own, inputs, options));
  }
  return nonEmpty(sets, folder);
}

function nonEmpty(sets: FeedSet[], folder: string): FeedSet[] {
  if (sets.length === 0) throw new Error(`${folder}: no input files; expected ${READABLE.join(", ")}`);
  return sets;
}

async function listFiles(folder: string): Promise<string[]> {
  const names = [];
  try {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const isOutput = /^output_\d+\.pb$/.test(entry.name); // ONNX's test data has the answers beside
      if (entry.isFile() && READABLE.includes(extname(entry.name).toLowerCase()) && !isOutput) names.push(entry.name);
    }
  } catch (error) {
    throw new Error(
      `${folder}: cannot be read as a folder of inputs (${error instanceof Error ? error.message : error})`,
    );
  }
  return names.sort();
}

async function listFolders(folder: string): Promise<string[]> {
  return (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map((entry) =>
    entry.name
  )
    .sort();
}

async function readSet(
  folder: string,
  files: string[],
  inputs: readonly InputDescription[],
  options: InputFileOptions,
): Promise<FeedSet> {
  const feeds: NamedTensors = {}, sounds: string[] = [];
  for (const file of files) {
    const stem = basename(file, extname(file));
    const input = inputs.find(({ name }, index) => [name, name.replaceAll("/", "_"), `input_${index}`].includes(stem));
    if (!input) {
      const names = inputs.map((each, index) => `${describeInput(each)} (${each.name}.npy or input_${index}.pb)`);
      throw new Error(`${join(folder, file)}: belongs to no input; the model takes ${names.join(", ")}`);
    }
    const { tensor, rates } = await readTensor(join(folder, file), input, options);
    feeds[input.name] = tensor;
    if (rates) sounds.push(`${file} ${rates}`);
  }
  return { name: sounds.length > 0 ? `${basename(folder)} (${sounds.join(", ")})` : basename(folder), feeds };
}

/** A set of inputs from one `.npz` file: by name, or its only array for the only input. */
async function readArchive(path: string, inputs: readonly InputDescription[]): Promise<FeedSet> {
  try {
    const tensors = await readNpz(new Uint8Array(await readFile(path)));
    const names = Object.keys(tensors), feeds: NamedTensors = {};
    if (names.length === 0) throw new Error("no arrays are in it");
    for (const name of names) {
      const input = inputs.length === 1 && names.length === 1 ? inputs[0] : inputs.find((input) => input.name === name);
      if (!input) {
        throw new Error(`array ${name} belongs to no input; the model takes ${inputs.map(describeInput).join(", ")}`);
      }
      feeds[input.name] = fitTensor(tensors[name], input);
    }
    return { name: basename(path), feeds };
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : error}`);
  }
}

async function readTensor(
  path: string,
  input: InputDescription,
  options: InputFileOptions,
): Promise<{ tensor: TensorData; rates?: string }> {
  const bytes = new Uint8Array(await readFile(path));
  const extension = extname(path).toLowerCase();
  try {
    if (IMAGES.includes(extension)) return { tensor: readImage(bytes, input, options) };
    if (extension === ".wav") return await readSound(bytes, input, options.sampleRate);
    if (extension === ".npy") return { tensor: fitTensor(await readNpy(bytes), input) };
    if (!options.decodeProto) throw new Error("no decoder for .pb files was given (option decodeProto)");
    return { tensor: fitTensor(options.decodeProto(bytes), input) };
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : error}`);
  }
}

function readImage(bytes: Uint8Array, input: InputDescription, options: InputFileOptions): TensorData {
  const dims = resolveShapes([input], { ...options, shapes: pick(options.shapes, input.name) })[input.name];
  const last = dims.length === 4 && dims[3] <= 4 && dims[1] > 4; // NHWC
  const [channels, height, width] = last ? [dims[3], dims[1], dims[2]] : [dims[1], dims[2], dims[3]];
  const floats = ["float32", "float16", "float64"].includes(input.type);
  if (dims.length !== 4 || ![1, 3].includes(channels) || !(floats || input.type === "uint8")) {
    throw new Error(
      `an image cannot be fed to input ${describeInput(input)}; expected [N, 1 or 3, H, W] or [N, H, W, 1 or 3]`,
    );
  }
  const values = resize(decodeImage(bytes), width, height, channels);
  const size = channels * height * width;
  const data = input.type === "uint8"
    ? new Uint8Array(size * dims[0])
    : new { float32: Float32Array, float16: Float16Array, float64: Float64Array }[input.type as "float32"]!(
      size * dims[0],
    );
  const plane = height * width;
  for (let i = 0; i < data.length; i++) {
    const at = i % size; // one picture fills a whole batch
    const value = values[last ? at : (at % plane) * channels + Math.floor(at / plane)];
    data[i] = floats ? value : Math.round(255 * value);
  }
  return { type: input.type, dims, data };
}

function pick(shapes: InputFileOptions["shapes"], name: string): InputFileOptions["shapes"] {
  return shapes && name in shapes ? { [name]: shapes[name] } : undefined;
}
