import type { ByteSource } from "../io/source.ts";
import { WeightsFormatError } from "./errors.ts";

const WINDOW = 1 << 16;

/** Reads a range of a source from its beginning to its end, through a small window. */
export class ByteReader {
  /** Where the next byte is, from the source's beginning. */
  position: number;
  readonly #source: ByteSource;
  readonly #end: number;
  #window = new Uint8Array();
  #start = 0;

  /** Begins at `offset`; the bytes end at `end`, by default the source's. */
  constructor(source: ByteSource, offset = 0, end: number = source.size) {
    this.#source = source;
    this.#end = end;
    this.position = offset;
  }

  /** The next bytes; they are overwritten by the next call. Throws a {@link WeightsFormatError} past the end. */
  bytes(length: number): Uint8Array {
    const at = this.position;
    if (length > this.#end - at) {
      throw new WeightsFormatError(
        `${this.#source.name}: ends at byte ${this.#end}, but ${length} bytes were expected at byte ${at}. ` +
          "The file is truncated or damaged.",
      );
    }
    if (at < this.#start || at + length > this.#start + this.#window.length) {
      this.#window = new Uint8Array(Math.min(Math.max(length, WINDOW), this.#end - at));
      this.#source.read(at, this.#window);
      this.#start = at;
    }
    this.position = at + length;
    return this.#window.subarray(at - this.#start, at - this.#start + length);
  }

  /** The next byte. */
  byte(): number {
    return this.bytes(1)[0];
  }

  /** The next bytes as numbers. */
  view(length: number): DataView {
    const { buffer, byteOffset } = this.bytes(length);
    return new DataView(buffer, byteOffset, length);
  }

  /** The next 64-bit unsigned number, little endian. */
  uint64(): bigint {
    return this.view(8).getBigUint64(0, true);
  }

  /** The text up to the next line feed, which is taken, too. Throws a {@link WeightsFormatError} where it is longer than `most` bytes. */
  line(most: number): string {
    const bytes: number[] = [];
    for (let byte = this.byte(); byte !== 0x0a; byte = this.byte()) {
      if (bytes.push(byte) > most) {
        throw new WeightsFormatError(
          `${this.#source.name}: a line of more than ${most} bytes before byte ${this.position}. The file is damaged.`,
        );
      }
    }
    return new TextDecoder().decode(Uint8Array.from(bytes));
  }
}
