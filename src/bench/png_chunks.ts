import { Buffer } from "node:buffer";
import { inflateSync } from "node:zlib";

/** Chunks that pixels are made of, and the most bytes that one of them may have: of others a decoder unpacks what it is given. */
const NEEDED: Readonly<Record<string, number>> = { IHDR: 13, PLTE: 3 * 256, tRNS: 256, IDAT: Infinity, IEND: 0 };

/** Samples of a pixel by colour type. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** Where the rows of each pass of an interlaced picture begin and how far they lie apart: x, y, dx, dy. */
const INTERLACED = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];
const WHOLE = [[0, 0, 1, 1]];

/** Bytes that some encoders leave behind the last row. */
const MOST_BEHIND = 1 << 16;

/** What the header of a PNG says. */
interface Header {
  readonly width: number;
  readonly height: number;
  /** Bits of a pixel. */
  readonly bits: number;
  readonly isInterlaced: boolean;
}

/**
 * A PNG with nothing but what its pixels are made of, which unpack to the size that its header says: a file of a few megabytes may
 * hide gigabytes, in them or in a colour profile.
 *
 * @throws {Error} If it is damaged, or its rows unpack to another size than its header says.
 */
export function pixelsOnly(png: Uint8Array): Uint8Array {
  const parts = [png.subarray(0, 8)], packed: Uint8Array[] = [], seen = new Set<string>();
  let header: Header | undefined;
  for (const { type, content, bytes } of chunksOf(png)) {
    if (!Object.hasOwn(NEEDED, type)) continue;
    if ((type === "IHDR") !== !header) throw new Error(`a PNG with ${header ? "two headers" : "no header in front"}`);
    if (content.length > NEEDED[type] || type !== "IDAT" && seen.has(type)) {
      throw new Error(`a PNG with a ${type} too much`);
    }
    seen.add(type);
    if (type === "IDAT") packed.push(content);
    header ??= headerOf(content);
    parts.push(bytes);
  }
  if (!header || !seen.has("IEND")) throw new Error("a PNG that is not whole");
  const wanted = unpackedBytes(header);
  if (unpackedLength(packed, wanted + MOST_BEHIND) < wanted) throw new Error("a PNG that is not whole");
  return Buffer.concat(parts);
}

function headerOf(content: Uint8Array): Header {
  if (content.length < NEEDED.IHDR) throw new Error("a PNG that is not whole");
  const view = viewOf(content), bits = content[8] * (CHANNELS[content[9]] ?? 1);
  return { width: view.getUint32(0), height: view.getUint32(4), bits, isInterlaced: content[12] === 1 };
}

/** Bytes of all rows, each with the byte in front that says how it is filtered. */
function unpackedBytes({ width, height, bits, isInterlaced }: Header): number {
  let sum = 0;
  for (const [x, y, dx, dy] of isInterlaced ? INTERLACED : WHOLE) {
    const columns = Math.ceil((width - x) / dx), rows = Math.ceil((height - y) / dy);
    if (columns > 0 && rows > 0) sum += rows * (1 + Math.ceil(columns * bits / 8));
  }
  return sum;
}

/** How many bytes some zlib data unpacks to. @throws {Error} If it is damaged, or has more of them than `most`. */
function unpackedLength(packed: readonly Uint8Array[], most: number): number {
  try {
    return inflateSync(Buffer.concat(packed), { maxOutputLength: most }).length;
  } catch (error) {
    throw new Error("a PNG whose packed rows are damaged, or more than its header says", { cause: error });
  }
}

function* chunksOf(png: Uint8Array): Generator<{ type: string; content: Uint8Array; bytes: Uint8Array }> {
  const view = viewOf(png);
  for (let at = 8; at + 12 <= png.length;) {
    const end = at + 12 + view.getUint32(at), type = String.fromCharCode(...png.subarray(at + 4, at + 8));
    if (end > png.length) return;
    yield { type, content: png.subarray(at + 8, end - 4), bytes: png.subarray(at, end) };
    if (type === "IEND") return;
    at = end;
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
