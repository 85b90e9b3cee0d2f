/** Path of a trained network in tests/fixtures. */
import { fileURLToPath } from "node:url";

export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}.onnx`, import.meta.url));
}
