import type { Bytes, Tensor } from "./tensor.ts";
import { measuredBound, sizeOf } from "./tensor.ts";

/** A floating-point type of 8 bits: bits of the fraction, exponent bias, and what is no number. */
interface Float8 {
  readonly fraction: number;
  readonly bias: number;
  /** Whether −0 is the one NaN (the types with "UZ"); the others have theirs at the top. */
  readonly isUnsignedZero: boolean;
}

/** 8-bit floats by TensorProto.DataType: E4M3FN, E4M3FNUZ, E5M2, E5M2FNUZ. */
const FLOATS: Readonly<Record<number, Float8>> = {
  17: { fraction: 3, bias: 7, isUnsignedZero: false },
  18: { fraction: 3, bias: 8, isUnsignedZero: true },
  19: { fraction: 2, bias: 15, isUnsignedZero: false },
  20: { fraction: 2, bias: 16, isUnsignedZero: true },
};

/** Whether a type, by its number, is one of these. */
export function isFloat8(code: number): boolean {
  return code in FLOATS;
}

/** Types of 4 bits, two in a byte, the first in its low half: UINT4, INT4. */
const HALVES: Readonly<Record<number, number>> = { 21: 0, 22: 8 };

/** The number that a byte is. */
function float8(byte: number, { fraction, bias, isUnsignedZero }: Float8): number {
  const exponent = (byte & 127) >> fraction, part = (byte & ((1 << fraction) - 1)) / (1 << fraction);
  if (isUnsignedZero ? byte === 128 : (byte & 127) === 127) return NaN;
  if (!isUnsignedZero && fraction === 2 && exponent === 31) return part > 0 ? NaN : byte > 127 ? -Infinity : Infinity;
  const magnitude = exponent === 0 ? part * 2 ** (1 - bias) : (1 + part) * 2 ** (exponent - bias);
  return byte > 127 ? -magnitude : magnitude;
}

/**
 * Numbers as 8-bit floats of a type, each rounded to nearest, ties to the even fraction, and to the largest finite one beyond it
 * (`saturate`); undefined for another type.
 */
export function float8Bytes(code: number, values: Float64Array): Uint8Array | undefined {
  const format = FLOATS[code];
  if (!format) return undefined;
  const finite = Array.from({ length: 128 }, (_, byte) => float8(byte, format)).filter(Number.isFinite);
  return Uint8Array.from(values, (value) => {
    if (Number.isNaN(value)) return format.isUnsignedZero ? 128 : 127;
    const magnitude = Math.abs(value), isNegative = value < 0 || Object.is(value, -0);
    let low = 0, high = finite.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (finite[middle] <= magnitude) low = middle;
      else high = middle;
    }
    const [below, above] = [magnitude - finite[low], finite[high] - magnitude];
    const byte = above < below || above === below && low % 2 === 1 ? high : low;
    return isNegative && !(format.isUnsignedZero && byte === 0) ? byte | 128 : byte;
  });
}

/** Whole numbers as those of 4 bits, two in a byte; undefined where one is out of range, or for another type. */
export function halfBytes(code: number, values: Float64Array): Uint8Array | undefined {
  const sign = HALVES[code], bytes = new Uint8Array(Math.ceil(values.length / 2));
  const isInside = (value: number) => Number.isInteger(value) && value >= -sign && value <= 15 - sign;
  if (sign === undefined || !values.every(isInside)) return undefined;
  values.forEach((value, at) => bytes[at >> 1] |= (value & 15) << ((at & 1) * 4));
  return bytes;
}

/** Bytes of so many elements of a type by its number; undefined for a type that is none of these. */
export function smallLength(code: number, dims: readonly number[]): number | undefined {
  return code in FLOATS ? sizeOf(dims) : code in HALVES ? Math.ceil(sizeOf(dims) / 2) : undefined;
}

/** A stored tensor of such a type, carried along unchanged, whose elements can be read as numbers. */
export function smallTensor(code: number, carried: Tensor, bytes: Bytes): Tensor {
  const floats = FLOATS[code], sign = HALVES[code];
  const tensor: Tensor = {
    ...carried,
    isReadable: true,
    read(start, into) {
      if (floats) {
        const part = new Uint8Array(into.length);
        bytes.read(start, part);
        part.forEach((byte, at) => into[at] = float8(byte, floats));
        return;
      }
      const first = start >> 1, part = new Uint8Array(((start + into.length + 1) >> 1) - first);
      bytes.read(first, part);
      for (let at = 0; at < into.length; at++) {
        const half = (part[((start + at) >> 1) - first] >> (((start + at) & 1) * 4)) & 15;
        into[at] = (half ^ sign) - sign;
      }
    },
    bound: () => measuredBound(tensor),
  };
  return tensor;
}
