import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  type ElementType,
  formatOf,
  isFloat,
  type NumericType,
  roundsToFinite,
} from "../../src/tensor/element_type.ts";

function encoded(type: NumericType, ...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * formatOf(type).bytes);
  formatOf(type).encode(Float64Array.from(values), bytes);
  return bytes;
}

function decoded(type: NumericType, bytes: Uint8Array): number[] {
  const values = new Float64Array(bytes.length / formatOf(type).bytes);
  formatOf(type).decode(bytes, values);
  return [...values];
}

/** Every finite value of a 16-bit float type in order, by its definition: sign, exponent bits, fraction bits. */
function finiteValues(exponentBits: number, fractionBits: number): { value: number; bits: number }[] {
  const bias = 2 ** (exponentBits - 1) - 1, out: { value: number; bits: number }[] = [];
  for (let bits = 0; bits < 2 ** (exponentBits + fractionBits); bits++) {
    const exponent = bits >>> fractionBits, fraction = bits % 2 ** fractionBits;
    if (exponent === 2 ** exponentBits - 1) continue;
    const value = exponent === 0
      ? fraction * 2 ** (1 - bias - fractionBits)
      : (1 + fraction / 2 ** fractionBits) * 2 ** (exponent - bias);
    out.push({ value, bits });
  }
  return out;
}

const REFERENCE = { float16: finiteValues(5, 10), bfloat16: finiteValues(8, 7) };
const INFINITY_BITS = { float16: 0x7c00, bfloat16: 0x7f80 };

/** The bits a value is rounded to, to nearest, ties to even, by looking at its two neighbours; differences here are exact. */
function nearest(type: "float16" | "bfloat16", value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0, magnitude = Math.abs(value), all = REFERENCE[type];
  let low = 0, high = all.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (all[middle].value <= magnitude) low = middle;
    else high = middle;
  }
  const last = all[all.length - 1].value, step = last - all[all.length - 2].value;
  const above = magnitude >= last ? { value: last + step, bits: INFINITY_BITS[type] } : all[high];
  const below = magnitude >= last ? all[all.length - 1] : all[low];
  if (magnitude >= above.value) return sign | above.bits;
  const down = magnitude - below.value, up = above.value - magnitude;
  return sign | (down < up || down === up && below.bits % 2 === 0 ? below.bits : above.bits);
}

const bitsOf = (bytes: Uint8Array) => bytes[0] | bytes[1] << 8;

/** Values of every size, many of them near or on the midpoint of two neighbours. */
function arbitraryValue(type: "float16" | "bfloat16"): fc.Arbitrary<number> {
  const all = REFERENCE[type];
  const nearMiddle = fc.tuple(
    fc.nat(all.length - 2),
    fc.constantFrom(0, 1, -1, 3, -3),
    fc.integer({ min: -60, max: -30 }),
  )
    .map(([at, by, scale]) => {
      const middle = (all[at].value + all[at + 1].value) / 2;
      return middle + by * middle * 2 ** scale;
    });
  const uniformBits = fc.double({ noNaN: true });
  return fc.tuple(fc.oneof(nearMiddle, uniformBits, fc.float({ noNaN: true })), fc.boolean()).map(([v, negate]) =>
    negate ? -v : v
  );
}

for (const type of ["float16", "bfloat16"] as const) {
  Deno.test(`${type} rounds once, to nearest even, from float64`, () => {
    fc.assert(
      fc.property(arbitraryValue(type), (value) => {
        assertEquals(bitsOf(encoded(type, value)), nearest(type, value), String(value));
      }),
      { numRuns: 20_000, seed: 11 },
    );
  });

  Deno.test(`every ${type} value comes back as it was, and every midpoint goes to the even one`, () => {
    const all = REFERENCE[type], values = all.map(({ value }) => value);
    assertEquals(decoded(type, encoded(type, ...values)), values);
    for (let at = 0; at + 1 < all.length; at++) {
      const middle = (values[at] + values[at + 1]) / 2;
      assertEquals(bitsOf(encoded(type, middle)), at % 2 === 0 ? all[at].bits : all[at + 1].bits, String(middle));
    }
  });

  Deno.test(`${type} says whether a value rounds to a finite one`, () => {
    const [last, before] = [REFERENCE[type].at(-1)!.value, REFERENCE[type].at(-2)!.value];
    const limit = last + (last - before) / 2; // halfway to what would come next; goes to infinity, which is even
    assertEquals(formatOf(type).max, last);
    const below = limit - limit * 2 ** -53;
    for (
      const [value, finite] of [[last, true], [below, true], [limit, false], [Infinity, false], [NaN, false]] as const
    ) {
      for (const signed of [value, -value]) {
        assertEquals(roundsToFinite(type, signed), finite, String(signed));
        assertEquals(Number.isFinite(decoded(type, encoded(type, signed))[0]), finite, String(signed));
      }
    }
  });
}

Deno.test("float32 and float64 round as JavaScript does, and NaN and infinities stay", () => {
  fc.assert(
    fc.property(fc.double(), (value) => {
      assertEquals(decoded("float32", encoded("float32", value)), [Math.fround(value)]);
      assertEquals(decoded("float64", encoded("float64", value)), [value]);
      assertEquals(roundsToFinite("float32", value), Number.isFinite(Math.fround(value)));
    }),
    { seed: 2 },
  );
  for (const type of ["float16", "bfloat16", "float32", "float64"] as const) {
    assertEquals(decoded(type, encoded(type, NaN, Infinity, -Infinity, -0)), [NaN, Infinity, -Infinity, -0]);
  }
});

Deno.test("whole numbers of every type come back as they were, little-endian", () => {
  const ranges: [NumericType, number, number][] = [
    ["int8", -128, 127],
    ["uint8", 0, 255],
    ["int16", -32768, 32767],
    ["uint16", 0, 65535],
    ["int32", -(2 ** 31), 2 ** 31 - 1],
    ["uint32", 0, 2 ** 32 - 1],
    ["int64", -(2 ** 53 - 1), 2 ** 53 - 1],
    ["uint64", 0, 2 ** 53 - 1],
  ];
  for (const [type, low, high] of ranges) {
    const values = [low, high, 0, 1, Math.trunc(high / 3)];
    assertEquals(decoded(type, encoded(type, ...values)), values, type);
  }
  assertEquals([...encoded("int32", 0x01020304)], [4, 3, 2, 1]);
  assertEquals([...encoded("int64", -2)], [254, 255, 255, 255, 255, 255, 255, 255]);
});

Deno.test("only floating-point types can be scaled, and strings cannot be read as numbers", () => {
  const floats = ["float16", "bfloat16", "float32", "float64"];
  for (const type of [...floats, "int8", "uint8", "int32", "int64", "bool", "string", "opaque"] as ElementType[]) {
    assertEquals(isFloat(type), floats.includes(type), type);
  }
  assert(!isFloat(undefined));
  assertThrows(() => formatOf("string"), TypeError, "cannot be read as numbers");
});
