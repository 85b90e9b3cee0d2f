/** ONNX's messages as protobufjs reads and writes them: what tests make does not depend on what is tested. */
import protobuf from "protobufjs";
import { ONNX_PROTO } from "../src/proto/onnx_proto.ts";

const root = protobuf.parse(ONNX_PROTO, { keepCase: true }).root.resolveAll();

/** An ONNX message type, such as `NodeProto`. */
export function messageType(name: string): protobuf.Type {
  return root.lookupType(`onnx.${name}`);
}
