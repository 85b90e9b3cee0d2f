import type protobuf from "./protobuf.ts";
import { ModelFormatError } from "../io/errors.ts";
import { type KnownFormat, knownFormat } from "../io/known_format.ts";
import { messageAt, messageType, PAYLOAD_FIELD, PAYLOAD_FIELDS, type PayloadKind } from "./schema.ts";
import type { ByteRange, ByteSource } from "../io/source.ts";
import { concat, varintBytes, varintFieldBytes } from "./wire.ts";

/** Element data that stayed in its source. */
export interface StoredPayload {
  /** The field it came from. */
  readonly kind: PayloadKind;
  /** Where its bytes are. */
  readonly range: ByteRange;
}

/** Element data that is computed while it is written. */
export interface ComputedPayload {
  /** New data is always raw. */
  readonly kind: "raw_data";
  /** Number of bytes that `chunks` will give. */
  readonly length: number;
  /** The bytes in order, in chunks that are reused: take what you need before you ask for the next. */
  chunks(): Iterable<Uint8Array>;
  /** What it is computed from, for the one who made it; never looked at here. */
  readonly origin: unknown;
}

/** The element data of a tensor. */
export type Payload = StoredPayload | ComputedPayload;

/** A model without its weights: the same bytes, with each element payload replaced by its number in `payloads`. */
export interface Skeleton {
  /** A ModelProto in which `TensorProto.payload` stands for the element data. */
  readonly bytes: Uint8Array;
  /** The element data, by number. */
  readonly payloads: Payload[];
}

/** Payloads shorter than this stay in the skeleton: a range costs more than it saves. */
const INLINE_BYTES = 16;
/** How much is read ahead: at first, since the next payload may begin behind a few fields, and where that was all used. */
const FIRST_BYTES = 1 << 13, WINDOW_BYTES = 1 << 16;
/** The greatest number of a field. */
const LAST_FIELD = 2 ** 29 - 1;
/** Protobuf's own limit, in ONNX Runtime and everywhere else. */
const DEEPEST = 100;

/** What else people take for an ONNX model. */
const OTHERS: readonly KnownFormat[] = [
  ["PK\x03\x04", "a zip archive, as PyTorch and Keras save models: export one to ONNX (docs/export.md)"],
  ["\x80", "a pickle, as PyTorch saves models: export one to ONNX (docs/export.md)"],
  ["TFL3", "TensorFlow Lite: tf2onnx converts it", 4],
  ["ORTM", "ONNX Runtime's own format: take the ONNX file it was made of", 4],
  ["{", "safetensors, weights without a graph: layerfuse build ARCH --weights FILE takes them", 8],
  ["{", "JSON"],
];

/** A cursor over a source, through one small window, so that skipped bytes are never read. */
class Cursor {
  position = 0;
  #window: Uint8Array;
  #start = 0;
  #filled = 0;

  readonly source: ByteSource;

  constructor(source: ByteSource) {
    this.source = source;

    this.#window = new Uint8Array(Math.min(WINDOW_BYTES, source.size));
  }

  byte(): number {
    let at = this.position - this.#start;
    if (at < 0 || at >= this.#filled) {
      if (this.position >= this.source.size) this.fail("the file ends inside a field");
      const isNext = this.position === this.#start + this.#filled;
      this.#start = this.position;
      this.#filled = Math.min(isNext ? WINDOW_BYTES : FIRST_BYTES, this.source.size - this.position);
      this.source.read(this.#start, this.#window.subarray(0, this.#filled));
      at = 0;
    }
    this.position++;
    return this.#window[at];
  }

  /** A varint as a number: exact up to 2^53, which every tag and length is. */
  varint(): number {
    let value = 0;
    for (let shift = 1, count = 0; count < 10; shift *= 128, count++) {
      const byte = this.byte();
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
    return this.fail("a varint is longer than 10 bytes");
  }

  fail(what: string): never {
    const start = new Uint8Array(Math.min(64, this.source.size));
    this.source.read(0, start);
    const other = knownFormat(start, OTHERS);
    if (other) throw new ModelFormatError(`${this.source.name}: not an ONNX model: it is ${other}.`);
    throw new ModelFormatError(
      `${this.source.name}: not a whole ONNX model: ${what} (byte ${this.position} of ${this.source.size}). ` +
        `Was it downloaded or exported completely?`,
    );
  }
}

/** Reads the skeleton of a model, walking the wire format and seeking past every element payload. */
export function readSkeleton(source: ByteSource): Skeleton {
  const cursor = new Cursor(source);
  const payloads: Payload[] = [];
  const type = messageType("ModelProto");
  if (source.size === 0) throw new ModelFormatError(`${source.name}: is empty, expected an ONNX model.`);
  const changed = walk(cursor, type, source.size, payloads);
  return {
    bytes: read(source, changed ?? { pieces: [{ start: 0, end: source.size }], length: source.size }),
    payloads,
  };
}

/** What a message becomes: bytes of its source that stay as they are, and others. */
interface Changed {
  readonly pieces: ({ readonly start: number; readonly end: number } | Uint8Array)[];
  /** Number of bytes. */
  length: number;
}

/** The bytes of a changed message, read once each: a doc string may be as large as the weights. */
function read(source: ByteSource, { pieces, length }: Changed): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    const end = at + (piece instanceof Uint8Array ? piece.length : piece.end - piece.start);
    if (piece instanceof Uint8Array) bytes.set(piece, at);
    else source.read(piece.start, bytes.subarray(at, end));
    at = end;
  }
  return bytes;
}

/** Where the element payloads of a model lie. */
export function payloadRanges(source: ByteSource): ByteRange[] {
  return readSkeleton(source).payloads.flatMap((payload) => "range" in payload ? [payload.range] : []);
}

/** Goes through a message up to `end`, and all messages in it; undefined where nothing of it changes. */
function walk(
  cursor: Cursor,
  type: protobuf.Type,
  end: number,
  payloads: Payload[],
  depth = 1,
): Changed | undefined {
  if (depth > DEEPEST) {
    cursor.fail(`messages lie in one another deeper than ${DEEPEST}, the most that any runtime reads`);
  }
  const changed: Changed = { pieces: [], length: 0 }, isTensor = type.name === "TensorProto";
  let copied = cursor.position; // what lies between there and the next field that changes stays as it is
  const copyTo = (to: number) => {
    if (to <= copied) return;
    changed.pieces.push({ start: copied, end: to });
    changed.length += to - copied;
  };
  const put = (bytes: Uint8Array) => {
    changed.pieces.push(bytes);
    changed.length += bytes.length;
  };
  while (cursor.position < end) {
    const start = cursor.position;
    const tag = cursor.varint();
    const field = Math.floor(tag / 8), wire = tag % 8;
    if (field === 0 || field > LAST_FIELD || field === PAYLOAD_FIELD && isTensor) {
      cursor.fail(`field number ${field} in a ${type.name}`);
    }
    if (wire === 2) {
      const length = cursor.varint();
      if (cursor.position + length > end) {
        cursor.fail(
          `field ${field} of a ${type.name} says it has ${length} bytes, but only ${end - cursor.position} are left`,
        );
      }
      const kind = isTensor && length >= INLINE_BYTES ? PAYLOAD_FIELDS.get(field) : undefined;
      const inner = kind ? undefined : messageAt(type, field);
      if (kind) {
        copyTo(start);
        put(varintFieldBytes(PAYLOAD_FIELD, payloads.length));
        payloads.push({ kind, range: { source: cursor.source, offset: cursor.position, length } });
        cursor.position += length;
        copied = cursor.position;
      } else if (inner) {
        const within = walk(cursor, inner, cursor.position + length, payloads, depth + 1);
        if (!within) continue;
        copyTo(start);
        put(concat([varintBytes(field * 8 + 2), varintBytes(within.length)]));
        for (const piece of within.pieces) changed.pieces.push(piece);
        changed.length += within.length;
        copied = cursor.position;
      } else cursor.position += length;
    } else {
      if (wire === 0) cursor.varint();
      else if (wire === 1) cursor.position += 8;
      else if (wire === 5) cursor.position += 4;
      else cursor.fail(`field ${field} of a ${type.name} has wire type ${wire}`);
      if (cursor.position > end) cursor.fail(`field ${field} of a ${type.name} ends after its message`);
    }
  }
  if (changed.pieces.length === 0) return undefined;
  copyTo(end);
  return changed;
}
