import { closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs";
import { ChangedFileError, FileError, ModelFormatError, unreadable } from "./errors.ts";
import { readRecent } from "./recent_blocks.ts";

/** Bytes that can be read in any order without being held in memory. */
export interface ByteSource {
  /** What to call it in a message: a path or `(bytes)`. */
  readonly name: string;
  /** Length in bytes. */
  readonly size: number;
  /** Fills `into` with the bytes from `offset` on; throws {@link ModelFormatError} where the source ends before. */
  read(offset: number, into: Uint8Array): void;
  /** Throws a {@link ChangedFileError} where the bytes may no longer be those it was opened with. */
  verifyUnchanged?(): void;
}

/** What tells one state of a file from another. */
interface FileState {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ino: bigint;
  readonly dev: bigint;
}

const opened = new FinalizationRegistry<number>((fd) => closeSync(fd));

/** A file, read at random through one descriptor that is closed when the source is collected or the process ends. */
export class FileSource implements ByteSource {
  readonly size: number;
  readonly #fd: number;
  readonly #state: FileState;
  /** By which its blocks are known, which do not keep it open. */
  readonly #blocks = {};
  #isReplaced = false;

  readonly path: string;
  readonly name: string;

  /**
   * Opens a regular file; never waits. `name` is what to call it in messages, `expected` what should be there. Throws `Deno.errors.NotFound` where there is
   * none and a {@link FileError} where it is something else or cannot be opened.
   */
  constructor(path: string, name: string = path, expected: string = "an .onnx file") {
    this.path = path;
    this.name = name;

    try {
      this.#fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)); // opening a FIFO waits otherwise
    } catch (error) {
      throw unreadable(name, error, expected);
    }
    const info = fstatSync(this.#fd, { bigint: true });
    if (!info.isFile()) {
      closeSync(this.#fd);
      throw new FileError(name, `is not a file${kindOf(info)}. Give the path of ${expected}.`);
    }
    this.#state = info;
    this.size = Number(info.size);
    opened.register(this, this.#fd);
  }

  read(offset: number, into: Uint8Array): void {
    if (!readRecent(this.#blocks, this.size, offset, into, (...place) => this.#read(...place))) {
      this.#read(offset, into);
    }
  }

  #read(offset: number, into: Uint8Array): void {
    for (let done = 0; done < into.length;) {
      const count = readSync(this.#fd, into, done, into.length - done, offset + done);
      if (count === 0) {
        this.#verifySize();
        throw shorter(this, offset, into.length);
      }
      done += count;
    }
  }

  /** Whether this is the file of this device and inode. */
  isFile({ dev, ino }: { dev: bigint; ino: bigint }): boolean {
    return this.#state.dev === dev && this.#state.ino === ino;
  }

  /** Whether this is the file that lies at `path` now. */
  isAt(path: string): boolean {
    try {
      return this.isFile(statSync(path, { bigint: true }));
    } catch {
      return false;
    }
  }

  /** Says that its name is about to be given to another file, by us: what was opened can still be read. */
  replaced(): void {
    this.#isReplaced = true;
  }

  verifyUnchanged(): void {
    const { size, mtimeNs } = this.#verifySize();
    if (size !== this.#state.size || mtimeNs !== this.#state.mtimeNs) {
      throw this.#changed("was written to since it was opened");
    }
    if (this.#isReplaced) return;
    if (statSync(this.path, { throwIfNoEntry: false }) && !this.isAt(this.path)) {
      throw this.#changed("was replaced since it was opened");
    }
  }

  #verifySize(): { size: bigint; mtimeNs: bigint } {
    const info = fstatSync(this.#fd, { bigint: true });
    if (info.size >= this.#state.size) return info;
    throw this.#changed(
      `ends at byte ${info.size}, but had ${this.size} bytes when it was opened. The file is truncated`,
    );
  }

  #changed(how: string): ChangedFileError {
    return new ChangedFileError(this.name, `${how}. Nothing was written; open it again.`);
  }
}

/** What a file that is no regular one is, in words. */
export function kindOf(
  info: { isDirectory(): boolean; isFIFO(): boolean; isCharacterDevice(): boolean; isBlockDevice(): boolean },
): string {
  if (info.isDirectory()) return " but a folder";
  if (info.isFIFO()) return " but a FIFO";
  return info.isCharacterDevice() || info.isBlockDevice() ? " but a device" : "";
}

/** Bytes that are already in memory. They are not copied: do not change them while the model is in use. */
export class BytesSource implements ByteSource {
  readonly size: number;

  readonly bytes: Uint8Array;
  readonly name: string;

  /** Wraps `bytes` under a name for messages. */
  constructor(bytes: Uint8Array, name: string = "(bytes)") {
    this.bytes = bytes;
    this.name = name;

    this.size = bytes.length;
  }

  read(offset: number, into: Uint8Array): void {
    if (offset + into.length > this.size) throw shorter(this, offset, into.length);
    into.set(this.bytes.subarray(offset, offset + into.length));
  }
}

/** That a source ends before what was asked for. */
export function shorter(source: ByteSource, offset: number, length: number): ModelFormatError {
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
