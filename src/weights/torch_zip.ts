// @ts-types="./yauzl.d.ts"
import { fromRandomAccessReaderPromise, RandomAccessReader } from "yauzl";
import { Readable } from "node:stream";
import type { ByteSource } from "../io/source.ts";
import { formatOf } from "../tensor/element_type.ts";
import { ByteReader } from "./byte_reader.ts";
import { WeightsFormatError } from "./errors.ts";
import { type PickleValue, readPickle } from "./pickle.ts";
import { Storage } from "./storage.ts";
import { torchWorld } from "./torch_objects.ts";

/** Where the bytes of a stored (not compressed) file of an archive are. */
interface Stored {
  readonly offset: number;
  readonly size: number;
}

/** More files than any state dict has storages. */
const MOST_FILES = 250_000;

/**
 * Reads what torch.save writes since PyTorch 1.6: a zip archive whose files are stored, not compressed, with the pickle in
 * `<name>/data.pkl` and each storage in `<name>/data/<key>`. Tensors are ranges of the file.
 *
 * @throws {WeightsFormatError} If it is no such archive.
 */
export async function readTorchZip(source: ByteSource): Promise<PickleValue> {
  const files = await storedFiles(source);
  const pickles = [...files.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length !== 1) {
    throw new WeightsFormatError(
      `${source.name}: a zip archive with ${pickles.length} files NAME/data.pkl; expected one, as torch.save writes it.`,
    );
  }
  const folder = pickles[0].replace(/data\.pkl$/, "");
  const order = files.get(`${folder}byteorder`);
  if (
    order && new TextDecoder().decode(new ByteReader(source, order.offset).bytes(Math.min(order.size, 6))) === "big"
  ) {
    throw new WeightsFormatError(`${source.name}: its tensors are big-endian. Save it on a little-endian machine.`);
  }
  const storages = new Map<string, Storage>();
  const world = torchWorld(source.name, (type, key, size) => {
    const known = storages.get(key), name = `${folder}data/${key}`, file = files.get(name);
    if (known?.type === type && known.size === size) return known;
    const bytes = size * formatOf(type).bytes;
    if (!file || file.size < bytes) {
      throw new WeightsFormatError(
        `${source.name}: '${name}' ${
          file ? `has ${file.size} bytes` : "is missing"
        }, but its pickle says that it holds ` +
          `${bytes} bytes. The file is damaged.`,
      );
    }
    const storage = new Storage(source, name, type, size);
    storage.offset = file.offset;
    storages.set(key, storage);
    return storage;
  });
  const { offset, size } = files.get(pickles[0])!;
  return readPickle(new ByteReader(source, offset, offset + size), source.name, world);
}

async function storedFiles(source: ByteSource): Promise<Map<string, Stored>> {
  const files = new Map<string, Stored>();
  try {
    const zip = await fromRandomAccessReaderPromise(new SourceReader(source), source.size, { autoClose: false });
    if (zip.entryCount > MOST_FILES) throw new Error(`${zip.entryCount} files`);
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith("/")) continue;
      const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      if (/^[^/]+\/code\//.test(entry.fileName)) {
        throw new WeightsFormatError(
          `${source.name}: a TorchScript program, as torch.jit.save writes it. Save the tensors alone: ` +
            "torch.save(torch.jit.load(FILE).state_dict(), OTHER_FILE).",
        );
      }
      if (entry.compressionMethod !== 0) throw new Error(`'${entry.fileName}' is compressed`);
      if (entry.isEncrypted()) throw new Error(`'${entry.fileName}' is encrypted`);
      if (fileDataStart + entry.uncompressedSize > source.size) {
        throw new Error(`'${entry.fileName}' ends after the file`);
      }
      if (files.has(entry.fileName)) throw new Error(`two files are called '${entry.fileName}'`);
      files.set(entry.fileName, { offset: fileDataStart, size: entry.uncompressedSize });
    }
  } catch (error) {
    if (error instanceof WeightsFormatError) throw error;
    const { message } = error as Error;
    throw new WeightsFormatError(
      `${source.name}: not a zip archive as torch.save writes it (${message}). The file is truncated or damaged.`,
      { cause: error },
    );
  }
  return files;
}

/** A byte source as yauzl reads it. */
class SourceReader extends RandomAccessReader {
  readonly source: ByteSource;

  constructor(source: ByteSource) {
    super();
    this.source = source;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    const bytes = new Uint8Array(end - start);
    this.source.read(start, bytes);
    return Readable.from([bytes]);
  }

  override read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    let failed: Error | null = null;
    try {
      this.source.read(position, buffer.subarray(offset, offset + length));
    } catch (error) {
      failed = error as Error;
    }
    callback(failed);
  }
}
