/** The bytes are not an ONNX model, or not a whole one. The message names the source, the byte and what was expected. */
export class ModelFormatError extends Error {
  /** The error's name, `ModelFormatError`. */
  override readonly name = "ModelFormatError";
}
