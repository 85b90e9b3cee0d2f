import { floatAttribute } from "../../graph/attribute.ts";
import type { Node, Value } from "../../graph/graph.ts";
import { valuesOf } from "../../tensor/tensor.ts";
import type { Builder } from "../builder.ts";
import { constantOf, notConstant } from "../constant.ts";
import { Skip } from "../skip.ts";
import { emitOnBlocks } from "./blocked_value.ts";

/** Operators that multiply what is below zero by a slope per channel. */
export const SLOPED: readonly string[] = ["PRelu"];

/** max(0, x) + s·min(0, x) with a slope s per channel of an image. */
export interface Slopes {
  /** What it is applied to. */
  readonly x: Value;
  /** One slope per channel; one alone where they are equal. */
  readonly slopes: Float64Array;
}

/** The slopes of a node, or why they are none of channels. */
export function slopesOf(node: Node): Slopes | Skip {
  const [x, slope] = node.inputs, tensor = constantOf(slope), channels = x?.shape?.[1];
  if (!tensor) return notConstant("its slope is", slope);
  if (x?.shape?.length !== 4 || typeof channels !== "number" || node.opset < 9) {
    return new Skip("unsupported-form", "it is not known to be applied to an image of so many channels");
  }
  const slopes = valuesOf(tensor), dims = [...new Array<number>(4 - tensor.dims.length).fill(1), ...tensor.dims];
  if (slopes.every((value) => value === slopes[0])) return { x, slopes: slopes.slice(0, 1) };
  if (dims.length === 4 && dims[1] === channels && tensor.size === channels) return { x, slopes };
  return new Skip("not-per-channel", `its slope of shape [${tensor.dims}] is not one number per channel`);
}

/** max(0, x) + s·min(0, x) with one slope for all channels, which a convolution does as it stores its result. */
export function emitOneSlope({ name, output }: Node, x: Value, slope: number, build: Builder): Value {
  return build.node("LeakyRelu", [x], { name, output: output.name, attributes: [floatAttribute("alpha", slope)] });
}

/** a·max(0, x) + b·x per channel, with a = 1 where it is absent. */
export function emitSlopes(
  { name, output }: Node,
  x: Value,
  { a, b }: { a?: Float64Array; b: Float64Array },
  build: Builder,
): Value {
  const part = (role: string) => name && `${name}/${role}`;
  const scaled = (value: Value, scale: Float64Array, role: string) =>
    emitOnBlocks(value, { scale }, { name: part(role), constants: output.name, scale: role }, build);
  const positive = build.node("Relu", [x], { name: part("Relu") });
  const sum = [a ? scaled(positive, a, "positive") : positive, scaled(x, b, "scale")];
  return build.node("Add", sum, { name, output: output.name });
}
