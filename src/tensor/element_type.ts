/** The element types whose values can be read as numbers. */
export type NumericType =
  | "float16"
  | "bfloat16"
  | "float32"
  | "float64"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "bool";

/** Element types that are carried along and never computed with: strings, complex numbers, 8-bit and smaller floats. */
export type OpaqueType = "string" | "opaque";

/** Any element type. */
export type ElementType = NumericType | OpaqueType;

/** How one element type is stored and what it can hold. */
export interface Format {
  /** Bytes an element. */
  readonly bytes: number;
  /** Whether weights of this type can be scaled: one of the four floating-point types. */
  readonly float: boolean;
  /** Largest finite value. */
  readonly max: number;
  /** Little-endian bytes to numbers, one by one. */
  decode(bytes: Uint8Array, into: Float64Array): void;
  /** Numbers to little-endian bytes, each rounded once, to nearest even. */
  encode(values: Float64Array, into: Uint8Array): void;
}

type View = ArrayLike<number> & { set(values: ArrayLike<number>): void };

function viewed(bytes: number, float: boolean, max: number, view: (bytes: Uint8Array) => View): Format {
  return {
    bytes,
    float,
    max,
    decode: (from, into) => into.set(view(from)),
    encode: (values, into) => view(into).set(values),
  };
}

const INT64_MAX = 2n ** 63n - 1n, INT64_MIN = -(2n ** 63n);

/** Above and below these an int64 would be read as if it were one of the ends, which alone are kept apart from all others. */
const NEAREST_MAX = 2 ** 63 - 1024, NEAREST_MIN = -(2 ** 63) + 1024;

/**
 * 64-bit whole numbers. A float64 holds those up to 2^53 exactly, and INT64_MIN and INT64_MAX, which stand for "all" where
 * something is cut: INT64_MAX is read as 2^63, and no other value is.
 */
function big(signed: boolean): Format {
  const view = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
    signed
      ? new BigInt64Array(buffer, byteOffset, byteLength / 8)
      : new BigUint64Array(buffer, byteOffset, byteLength / 8);
  const limit = signed ? 2 ** 63 : 2 ** 64, largest = BigInt(limit) - 1n;
  return {
    bytes: 8,
    float: false,
    max: Number.MAX_SAFE_INTEGER,
    decode: (from, into) =>
      view(from).forEach((value: bigint, i: number) => {
        into[i] = !signed || value === INT64_MAX || value === INT64_MIN
          ? Number(value)
          : Math.max(NEAREST_MIN, Math.min(NEAREST_MAX, Number(value)));
      }),
    encode(values, into) {
      const to = view(into);
      // INT64_MAX, the exporters' "to the end", is 2^63 as a float64, which would wrap around to INT64_MIN
      values.forEach((value, i) => to[i] = value >= limit ? largest : BigInt(value));
    },
  };
}

const BFLOAT16_MAX = 3.3895313892515355e38;

/** Rounds to bfloat16 (returned as its 16 bits) once, to nearest even, straight from float64. */
function bfloat16Bits(value: number, scratch: Float32Array, bits: Uint32Array): number {
  scratch[0] = value;
  const word = bits[0], low = word & 0xffff;
  let high = word >>> 16;
  if (Number.isNaN(value)) return high | 0x40;
  if (low > 0x8000) high++;
  else if (low === 0x8000) {
    // float32 rounded onto the midpoint: the float64 value tells the side
    const rest = Math.abs(value) - Math.abs(scratch[0]);
    if (rest > 0 || rest === 0 && (high & 1) === 1) high++;
  }
  return high & 0xffff;
}

const bfloat16: Format = {
  bytes: 2,
  float: true,
  max: BFLOAT16_MAX,
  decode({ buffer, byteOffset, byteLength }, into) {
    const from = new Uint16Array(buffer, byteOffset, byteLength / 2);
    const bits = new Uint32Array(1), value = new Float32Array(bits.buffer);
    for (let i = 0; i < from.length; i++) {
      bits[0] = from[i] << 16;
      into[i] = value[0];
    }
  },
  encode(values, { buffer, byteOffset, byteLength }) {
    const to = new Uint16Array(buffer, byteOffset, byteLength / 2);
    const bits = new Uint32Array(1), scratch = new Float32Array(bits.buffer);
    for (let i = 0; i < values.length; i++) to[i] = bfloat16Bits(values[i], scratch, bits);
  },
};

const FORMATS: Record<NumericType, Format> = {
  float16: viewed(2, true, 65504, (b) => new Float16Array(b.buffer, b.byteOffset, b.byteLength / 2)),
  bfloat16,
  float32: viewed(4, true, 3.4028234663852886e38, (b) => new Float32Array(b.buffer, b.byteOffset, b.byteLength / 4)),
  float64: viewed(8, true, Number.MAX_VALUE, (b) => new Float64Array(b.buffer, b.byteOffset, b.byteLength / 8)),
  int8: viewed(1, false, 2 ** 7 - 1, (b) => new Int8Array(b.buffer, b.byteOffset, b.byteLength)),
  int16: viewed(2, false, 2 ** 15 - 1, (b) => new Int16Array(b.buffer, b.byteOffset, b.byteLength / 2)),
  int32: viewed(4, false, 2 ** 31 - 1, (b) => new Int32Array(b.buffer, b.byteOffset, b.byteLength / 4)),
  int64: big(true),
  uint8: viewed(1, false, 2 ** 8 - 1, (b) => b),
  uint16: viewed(2, false, 2 ** 16 - 1, (b) => new Uint16Array(b.buffer, b.byteOffset, b.byteLength / 2)),
  uint32: viewed(4, false, 2 ** 32 - 1, (b) => new Uint32Array(b.buffer, b.byteOffset, b.byteLength / 4)),
  uint64: big(false),
  bool: viewed(1, false, 1, (b) => b),
};

/** How a numeric type is stored; throws a TypeError for one whose values cannot be read. */
export function formatOf(type: ElementType): Format {
  const format = FORMATS[type as NumericType];
  if (!format) throw new TypeError(`elements of type ${type} cannot be read as numbers`);
  return format;
}

/** Whether tensors of this type can be weights of a layer that is rewritten. */
export function isFloat(type: ElementType | undefined): boolean {
  return type !== undefined && type !== "string" && type !== "opaque" && FORMATS[type].float;
}

/** Whether tensors of this type hold whole numbers (booleans are not). */
export function isWhole(type: ElementType | undefined): boolean {
  return type !== undefined && /^u?int/.test(type);
}

/** The least and the largest value of a type of whole numbers that a float64 holds exactly, with all between them. */
export function wholeRange(type: ElementType): readonly [least: number, most: number] {
  if (type === "bool") return [0, 1];
  const { max } = formatOf(type);
  return type.startsWith("u") ? [0, max] : type === "int64" ? [-max, max] : [-max - 1, max];
}

/** Whether a value rounds to a finite one: it lies less than half a unit in the last place above {@link Format.max}. */
export function roundsToFinite(type: ElementType, value: number): boolean {
  const magnitude = Math.abs(value);
  switch (type) {
    case "float16":
      return magnitude < 65520;
    case "bfloat16":
      return magnitude < (2 - 2 ** -8) * 2 ** 127;
    case "float32":
      return Number.isFinite(Math.fround(value));
    default:
      return magnitude <= formatOf(type).max;
  }
}
