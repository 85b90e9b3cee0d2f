import { describeInput } from "./describe_input.ts";
import type { InputDescription, TensorData } from "./session.ts";

/** Bytes of a sample while it is read, and most of them that resampling makes: a file may claim one a second. */
const SAMPLE_BYTES = 8, MOST_SAMPLES = 2 ** 26;

/**
 * A WAV file as an input takes it: [L], [N, L] or [N, channels, L] of floats −1…1. One channel is the mean of all where the input has
 * one. A length that the model fixes gets the first samples, or silence behind them; a batch is filled with the same sound.
 *
 * @param rate Samples a second that the model expects; the sound is resampled to it. Undefined to feed it at its own.
 * @returns The tensor, and the rates in words: `44100 Hz`, or `44100 → 16000 Hz`.
 * @throws {Error} If it is no WAV file, or the input takes no sound.
 */
export async function readSound(
  bytes: Uint8Array,
  input: InputDescription,
  rate?: number,
): Promise<{ tensor: TensorData; rates: string }> {
  const { dims, type } = input, rank = dims.length;
  if (rank < 1 || rank > 3 || !["float32", "float64", "float16"].includes(type)) {
    throw new Error(`a sound cannot be fed to input ${describeInput(input)}; expected [L], [N, L] or [N, channels, L]`);
  }
  const { default: wavefile } = await import("wavefile");
  const file = new wavefile.WaveFile(bytes);
  file.toBitDepth("64");
  const { sampleRate: own } = file.fmt as { sampleRate: number };
  if (!(own > 0)) throw new Error("it has no sampling rate");
  const { chunkSize } = file.data as { chunkSize: number };
  if (rate !== undefined && chunkSize / SAMPLE_BYTES * (rate / own) > MOST_SAMPLES) {
    throw new Error(`at ${rate} Hz in place of ${own} Hz it would have more than ${MOST_SAMPLES} samples`);
  }
  if (rate !== undefined && rate !== own) file.toSampleRate(rate, { method: "sinc" });
  const rates = rate === undefined || rate === own ? `${own} Hz` : `${own} → ${rate} Hz`;
  const read = file.getSamples(false, Float64Array) as unknown as Float64Array | Float64Array[];
  const channels = read instanceof Float64Array ? [read] : [...read];
  const declared = rank === 3 ? dims[1] : 1;
  const wanted = typeof declared === "number" ? declared : channels.length;
  if (wanted !== 1 && wanted !== channels.length) {
    throw new Error(`${channels.length} channels do not fit input ${describeInput(input)}`);
  }
  const fixed = dims[rank - 1], length = typeof fixed === "number" ? fixed : channels[0].length;
  const batch = rank > 1 && typeof dims[0] === "number" ? dims[0] : 1;
  const data = new { float32: Float32Array, float64: Float64Array, float16: Float16Array }[type as "float32"]!(
    batch * wanted * length,
  );
  for (let i = 0; i < data.length; i++) {
    const at = i % length, from = wanted === 1 ? channels : [channels[Math.floor(i / length) % wanted]];
    data[i] = from.reduce((sum, channel) => sum + (channel[at] ?? 0), 0) / from.length;
  }
  const shape = [...rank > 1 ? [batch] : [], ...rank > 2 ? [wanted] : [], length];
  return { tensor: { type, dims: shape, data }, rates };
}
