import type protobuf from "./protobuf.ts";
import { TEXT } from "./text.ts";
import { ModelFormatError } from "../io/errors.ts";
import { messageType, PAYLOAD_FIELD, PAYLOAD_FIELDS, tensorPath } from "./schema.ts";
import { readSkeleton, type Skeleton, type StoredPayload } from "./skeleton.ts";
import type { ByteSource } from "../io/source.ts";
import {
  concat,
  contentsOf,
  eachField,
  fieldBytes,
  int64Of,
  packedInt64,
  varintFieldBytes,
  type WireField,
  wireFields,
} from "./wire.ts";

const FIELD = { dims: 1, dataType: 2, name: 8, externalData: 13, dataLocation: 14 } as const;
const EXTERNAL = 1;
/** The keys that ONNX Runtime knows; any other is an error there. */
const KEYS = ["location", "offset", "length", "checksum"];

/** Bits of an element by TensorProto.DataType; strings and unknown types are left out. */
const BITS: Record<number, number> = {
  ...{ 1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128, 16: 16 },
  ...{ 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2 },
};

/** A skeleton in which the data of external files is referred to like any other. */
export interface ResolvedSkeleton extends Skeleton {
  /** Whether there were external files. */
  readonly isExternal: boolean;
  /** The files. */
  readonly sources: readonly ByteSource[];
}

/**
 * Replaces every reference to an external data file by the range itself, as ONNX Runtime reads it: data that stands in the
 * tensor beside the reference is not looked at. `resolve` opens a file by its location relative to the model. Throws
 * {@link ModelFormatError} for an entry the runtime would not read, and where a range does not lie in its file.
 */
export function resolveExternal(
  skeleton: Skeleton,
  model: string,
  resolve: (location: string) => ByteSource,
): ResolvedSkeleton {
  const payloads = [...skeleton.payloads] as StoredPayload[];
  const sources = new Map<string, ByteSource>();
  const bytes = mapExternal(skeleton.bytes, (fields) => {
    const { name, location, offset, length: given } = entriesOf(fields, model);
    let source = sources.get(location);
    if (!source) sources.set(location, source = resolve(location));
    const length = given || (bytesOf(fields) ?? source.size - offset);
    if (!(offset + length <= source.size)) {
      throw new ModelFormatError(
        `${model}: tensor '${name}': its data is bytes ${offset} to ${
          offset + length
        } of '${location}', which has only ` +
          `${source.size}. The data file is truncated or not the one of this model.`,
      );
    }
    payloads.push({ kind: "raw_data", range: { source, offset, length } });
    const gone: number[] = [FIELD.externalData, FIELD.dataLocation, PAYLOAD_FIELD, ...PAYLOAD_FIELDS.keys()];
    const kept = fields.filter(({ number }) => !gone.includes(number));
    return concat([...kept.map(({ bytes }) => bytes), varintFieldBytes(PAYLOAD_FIELD, payloads.length - 1)]);
  });
  return { bytes, payloads, isExternal: sources.size > 0, sources: [...sources.values()] };
}

/** The data files a model refers to, as it names them. Throws {@link ModelFormatError} where it is no model. */
export function externalLocations(source: ByteSource): Set<string> {
  const locations = new Set<string>();
  mapExternal(readSkeleton(source).bytes, (fields) => {
    locations.add(entriesOf(fields, source.name).location);
    return undefined;
  });
  return locations;
}

/** A model with each tensor whose data is external replaced by what `change` makes of its fields, where it makes something. */
function mapExternal(skeleton: Uint8Array, change: (fields: WireField[]) => Uint8Array | undefined): Uint8Array {
  const message = (bytes: Uint8Array, type: protobuf.Type): Uint8Array | undefined => {
    if (type.name === "TensorProto") {
      const fields = wireFields(bytes);
      const location = fields.findLast(({ number }) => number === FIELD.dataLocation);
      return location && int64Of(location) === EXTERNAL ? change(fields) : undefined;
    }
    const parts: Uint8Array[] = [];
    let copied = 0;
    for (const field of eachField(bytes)) {
      const inner = tensorPath(type, field.number), replaced = inner && field.content && message(field.content, inner);
      if (!replaced) continue;
      const start = field.bytes.byteOffset - bytes.byteOffset;
      parts.push(bytes.subarray(copied, start), fieldBytes(field.number, replaced));
      copied = start + field.bytes.length;
    }
    return copied > 0 ? concat([...parts, bytes.subarray(copied)]) : undefined;
  };
  return message(skeleton, messageType("ModelProto")) ?? skeleton;
}

/** What a tensor says of its data file; `length` is 0 where it does not say. */
function entriesOf(fields: readonly WireField[], model: string) {
  const name = TEXT.decode(contentsOf(fields, FIELD.name).at(-1));
  const fail = (reason: string): never => {
    throw new ModelFormatError(`${model}: tensor '${name}': its data is external, but ${reason}.`);
  };
  const entries = new Map<string, string>();
  for (const entry of contentsOf(fields, FIELD.externalData)) {
    const [key, value] = [1, 2].map((number) => TEXT.decode(contentsOf(wireFields(entry), number).at(-1)));
    if (!KEYS.includes(key)) fail(`'${key}' is none of ${KEYS.join(", ")}`);
    if (key === "location" && entries.has(key)) fail("it has two locations");
    entries.set(key, value);
  }
  const count = (key: string) => {
    const value = entries.get(key) ?? "0", number = Number(value);
    if (!/^\d+$/.test(value) || !Number.isSafeInteger(number)) {
      fail(`its ${key} '${value}' is no whole number of bytes`);
    }
    return number;
  };
  const location = entries.get("location") || fail("no location is given");
  return { name, location, offset: count("offset"), length: count("length") };
}

/** How many bytes a tensor of its type and shape has; undefined where that is not known. */
function bytesOf(fields: readonly WireField[]): number | undefined {
  const dims = fields.filter(({ number }) => number === FIELD.dims).flatMap((field) =>
    field.content ? packedInt64(field.content).map(Number) : [int64Of(field)]
  );
  const type = fields.findLast(({ number }) => number === FIELD.dataType);
  const bits = type && BITS[int64Of(type)];
  return bits && Math.ceil(dims.reduce((product, dim) => product * dim, bits) / 8);
}
