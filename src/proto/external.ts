import type protobuf from "protobufjs";
import { ModelFormatError } from "./errors.ts";
import { messageType, PAYLOAD_FIELD, tensorPath } from "./schema.ts";
import type { Skeleton, StoredPayload } from "./skeleton.ts";
import type { ByteSource } from "./source.ts";
import { concat, contentsOf, fieldBytes, varintFieldBytes, type WireField, wireFields } from "./wire.ts";

const EXTERNAL_DATA = 13, DATA_LOCATION = 14, EXTERNAL = 1, NAME = 8;
const text = new TextDecoder();

/** A skeleton in which the data of external files is referred to like any other. */
export interface ResolvedSkeleton extends Skeleton {
  /** Whether there were external files. */
  readonly isExternal: boolean;
  /** Bytes of data in external files. */
  readonly externalBytes: number;
}

/**
 * Replaces every reference to an external data file by the range itself. `resolve` opens a file by its location relative
 * to the model. Throws {@link ModelFormatError} where a range does not lie in its file.
 */
export function resolveExternal(skeleton: Skeleton, resolve: (location: string) => ByteSource): ResolvedSkeleton {
  const payloads = [...skeleton.payloads] as StoredPayload[];
  const sources = new Map<string, ByteSource>();
  let externalBytes = 0;

  const tensor = (fields: WireField[]): Uint8Array | undefined => {
    if (!fields.some(({ number, bytes }) => number === DATA_LOCATION && bytes[bytes.length - 1] === EXTERNAL)) return;
    const entries = new Map(
      contentsOf(fields, EXTERNAL_DATA).map((entry) => {
        const [key, value] = [1, 2].map((number) => text.decode(contentsOf(wireFields(entry), number)[0]));
        return [key, value];
      }),
    );
    const name = text.decode(contentsOf(fields, NAME)[0]);
    const location = entries.get("location");
    if (!location) throw new ModelFormatError(`tensor '${name}': its data is external, but no location is given.`);
    let source = sources.get(location);
    if (!source) sources.set(location, source = resolve(location));
    const offset = Number(entries.get("offset") ?? 0);
    const length = Number(entries.get("length") ?? source.size - offset);
    if (!(offset >= 0 && length >= 0 && offset + length <= source.size)) {
      throw new ModelFormatError(
        `tensor '${name}': its data is bytes ${offset} to ${offset + length} of '${location}', which has only ` +
          `${source.size}. The data file is truncated or not the one of this model.`,
      );
    }
    externalBytes += length;
    payloads.push({ kind: "raw_data", range: { source, offset, length } });
    const kept = fields.filter(({ number }) => number !== EXTERNAL_DATA && number !== DATA_LOCATION);
    return concat([...kept.map(({ bytes }) => bytes), varintFieldBytes(PAYLOAD_FIELD, payloads.length - 1)]);
  };
  const message = (bytes: Uint8Array, type: protobuf.Type): Uint8Array | undefined => {
    const fields = wireFields(bytes);
    if (type.name === "TensorProto") return tensor(fields);
    let changed = false;
    const parts = fields.map((field) => {
      const inner = field.content && tensorPath(type, field.number);
      const replaced = inner && message(field.content!, inner);
      if (!replaced) return field.bytes;
      changed = true;
      return fieldBytes(field.number, replaced);
    });
    return changed ? concat(parts) : undefined;
  };
  const bytes = message(skeleton.bytes, messageType("ModelProto")) ?? skeleton.bytes;
  return { bytes, payloads, isExternal: sources.size > 0, externalBytes };
}
