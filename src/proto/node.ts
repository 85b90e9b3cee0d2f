import protobuf from "protobufjs";

/** What a NodeProto says, each text and message as its bytes. */
export interface NodeContent {
  /** The NodeProto. */
  readonly proto: Uint8Array;
  /** Names of inputs. */
  readonly inputs: readonly Uint8Array[];
  /** Names of outputs. */
  readonly outputs: readonly Uint8Array[];
  /** AttributeProtos. */
  readonly attributes: readonly Uint8Array[];
  /** Node name. */
  readonly name?: Uint8Array;
  /** Operator. */
  readonly opType?: Uint8Array;
  /** Operator domain. */
  readonly domain?: Uint8Array;
}

const DELIMITED = 2;

/** Reads a NodeProto once: a model has thousands. Throws where the bytes are no message. */
export function readNode(proto: Uint8Array): NodeContent {
  const reader = protobuf.Reader.create(proto);
  const inputs: Uint8Array[] = [], outputs: Uint8Array[] = [], attributes: Uint8Array[] = [];
  let name: Uint8Array | undefined, opType: Uint8Array | undefined, domain: Uint8Array | undefined;
  const content = () => {
    const length = reader.uint32(), start = reader.pos;
    reader.skip(length);
    return proto.subarray(start, start + length);
  };
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    switch (tag) {
      case 1 * 8 + DELIMITED:
        inputs.push(content());
        break;
      case 2 * 8 + DELIMITED:
        outputs.push(content());
        break;
      case 3 * 8 + DELIMITED:
        name = content();
        break;
      case 4 * 8 + DELIMITED:
        opType = content();
        break;
      case 5 * 8 + DELIMITED:
        attributes.push(content());
        break;
      case 7 * 8 + DELIMITED:
        domain = content();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  return { proto, inputs, outputs, attributes, name, opType, domain };
}
