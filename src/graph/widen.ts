import { messageType } from "../proto/schema.ts";
import { concat, fieldBytes, int64Of, varintFieldBytes, type WireField, wireFields } from "../proto/wire.ts";
import type { ExportedModel } from "./export.ts";
import { textOf } from "./function_body.ts";
import type { ImportedModel } from "./import.ts";
import { elementCode, exportTensor, importTensor } from "./tensor_proto.ts";

const FLOAT32 = elementCode("float32"), NARROW = [elementCode("float16"), elementCode("bfloat16")];

/** Attributes that name an element type. */
const TYPE_ATTRIBUTES = new Set(["to", "dtype", "output_dtype", "stash_type", "output_datatype"]);

/** The same model computing in float32 whatever it computes in float16 or bfloat16: the same weights, inputs and outputs of another type. */
export function widened(model: ImportedModel): ExportedModel {
  const payloads = [...model.payloads];
  /** Field by field, `ofType` being what the message is. */
  const walk = (fields: readonly WireField[], ofType: string): Uint8Array => {
    const type = messageType(ofType);
    return concat(fields.map((field) => {
      const { number, content, bytes } = field, declared = type.fieldsById[number];
      const isDropped = (ofType === "GraphProto" || ofType === "FunctionProto") && declared?.name === "value_info";
      if (isDropped) return new Uint8Array();
      if (isElementType(ofType, fields, declared?.name)) {
        return NARROW.includes(int64Of(field)) ? varintFieldBytes(number, FLOAT32) : bytes;
      }
      const inner = declared?.resolvedType;
      if (!content || !inner || !("fieldsById" in inner)) return bytes;
      const within = wireFields(content);
      const isNarrow = inner.name === "TensorProto" &&
        within.some((one) => one.number === 2 && NARROW.includes(int64Of(one)));
      return fieldBytes(number, isNarrow ? tensor(content) : walk(within, inner.fullName.replace(/^\.?onnx\./, "")));
    }));
  };
  const tensor = (proto: Uint8Array): Uint8Array => {
    const { name, tensor: { origin: _, ...narrow } } = importTensor(proto, model.payloads);
    return exportTensor(name, { ...narrow, type: "float32" }, payloads);
  };
  return { skeleton: walk(model.wire, "ModelProto"), payloads };
}

/** Whether a field holds the number of an element type. */
function isElementType(ofType: string, fields: readonly WireField[], name: string | undefined): boolean {
  if (ofType === "AttributeProto") return name === "i" && TYPE_ATTRIBUTES.has(textOf(fields, 1));
  return ofType.startsWith("TypeProto") && name === "elem_type" && !ofType.endsWith("Sequence");
}
