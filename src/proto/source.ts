import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { ModelFormatError } from "./errors.ts";

/** Bytes that can be read in any order without being held in memory. */
export interface ByteSource {
  /** What to call it in a message: a path or `(bytes)`. */
  readonly name: string;
  /** Length in bytes. */
  readonly size: number;
  /** Fills `into` with the bytes from `offset` on; throws {@link ModelFormatError} where the source ends before. */
  read(offset: number, into: Uint8Array): void;
}

const opened = new FinalizationRegistry<number>((fd) => closeSync(fd));

/** A file, read at random through one descriptor that is closed when the source is collected or the process ends. */
export class FileSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #fd: number;

  /** Opens `path`; throws the system's error (`Deno.errors.NotFound`, …) where that fails. */
  constructor(path: string) {
    this.name = path;
    this.#fd = openSync(path, "r");
    const info = fstatSync(this.#fd);
    if (!info.isFile()) {
      closeSync(this.#fd);
      throw new ModelFormatError(`${path}: is not a file. Give the path of an .onnx file.`);
    }
    this.size = info.size;
    opened.register(this, this.#fd);
  }

  read(offset: number, into: Uint8Array): void {
    for (let done = 0; done < into.length;) {
      const count = readSync(this.#fd, into, done, into.length - done, offset + done);
      if (count === 0) throw shorter(this, offset, into.length);
      done += count;
    }
  }
}

/** Bytes that are already in memory. They are not copied: do not change them while the model is in use. */
export class BytesSource implements ByteSource {
  readonly size: number;

  /** Wraps `bytes` under a name for messages. */
  constructor(readonly bytes: Uint8Array, readonly name: string = "(bytes)") {
    this.size = bytes.length;
  }

  read(offset: number, into: Uint8Array): void {
    if (offset + into.length > this.size) throw shorter(this, offset, into.length);
    into.set(this.bytes.subarray(offset, offset + into.length));
  }
}

function shorter(source: ByteSource, offset: number, length: number): ModelFormatError {
  return new ModelFormatError(
    `${source.name}: ends at byte ${source.size}, but ${length} bytes were expected at byte ${offset}. The file is truncated.`,
  );
}

/** A range of a source. */
export interface ByteRange {
  /** Where the bytes are. */
  readonly source: ByteSource;
  /** First byte. */
  readonly offset: number;
  /** Number of bytes. */
  readonly length: number;
}

/** Reads a whole range into fresh memory. For small ranges; large ones are streamed. */
export function readRange(range: ByteRange): Uint8Array {
  const bytes = new Uint8Array(range.length);
  range.source.read(range.offset, bytes);
  return bytes;
}
