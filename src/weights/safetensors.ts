import type { ByteSource } from "../io/source.ts";
import { formatOf, type NumericType } from "../tensor/element_type.ts";
import { sizeOf, storedTensor, type Tensor } from "../tensor/tensor.ts";
import { ByteReader } from "./byte_reader.ts";
import { WeightsFormatError } from "./errors.ts";

/** Longest header, bytes: that of 100,000 tensors. The format's own limit, 100 MB, would take gigabytes to parse. */
export const MOST_HEADER = 1 << 24;
/** Longest name of a tensor, characters, and most axes. */
const LONGEST_NAME = 1000, MOST_AXES = 64;
/** How deep a header is nested: tensors, what is said of each, its shape. */
const DEPTH = 3;

const TYPES: Readonly<Record<string, NumericType>> = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
  I16: "int16",
  I8: "int8",
  U64: "uint64",
  U32: "uint32",
  U16: "uint16",
  U8: "uint8",
  BOOL: "bool",
};

/** One tensor as the header describes it. */
interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** Whether a file may be safetensors: a header's length that fits, then `{`. */
export function looksLikeSafetensors(start: Uint8Array, size: number): boolean {
  if (start.length < 9 || start[8] !== 0x7b) return false;
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  return length <= BigInt(MOST_HEADER) && Number(length) + 8 <= size;
}

/**
 * Reads a safetensors file: the header's length, a JSON header, and the tensors one after another, without holes. The format
 * is these ten lines; npm has no kept parser that reads it from a file by range.
 *
 * @throws {WeightsFormatError} If the header is none, or tensors overlap, leave holes or do not fill the file.
 */
export function readSafetensors(source: ByteSource): Map<string, Tensor> {
  const refuse = (found: string): never => {
    throw new WeightsFormatError(`${source.name}: ${found}. Expected a safetensors file; this one is damaged.`);
  };
  const reader = new ByteReader(source), length = Number(reader.uint64());
  let header: Record<string, Entry> = {}, text = "";
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(reader.bytes(length));
    if (nesting(text) > DEPTH) throw new Error("nested more deeply than a header is");
    header = JSON.parse(text);
  } catch (error) {
    refuse(`its header of ${length} bytes is none (${(error as Error).message})`);
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) refuse(`its header describes '${twice.slice(0, LONGEST_NAME)}' twice`);
  const start = 8 + length;
  const entries = Object.entries(header).filter(([name]) => name !== "__metadata__");
  for (const [name, entry] of entries) {
    if (name.length > LONGEST_NAME) refuse(`its header has a name of ${name.length} characters`);
    if (!isEntry(entry)) refuse(`its header does not describe tensor '${name}'`);
  }
  entries.sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1]);
  let end = 0;
  for (const [name, { data_offsets: [from, to] }] of entries) {
    if (from !== end) refuse(`tensor '${name}' begins at byte ${start + from}, the one before ends at ${start + end}`);
    end = to;
  }
  if (start + end !== source.size) refuse(`its tensors end at byte ${start + end}, the file at ${source.size}`);
  return new Map(entries.map(([name, { dtype, shape, data_offsets: [from, to] }]) => {
    const type = Object.hasOwn(TYPES, dtype)
      ? TYPES[dtype]
      : refuse(`tensor '${name}' is of type ${dtype.slice(0, LONGEST_NAME)}, not known`);
    const bytes = sizeOf(shape) * formatOf(type).bytes;
    if (to - from !== bytes) refuse(`tensor '${name}' of shape [${shape}] needs ${bytes} bytes, it has ${to - from}`);
    return [name, storedTensor(type, shape, { read: (at, into) => source.read(start + from + at, into) })];
  }));
}

function isEntry(entry: Entry): boolean {
  const whole = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;
  return typeof entry?.dtype === "string" && Array.isArray(entry.shape) && entry.shape.length <= MOST_AXES &&
    entry.shape.every(whole) &&
    Array.isArray(entry.data_offsets) && entry.data_offsets.length === 2 && entry.data_offsets.every(whole) &&
    entry.data_offsets[0] <= entry.data_offsets[1];
}

/** Where each text of a JSON text begins and ends, quotes included, and each bracket. */
function* tokens(json: string): Generator<readonly [from: number, to: number]> {
  for (let at = 0; at < json.length; at++) {
    if (json[at] === '"') {
      const from = at++;
      for (; at < json.length && json[at] !== '"'; at++) if (json[at] === "\\") at++;
      yield [from, at + 1];
    } else if ("{}[]".includes(json[at])) yield [at, at + 1];
  }
}

/** How deep the brackets of a JSON text are nested. */
function nesting(json: string): number {
  let depth = 0, most = 0;
  for (const [at] of tokens(json)) {
    if (json[at] === "{" || json[at] === "[") most = Math.max(most, ++depth);
    else if (json[at] !== '"') depth--;
  }
  return most;
}

/** The first name that is twice in the outermost object of a JSON text, of which JSON.parse keeps the last only. */
function duplicateKey(json: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  for (const [from, to] of tokens(json)) {
    if (json[from] === "{" || json[from] === "[") depth++;
    else if (json[from] !== '"') depth--;
    else if (depth === 1 && /^\s*:/.test(json.slice(to, to + 20))) {
      const key: string = JSON.parse(json.slice(from, to));
      if (seen.has(key)) return key;
      seen.add(key);
    }
  }
  return undefined;
}
