/**
 * Seeded inputs for any model: shapes from what the model declares, values by element type and name.
 *
 * @module
 */
import { describeInput } from "./describe_input.ts";
import { givenTensor } from "./given_values.ts";
import { type Distribution, DISTRIBUTIONS, INPUT_OPTIONS, type InputOptions } from "./input_options.ts";
import { resolveShapes } from "./input_shapes.ts";
import { normalSource, type RandomSource, randomSource } from "./random.ts";
import type { InputDescription, NamedTensors, TensorData } from "./session.ts";
import { checked } from "../host/options.ts";

/**
 * Makes one tensor for every input.
 *
 * Floats follow {@link InputOptions.distribution}; those of inputs called audio, wave, speech, pcm or sample are a tenth of it and
 * within ±1, as a sound is. Integers are small and not negative, so that they can index; where the model looks them up in
 * a table ({@link InputDescription.limit}), they are anywhere in it. Inputs called …mask… are 1, …type…/…segment… are 0,
 * …position… count up, …length… are the length of the longest open dimension, `sr` and the like is 16 000; other integers lie in 0…7, those
 * of an image (uint8) in 0…255. Booleans are true. {@link InputOptions.values} win over all of that.
 *
 * @throws {Error} If a given shape does not fit the declared one, or an element type cannot be made up.
 */
export function randomInputs(inputs: readonly InputDescription[], options: InputOptions = {}): NamedTensors {
  checked("randomInputs", options, INPUT_OPTIONS);
  const shapes = resolveShapes(inputs, options), { values = {} } = options;
  const uniform = randomSource(options.seed ?? 0, 3);
  const longest = Math.max(
    1,
    ...inputs.flatMap(({ name, dims }) => shapes[name].filter((_, axis) => axis > 0 && typeof dims[axis] === "string")),
  );
  return Object.fromEntries(inputs.map((input) => {
    const { name } = input, dims = shapes[name];
    if (name in values) return [name, givenTensor(input, values[name], dims)];
    return [name, randomTensor(input, dims, { uniform, longest, distribution: options.distribution })];
  }));
}

/** What values are made of. */
interface Making {
  /** Uniform numbers. */
  uniform: RandomSource;
  /** The longest open dimension, batches aside. */
  longest: number;
  /** Of floats. */
  distribution?: Distribution;
}

/** Inputs that tell how many samples a second a sound has, and how many are made up. */
const RATE = /^(sr|(input_)?(sample|sampling)_?rate)$/i, USUAL_RATE = 16_000;

/** Samples a second that a model is told its sounds have: what is given, or what is made up; undefined where it has no such input. */
export function sampleRateOf(
  inputs: readonly InputDescription[],
  values: InputOptions["values"] = {},
): number | undefined {
  const input = inputs.find(({ name }) => RATE.test(name));
  return input && Number([values[input.name] ?? USUAL_RATE].flat()[0]);
}

const SOUND = /audio|wave|speech|pcm|samples?$/i;

function randomTensor(input: InputDescription, dims: number[], making: Making): TensorData {
  const { uniform, distribution } = making;
  const length = dims.reduce((product, dim) => product * dim, 1);
  const { type } = input;
  if (type === "float32" || type === "float64" || type === "float16") {
    const next = floatsOf(input, floatSource(uniform, distribution));
    const make = { float32: Float32Array, float64: Float64Array, float16: Float16Array }[type];
    const data = new make(length);
    for (let i = 0; i < length; i++) data[i] = next();
    return { type, dims, data };
  }
  if (type === "bool") return { type, dims, data: new Uint8Array(length).fill(1) };
  const integer = integerSource(input, making);
  const make = INTEGER_ARRAYS[type];
  if (make) return { type, dims, data: make.from({ length }, (_, i) => integer(i, dims)) };
  if (type === "int64") return { type, dims, data: BigInt64Array.from({ length }, (_, i) => BigInt(integer(i, dims))) };
  if (type === "uint64") {
    return {
      type,
      dims,
      data: BigUint64Array.from({ length }, (_, i) => BigInt(integer(i, dims))),
    };
  }
  throw new Error(
    `input ${
      describeInput(input)
    }: values of type ${type} cannot be made up; give them (--input ${input.name}=…, option values)`,
  );
}

const INTEGER_ARRAYS: Record<
  string,
  { from(items: { length: number }, map: (v: unknown, i: number) => number): TensorData["data"] }
> = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
};

function floatSource(uniform: RandomSource, distribution: Distribution = "normal"): RandomSource {
  const normal = normalSource(uniform);
  switch (distribution) {
    case "normal":
      return normal;
    case "uniform":
      return uniform;
    case "wide":
      return () => 10 * normal();
    case "sparse":
      return () => uniform() < 0.1 ? normal() : 0;
    default:
      throw new Error(`distribution ${distribution}: expected one of ${DISTRIBUTIONS.join(", ")}`);
  }
}

/** Floats as an input of that name takes them. */
function floatsOf({ name }: InputDescription, next: RandomSource): RandomSource {
  if (/mask/i.test(name)) return () => 1;
  return SOUND.test(name) ? () => Math.max(-1, Math.min(1, next() / 10)) : next;
}

function integerSource(
  { name, type, dims: declared, limit }: InputDescription,
  { uniform, longest }: Making,
): (index: number, dims: number[]) => number {
  if (/mask/i.test(name)) return () => 1;
  if (RATE.test(name)) return () => USUAL_RATE;
  if (/type|segment/i.test(name)) return () => 0;
  if (/position/i.test(name)) return (index, dims) => Math.min(index % (dims.at(-1) ?? 1), (limit ?? Infinity) - 1);
  if (limit !== undefined) return () => Math.floor(uniform() * limit);
  if (/len(gth)?s?$/i.test(name) && declared.length < 2) return () => longest;
  if (type === "uint8" && declared.length > 2) return () => Math.floor(uniform() * 256);
  return () => Math.floor(uniform() * 8);
}
