import type protobuf from "./protobuf.ts";
import { messageType, PAYLOAD_FIELD, PAYLOAD_FIELDS, tensorPath } from "./schema.ts";
import type { Payload } from "./skeleton.ts";
import { concat, eachField, fieldBytes, varintBytes, varintFieldBytes, varintOf, type WireField } from "./wire.ts";

/** A piece of a file to be written: bytes, or the data of a tensor. */
export type Segment = Uint8Array | Payload;

/** A model laid out for writing. */
export interface Layout {
  /** The model file, in order. */
  readonly model: Segment[];
  /** The external data file, in order; empty where everything is inline. */
  readonly external: Segment[];
}

/** Where large tensors go when a model keeps its weights in a file of their own. */
export interface ExternalTarget {
  /** File name relative to the model's folder. */
  readonly location: string;
  /** Tensors of at least this many bytes go there. */
  readonly threshold: number;
}

const PAGE = 4096;
const FIELD_OF = new Map([...PAYLOAD_FIELDS].map(([number, kind]) => [kind, number]));

/** Number of bytes of a payload. */
function payloadLength(payload: Payload): number {
  return "range" in payload ? payload.range.length : payload.length;
}

/** Number of bytes of segments. */
export function segmentsLength(segments: readonly Segment[]): number {
  return segments.reduce((sum, part) => sum + (part instanceof Uint8Array ? part.length : payloadLength(part)), 0);
}

/** The fields whose packed form is plain elements, as raw data is. */
const PLAIN = ["raw_data", "float_data", "double_data"];

/** Puts the payloads back into a skeleton: the segments of the file, with every enclosing length corrected. */
export function layout(skeleton: Uint8Array, payloads: readonly Payload[], target?: ExternalTarget): Layout {
  const external: Segment[] = [];
  let externalBytes = 0;

  const entry = (key: string, value: string): Uint8Array => {
    const bytes = new TextEncoder().encode(value);
    return fieldBytes(13, concat([fieldBytes(1, new TextEncoder().encode(key)), fieldBytes(2, bytes)]));
  };
  const payload = (index: number): Segment[] => {
    const data = payloads[index], length = payloadLength(data);
    if (target && length >= target.threshold && PLAIN.includes(data.kind)) {
      const gap = (PAGE - externalBytes % PAGE) % PAGE;
      if (gap > 0) external.push(new Uint8Array(gap));
      const offset = externalBytes + gap;
      external.push(data);
      externalBytes = offset + length;
      return [
        entry("location", target.location),
        entry("offset", String(offset)),
        entry("length", String(length)),
        varintFieldBytes(14, 1),
      ];
    }
    return [concat([varintBytes(FIELD_OF.get(data.kind)! * 8 + 2), varintBytes(length)]), data];
  };
  const mayHoldPayload = payloadPlaces(skeleton);
  const message = (bytes: Uint8Array, type: protobuf.Type): { segments: Segment[]; length: number } | undefined => {
    if (!mayHoldPayload(bytes)) return undefined;
    const segments: Segment[] = [];
    let length = 0, copied = 0; // what lies between there and the next field that changes stays one segment
    const push = (segment: Segment) => {
      segments.push(segment);
      length += segmentsLength([segment]);
    };
    for (const field of eachField(bytes)) {
      const changed = changedField(field, type);
      if (!changed) continue;
      const start = field.bytes.byteOffset - bytes.byteOffset;
      if (start > copied) push(bytes.subarray(copied, start));
      changed.forEach(push);
      copied = start + field.bytes.length;
    }
    if (segments.length === 0) return undefined;
    if (copied < bytes.length) push(bytes.subarray(copied));
    return { segments, length };
  };
  const changedField = (field: WireField, type: protobuf.Type): Segment[] | undefined => {
    if (type.name === "TensorProto" && field.number === PAYLOAD_FIELD) return payload(varintOf(field));
    const inner = tensorPath(type, field.number), expanded = inner && field.content && message(field.content, inner);
    if (!expanded) return undefined;
    return [concat([varintBytes(field.number * 8 + 2), varintBytes(expanded.length)]), ...expanded.segments];
  };
  return { model: message(skeleton, messageType("ModelProto"))?.segments ?? [skeleton], external };
}

/** What stands for a payload in a skeleton begins with this. */
const TAG = varintBytes(PAYLOAD_FIELD * 8);

/** Tells whether there may be a payload in a part of a skeleton, parts from front to back: most nodes have none. */
function payloadPlaces(skeleton: Uint8Array): (part: Uint8Array) => boolean {
  let next = nextPlace(skeleton, 0);
  return ({ byteOffset, length }) => {
    const start = byteOffset - skeleton.byteOffset;
    if (next < start) next = nextPlace(skeleton, start);
    return next < start + length;
  };
}

function nextPlace(skeleton: Uint8Array, from: number): number {
  for (let at = skeleton.indexOf(TAG[0], from); at >= 0; at = skeleton.indexOf(TAG[0], at + 1)) {
    if (TAG.every((byte, index) => skeleton[at + index] === byte)) return at;
  }
  return Infinity;
}
