import { normalSource, randomSource } from "../bench/random.ts";

const RATE = 16000, LENGTH = 512;
/** Resonances of the vowel in “father”, Hz. */
const FORMANTS = [730, 1090, 2440];

/** Three sounds of 32 ms at 16 kHz as a voice detector takes them: faint noise, a hum of 50 Hz, a sung vowel at 120 Hz. */
export function voice(): Float32Array[] {
  const normal = normalSource(randomSource(16));
  const time = (at: number) => at / RATE;
  return [
    Float32Array.from({ length: LENGTH }, () => 0.001 * normal()),
    Float32Array.from({ length: LENGTH }, (_, at) => 0.1 * Math.sin(2 * Math.PI * 50 * time(at))),
    Float32Array.from({ length: LENGTH }, (_, at) => {
      let sum = 0;
      for (let harmonic = 1; harmonic < 40; harmonic++) {
        const frequency = 120 * harmonic;
        const gain = FORMANTS.reduce(
          (most, formant) => Math.max(most, Math.exp(-(((frequency - formant) / 150) ** 2))),
          0.05,
        );
        sum += gain / harmonic * Math.sin(2 * Math.PI * frequency * time(at));
      }
      return 0.3 * sum;
    }),
  ];
}
