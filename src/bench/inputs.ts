/**
 * Seeded inputs for any model: shapes from what the model declares, values by element type and name.
 *
 * @module
 */
import { normalSource, type RandomSource, randomSource } from "./random.ts";
import type { InputDescription, NamedTensors, TensorData } from "./session.ts";

/** Shapes and values of generated inputs. */
export interface InputOptions {
  /** Seed of the values, default 0. */
  seed?: number;
  /** Shape of the only input. */
  shape?: readonly number[];
  /** Shapes by input name; they win over everything else. */
  shapes?: Readonly<Record<string, readonly number[]>>;
  /** Height and width where an image's are dynamic, default 224. */
  size?: number;
  /** Distribution of floating-point values, default `normal` (mean 0, variance 1). */
  distribution?: Distribution;
}

/**
 * How floating-point values are drawn: `normal` N(0, 1), `uniform` U[0, 1) as an image's pixels, `wide` N(0, 10²),
 * `sparse` N(0, 1) with nine of ten values zero.
 */
export type Distribution = "normal" | "uniform" | "wide" | "sparse";

/** Every {@link Distribution}. */
export const DISTRIBUTIONS: readonly Distribution[] = ["normal", "uniform", "wide", "sparse"];

/** Length of a dynamic dimension that is neither batch nor image side: sequences and the like. */
const DEFAULT_LENGTH = 16;

/**
 * Makes one tensor for every input.
 *
 * Floats follow {@link InputOptions.distribution}. Integers are small and not negative, so that they can index: inputs called
 * …mask… are 1, …type…/…segment… are 0, …position… count up, others lie in 0…7. Booleans are true.
 *
 * @throws {Error} If a given shape does not fit the declared one, or an element type cannot be made up.
 */
export function randomInputs(inputs: readonly InputDescription[], options: InputOptions = {}): NamedTensors {
  const shapes = resolveShapes(inputs, options);
  const uniform = randomSource(options.seed ?? 0, 3);
  return Object.fromEntries(
    inputs.map((input) => [input.name, randomTensor(input, shapes[input.name], uniform, options.distribution)]),
  );
}

/** Gives every dynamic dimension a length. Exported for messages that have to say what was guessed. */
export function resolveShapes(
  inputs: readonly InputDescription[],
  { shape, shapes = {}, size = 224 }: InputOptions = {},
): Record<string, number[]> {
  const names = inputs.map((input) => input.name);
  const unknown = Object.keys(shapes).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new Error(`shape of input ${unknown}: the model has no such input, only ${names.join(", ")}`);
  }
  if (shape && inputs.length !== 1) {
    throw new Error(
      `shape ${format(shape)}: the model has ${inputs.length} inputs (${names.join(", ")}); give shapes by name`,
    );
  }
  return Object.fromEntries(inputs.map((input) => {
    const given = shapes[input.name] ?? shape;
    if (given) checkShape(input, given);
    return [input.name, given ? [...given] : input.dims.map((_, axis) => guessDim(input.dims, axis, size))];
  }));
}

function checkShape(input: InputDescription, given: readonly number[]): void {
  const fits = given.length === input.dims.length && given.every((length, axis) => {
    const declared = input.dims[axis];
    return Number.isInteger(length) && length >= 0 && (typeof declared === "string" || declared === length);
  });
  if (!fits) throw new Error(`shape ${format(given)} does not fit input ${describeInput(input)}`);
}

function guessDim(dims: readonly (number | string)[], axis: number, size: number): number {
  const dim = dims[axis];
  if (typeof dim === "number") return dim;
  if (axis === 0 || /batch/i.test(dim)) return 1;
  if (/height|width/i.test(dim)) return size;
  if (dims.length !== 4) return DEFAULT_LENGTH;
  const last = dims[3];
  const channelsLast = typeof last === "number" && last <= 4 && typeof dims[1] !== "number";
  if (axis === 1 && !channelsLast) return 3; // [N, C, H, W] with dynamic channels
  return size;
}

function randomTensor(
  input: InputDescription,
  dims: number[],
  uniform: RandomSource,
  distribution?: Distribution,
): TensorData {
  const length = dims.reduce((product, dim) => product * dim, 1);
  const { type } = input;
  if (type === "float32" || type === "float64" || type === "float16") {
    const next = floatSource(uniform, distribution);
    const make = { float32: Float32Array, float64: Float64Array, float16: Float16Array }[type];
    const data = new make(length);
    for (let i = 0; i < length; i++) data[i] = next();
    return { type, dims, data };
  }
  if (type === "bool") return { type, dims, data: new Uint8Array(length).fill(1) };
  const integer = integerSource(input.name, uniform);
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
  throw new Error(`input ${describeInput(input)}: values of type ${type} cannot be made up; give your own inputs`);
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

function integerSource(name: string, uniform: RandomSource): (index: number, dims: number[]) => number {
  if (/mask/i.test(name)) return () => 1;
  if (/type|segment/i.test(name)) return () => 0;
  if (/position/i.test(name)) return (index, dims) => index % (dims.at(-1) ?? 1);
  return () => Math.floor(uniform() * 8);
}

/** `image float32 [batch, 1, 28, 28]`, for messages. */
export function describeInput({ name, type, dims }: InputDescription): string {
  return `${name} ${type} [${dims.map((dim) => dim === "" ? "?" : dim).join(", ")}]`;
}

function format(shape: readonly number[]): string {
  return shape.join("x");
}
