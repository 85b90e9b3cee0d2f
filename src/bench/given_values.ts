/**
 * Values that somebody gives for an input: a sampling rate, a scale, a handful of numbers.
 *
 * @module
 */
import { describeInput } from "./describe_input.ts";
import type { InputDescription, TensorData } from "./session.ts";

/** A value of an input, or all its values in row-major order. */
export type GivenValue = number | bigint | boolean | string;

/** Makes typed elements of values, by ONNX Runtime's name of the element type. */
const MAKERS: Readonly<Record<string, (values: readonly GivenValue[]) => TensorData["data"]>> = {
  float32: (values) => Float32Array.from(values, toNumber),
  float64: (values) => Float64Array.from(values, toNumber),
  float16: (values) => Float16Array.from(values, toNumber),
  int8: (values) => Int8Array.from(values, toWhole(-128, 127)),
  uint8: (values) => Uint8Array.from(values, toWhole(0, 255)),
  int16: (values) => Int16Array.from(values, toWhole(-(2 ** 15), 2 ** 15 - 1)),
  uint16: (values) => Uint16Array.from(values, toWhole(0, 2 ** 16 - 1)),
  int32: (values) => Int32Array.from(values, toWhole(-(2 ** 31), 2 ** 31 - 1)),
  uint32: (values) => Uint32Array.from(values, toWhole(0, 2 ** 32 - 1)),
  int64: (values) => BigInt64Array.from(values, toBigInt),
  uint64: (values) => BigUint64Array.from(values, toBigInt),
  bool: (values) => Uint8Array.from(values, toBoolean),
  string: (values) => values.map(String),
};

/**
 * The tensor of an input that is given by its values: one fills the whole input, several are its elements in order, and fix a
 * length that the model leaves open.
 *
 * @throws {Error} If they do not fit the input, or are none of its element type.
 */
export function givenTensor(
  input: InputDescription,
  given: GivenValue | readonly GivenValue[],
  dims: readonly number[],
): TensorData {
  const values = Array.isArray(given) ? given as readonly GivenValue[] : [given as GivenValue];
  const make = MAKERS[input.type];
  if (!make) throw new Error(`input ${describeInput(input)}: values of type ${input.type} cannot be given here`);
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (values.length !== 1 && values.length !== size) {
    throw new Error(`input ${describeInput(input)}: ${values.length} values, expected 1 or ${size}`);
  }
  try {
    return {
      type: input.type,
      dims: [...dims],
      data: make(values.length === size ? values : Array(size).fill(values[0])),
    };
  } catch (error) {
    throw new Error(`input ${describeInput(input)}: ${(error as Error).message}`);
  }
}

/** The shape that values fix: that of the declared one whose only open length, batches aside, is what is left for it. */
export function shapeOfValues(
  { dims }: InputDescription,
  given: GivenValue | readonly GivenValue[],
): number[] | undefined {
  if (!Array.isArray(given)) return undefined;
  const open = dims.filter((dim) => typeof dim === "string").length;
  const known = dims.reduce((product: number, dim) => typeof dim === "number" ? product * dim : product, 1);
  if (open === 0 || given.length % known !== 0) return undefined;
  const last = dims.findLastIndex((dim) => typeof dim === "string");
  return dims.map((dim, axis) => typeof dim === "number" ? dim : axis === last ? given.length / known : 1);
}

/** Throws an Error where something is given by name for an input that the model does not have. */
export function checkNames(what: string, given: object, inputs: readonly InputDescription[]): void {
  const names = inputs.map(({ name }) => name);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new Error(`${what} ${unknown}: the model has no such input, only ${inputs.map(describeInput).join(", ")}`);
}

function toNumber(value: GivenValue): number {
  const number = typeof value === "string" && value.trim() === "" ? NaN : Number(value);
  if (Number.isNaN(number) && !/^[+-]?nan$/i.test(String(value))) throw new Error(`${quoted(value)} is no number`);
  return number;
}

function toWhole(least: number, most: number): (value: GivenValue) => number {
  return (value) => {
    const number = toNumber(value);
    if (Number.isInteger(number) && number >= least && number <= most) return number;
    throw new Error(`${quoted(value)} is no whole number from ${least} to ${most}`);
  };
}

function toBigInt(value: GivenValue): bigint {
  try {
    return BigInt(value === "" ? NaN : value);
  } catch {
    throw new Error(`${quoted(value)} is no whole number`);
  }
}

function toBoolean(value: GivenValue): number {
  if (/^(true|1)$/i.test(String(value))) return 1;
  if (/^(false|0)$/i.test(String(value))) return 0;
  throw new Error(`${quoted(value)} is neither true nor false`);
}

function quoted(value: GivenValue): string {
  return JSON.stringify(typeof value === "bigint" ? String(value) : value);
}
