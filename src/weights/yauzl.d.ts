/** The part of yauzl's interface that is used here; @types/yauzl would bring all of Node's types with it. */

/** What reads a range of the archive. */
export class RandomAccessReader {
  /** A stream of the bytes from `start` to before `end`. */
  _readStreamForRange(start: number, end: number): unknown;
  /** Fills a part of `buffer` with the bytes from `position` on. */
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void;
}

/** One file of an archive. */
export interface Entry {
  /** Its path. */
  readonly fileName: string;
  /** 0 where it is stored as it is. */
  readonly compressionMethod: number;
  /** Its length. */
  readonly uncompressedSize: number;
  /** Whether it is encrypted. */
  isEncrypted(): boolean;
}

/** An open archive. */
export interface ZipFile {
  /** How many files it says that it has. */
  readonly entryCount: number;
  /** Its files. */
  eachEntry(): AsyncIterable<Entry>;
  /** Where a file's data begins. */
  readLocalFileHeaderPromise(entry: Entry, options: { minimal: true }): Promise<{ fileDataStart: number }>;
}

/** Opens an archive of `size` bytes. */
export function fromRandomAccessReaderPromise(
  reader: RandomAccessReader,
  size: number,
  options: { autoClose: boolean },
): Promise<ZipFile>;
