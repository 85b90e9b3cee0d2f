/**
 * Seeded randomness: one generator for the order of rounds and openings, and the inputs.
 *
 * @module
 */
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { randomNormal } from "d3-random";

/** A source of uniform numbers in [0, 1). */
export type RandomSource = () => number;

/**
 * A reproducible uniform source (xoroshiro128+).
 *
 * @param seed Any integer; the same seed gives the same numbers on every machine.
 * @param stream Separates uses of one seed, so that the order of rounds says nothing about the inputs.
 * @throws {RangeError} If the seed is not a safe integer.
 */
export function randomSource(seed: number, stream = 0): RandomSource {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seed ${seed}: expected an integer`);
  const generator = xoroshiro128plus((Math.imul(seed | 0, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) | 0);
  for (let i = 0; i < 32; i++) generator.next(); // near seeds start with near states
  return () => uniformFloat64(generator);
}

/** Standard normal numbers from a uniform source. */
export function normalSource(uniform: RandomSource): RandomSource {
  return randomNormal.source(uniform)(0, 1);
}
