import protobuf from "./protobuf.ts";
import { contentAt } from "./wire.ts";

/** What a NodeProto says, messages and other texts as their bytes. */
export interface NodeContent {
  /** The NodeProto. */
  readonly proto: Uint8Array;
  /** Names of inputs. */
  readonly inputs: readonly string[];
  /** Names of outputs. */
  readonly outputs: readonly string[];
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

/** Reads a NodeProto once: a model has thousands. `nameOf` reads a name. Throws where the bytes are no message. */
export function readNode(proto: Uint8Array, nameOf: (bytes: Uint8Array) => string): NodeContent {
  const reader = protobuf.Reader.create(proto);
  const inputs: string[] = [], outputs: string[] = [], attributes: Uint8Array[] = [];
  let name: Uint8Array | undefined, opType: Uint8Array | undefined, domain: Uint8Array | undefined;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    switch (tag) {
      case 1 * 8 + DELIMITED:
        inputs.push(nameOf(contentAt(reader)));
        break;
      case 2 * 8 + DELIMITED:
        outputs.push(nameOf(contentAt(reader)));
        break;
      case 3 * 8 + DELIMITED:
        name = contentAt(reader);
        break;
      case 4 * 8 + DELIMITED:
        opType = contentAt(reader);
        break;
      case 5 * 8 + DELIMITED:
        attributes.push(contentAt(reader));
        break;
      case 7 * 8 + DELIMITED:
        domain = contentAt(reader);
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  // what an array grew by stays with it, and all nodes are read before the first is made
  return {
    proto,
    inputs: inputs.slice(),
    outputs: outputs.slice(),
    attributes: attributes.slice(),
    name,
    opType,
    domain,
  };
}
