import { createHash } from "node:crypto";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import { sizeOf, type Tensor } from "../tensor/tensor.ts";

/**
 * Elements of a block. Each block has a generator of its own, so that a tensor can be read from anywhere, in any order, and
 * nothing of it is kept.
 */
const BLOCK = 4096;

/** What a tensor's values are drawn from. */
export type Distribution =
  /** Normal, with mean 0. */
  | { readonly kind: "normal"; readonly std: number }
  /** Uniform in [low, high). */
  | { readonly kind: "uniform"; readonly low: number; readonly high: number };

/**
 * A float32 tensor of independent random values that are made when they are read. They depend on `seed`, `name` and their
 * place in the tensor alone: not on the order of reading, nor on any other tensor.
 *
 * Block b of 4096 elements comes from xoroshiro128+ with the state SHA-256(`seed/name/b`), which takes the place of a
 * warm-up; normal values come in pairs by Marsaglia's polar method from 32-bit numbers, so none exceeds √(124·ln 2) ≈ 9.27
 * standard deviations.
 */
export function randomTensor(seed: number, name: string, dims: readonly number[], distribution: Distribution): Tensor {
  const key = `${seed}/${name}`;
  const size = sizeOf(dims);
  return {
    type: "float32",
    dims,
    size,
    read(start, into) {
      for (let done = 0; done < into.length;) {
        const at = start + done, index = Math.floor(at / BLOCK), from = at - index * BLOCK;
        const count = Math.min(BLOCK - from, into.length - done);
        into.set(blockOf(key, index, distribution).subarray(from, from + count), done);
        done += count;
      }
    },
    bound: () =>
      distribution.kind === "normal"
        ? distribution.std * Math.sqrt(124 * Math.LN2)
        : Math.max(Math.abs(distribution.low), Math.abs(distribution.high)),
  };
}

/** The block made last: a tensor that is read row by row asks for the same one many times. */
const last: { key: string; index: number; distribution?: Distribution; values: Float64Array } = {
  key: "",
  index: -1,
  values: new Float64Array(BLOCK),
};

function blockOf(key: string, index: number, distribution: Distribution): Float64Array {
  if (last.key !== key || last.index !== index || last.distribution !== distribution) {
    fill(last.values, generatorOf(`${key}/${index}`), distribution);
    Object.assign(last, { key, index, distribution });
  }
  return last.values;
}

function generatorOf(key: string): RandomGenerator {
  const digest = createHash("sha256").update(key).digest();
  return xoroshiro128plusFromState([0, 4, 8, 12].map((at) => digest.readInt32LE(at)));
}

const UNIT = 2 ** -32;

function fill(values: Float64Array, generator: RandomGenerator, distribution: Distribution): void {
  if (distribution.kind === "uniform") {
    const { low, high } = distribution, scale = (high - low) * UNIT;
    for (let i = 0; i < values.length; i++) values[i] = low + (generator.next() >>> 0) * scale;
    return;
  }
  const { std } = distribution;
  for (let i = 0; i < values.length; i += 2) {
    let x: number, y: number, square: number;
    do {
      x = generator.next() * 2 * UNIT;
      y = generator.next() * 2 * UNIT;
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const radius = std * Math.sqrt(-2 * Math.log(square) / square);
    values[i] = radius * x;
    values[i + 1] = radius * y;
  }
}
