import { random } from "../../onnx_model.ts";
import { as, type Example, type ExampleInit, floats, positive, TYPE, wholes } from "../example.ts";

/**
 * Examples of any operator with `least` to `most` inputs and no attributes it needs: floats, whole numbers and booleans of
 * shapes that broadcast. ONNX Runtime says which of them are examples.
 */
export function genericExamples(least: number, most: number, { opset, seed }: ExampleInit): Example[] {
  const examples: Example[] = [];
  const counts = new Set([Math.max(1, least), Math.min(Math.max(1, most), 3)]);
  const shapes = [[2, 3, 4], [3, 1], [1, 4]];
  for (const count of counts) {
    const inputs = Array.from({ length: count }, (_, index) => random(shapes[index] ?? [4], seed + index));
    const equal = inputs.map((_, index) => random([2, 3], seed + 7 + index));
    examples.push({ inputs: equal });
    if (opset >= 8) examples.push({ inputs });
    examples.push({ inputs: equal.map((_, index) => as(TYPE.double, random([3, 2], seed + 9 + index))) });
    examples.push({ inputs: equal.map((_, index) => as(TYPE.float16, random([3, 2], seed + 9 + index))) });
    examples.push({ inputs: equal.map((_, index) => wholes(1, 9, [3, 4], TYPE.int64, seed + index)) });
    examples.push({ inputs: equal.map((_, index) => wholes(-9, 9, [2, 2], TYPE.int32, seed + index)) });
    examples.push({ inputs: equal.map((_, index) => wholes(0, 9, [2, 2], TYPE.uint8, seed + index)) });
    examples.push({ inputs: equal.map((_, index) => wholes(0, 1, [2, 3], TYPE.bool, seed + index)) });
    if (opset >= 8) {
      examples.push({ inputs: inputs.map(({ dims }, index) => wholes(0, 1, dims, TYPE.bool, seed + index)) });
    }
  }
  examples.push({ inputs: Array.from({ length: Math.max(1, least) }, () => positive(2, 3)) });
  examples.push({ inputs: Array.from({ length: Math.max(1, least) }, () => floats()) });
  return examples;
}
