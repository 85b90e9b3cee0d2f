/**
 * The user's own inputs, from files: `.npy`, images, and ONNX's own `.pb`.
 *
 * @module
 */
import { readdir, readFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import type { FeedSet } from "./feeds.ts";
import { decodeImage, resize } from "./image.ts";
import { describeInput, type InputOptions, resolveShapes } from "./inputs.ts";
import type { InputDescription, NamedTensors, TensorData } from "./session.ts";

/** How to read input files. */
export interface InputFileOptions extends Pick<InputOptions, "shape" | "shapes" | "size"> {
  /** Decodes a `.pb` file (a TensorProto); without it such files are refused. */
  decodeProto?: (bytes: Uint8Array) => TensorData;
}

const IMAGES = [".png", ".jpg", ".jpeg"];
const READABLE = [".npy", ".pb", ...IMAGES];

/**
 * Reads input sets from a folder.
 *
 * - A model with one input: every file is a set (`cat.png`, `dog.npy`).
 * - A model with several: every subfolder is a set, and so is the folder itself. A file belongs to the input of its name
 *   (`input_ids.npy`) or, as in ONNX's test data, of its number (`input_0.pb`).
 *
 * `.npy` and `.pb` are fed as they are, a missing batch axis added. PNG and JPEG are resized to the input's height and width, made
 * grey or RGB as its channels say, laid out NCHW or NHWC, and scaled to 0…1 for floating-point inputs.
 *
 * @throws {Error} If there is nothing to read, or a file does not fit its input.
 */
export async function readInputs(
  folder: string,
  inputs: readonly InputDescription[],
  options: InputFileOptions = {},
): Promise<FeedSet[]> {
  const files = await listFiles(folder);
  if (inputs.length === 1) {
    const sets = [];
    for (const file of files) {
      sets.push({ name: file, feeds: { [inputs[0].name]: await readTensor(join(folder, file), inputs[0], options) } });
    }
    return nonEmpty(sets, folder);
  }
  const sets: FeedSet[] = [];
  if (files.length) sets.push(await readSet(folder, files, inputs, options));
  for (const name of await listFolders(folder)) {
    const path = join(folder, name);
    const own = await listFiles(path);
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
  const feeds: NamedTensors = {};
  for (const [index, input] of inputs.entries()) {
    const file = files.find((name) => [input.name, `input_${index}`].includes(basename(name, extname(name))));
    if (!file) {
      throw new Error(
        `${folder}: no file for input ${describeInput(input)}; expected ${input.name}.npy or input_${index}.pb`,
      );
    }
    feeds[input.name] = await readTensor(join(folder, file), input, options);
  }
  return { name: basename(folder), feeds };
}

async function readTensor(path: string, input: InputDescription, options: InputFileOptions): Promise<TensorData> {
  const bytes = new Uint8Array(await readFile(path));
  const extension = extname(path).toLowerCase();
  try {
    if (IMAGES.includes(extension)) return readImage(bytes, input, options);
    if (extension === ".npy") return fit(await readNpy(bytes), input);
    if (!options.decodeProto) throw new Error("no decoder for .pb files was given (option decodeProto)");
    return fit(options.decodeProto(bytes), input);
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : error}`);
  }
}

/** NumPy's dtype to ONNX Runtime's name. */
const NPY_TYPES: Record<string, string> = {
  f2: "float16",
  f4: "float32",
  f8: "float64",
  i1: "int8",
  u1: "uint8",
  i2: "int16",
  u2: "uint16",
  i4: "int32",
  u4: "uint32",
  i8: "int64",
  u8: "uint64",
  b1: "bool",
};

async function readNpy(bytes: Uint8Array): Promise<TensorData> {
  const { load } = await import("npyjs");
  const { data, shape, dtype, fortranOrder } = await load(bytes, { convertFloat16: false });
  if (fortranOrder && shape.length > 1) throw new Error("in Fortran order; save it with numpy.ascontiguousarray");
  const type = NPY_TYPES[dtype];
  if (!type) throw new Error(`dtype ${dtype} cannot be fed; expected one of ${Object.keys(NPY_TYPES).join(", ")}`);
  return { type, dims: shape, data: data as unknown as TensorData["data"] };
}

/** Checks a tensor against its input; adds a batch axis of 1 where just that is missing, and narrows float64 to float32. */
function fit(tensor: TensorData, input: InputDescription): TensorData {
  const { type, data } = tensor;
  const dims = tensor.dims.length === input.dims.length - 1 ? [1, ...tensor.dims] : [...tensor.dims];
  const fits = dims.length === input.dims.length &&
    input.dims.every((declared, axis) => typeof declared === "string" || declared === dims[axis]);
  if (!fits) throw new Error(`shape ${tensor.dims.join("x")} does not fit input ${describeInput(input)}`);
  if (type === input.type) return { type, dims, data };
  if (type === "float64" && input.type === "float32") {
    return { type: "float32", dims, data: Float32Array.from(data as ArrayLike<number>) };
  }
  throw new Error(`${type} does not fit input ${describeInput(input)}`);
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
