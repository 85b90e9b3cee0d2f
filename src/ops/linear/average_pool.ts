import type { Dim, Node } from "../../graph/graph.ts";
import { filledTensor, sizeOf } from "../../tensor/tensor.ts";
import { Skip } from "../skip.ts";
import { isUnpadded, windowOf } from "../window.ts";
import { type AxisWindow, axisWindows, extent, whyTooLarge } from "./axis_window.ts";
import { Convolution, spatialOf } from "./convolution.ts";
import { weightlessParts } from "./linear_parts.ts";

/** More channels are a claim: nothing that is stored says so much. */
const MOST_CHANNELS = 1 << 20;

/** An average pool whose windows all have the same divisor: a depthwise convolution by 1/k without weights of its own. */
export function averagePoolLinear(node: Node): Convolution | Skip | undefined {
  const x = node.inputs[0]!, kernel = node.numbers("kernel_shape"), channels = x.shape?.[1], { type } = x;
  if (!kernel || typeof channels !== "number" || !type || node.outputs.length !== 1) return undefined;
  if (channels > MOST_CHANNELS) {
    return new Skip("not-cheaper", `a weight of ${channels} channels would have to be written out for ${node.label}`);
  }
  const window = windowOf(node, kernel, spatialOf(x)), axes = axisWindows(window, node.label), size = sizeOf(kernel);
  if (axes instanceof Skip) return axes;
  const large = whyTooLarge(kernel, node.label);
  if (large) return large;
  if (!isUnpadded(window) && (node.number("count_include_pad", 0) === 0 || window.isSame)) {
    return new Skip(
      "shift-at-border",
      `${node.label} does not count padded cells, so its windows at the border have another divisor`,
    );
  }
  if (window.ceil && axes.some((axis, at) => !isFilled(axis, spatialOf(x)?.[at] ?? null))) {
    return new Skip(
      "shift-at-border",
      `${node.label} may have partial windows at the end (ceil_mode), which have another divisor`,
    );
  }
  return new Convolution({
    ...weightlessParts(node, filledTensor(type, [channels, 1, ...kernel], 1 / size)),
    x,
    work: { macs: channels * size, parameters: 0 },
    group: channels,
    window: { ...window, ceil: false },
  });
}

/** Whether the last window ends where the padded input does. */
function isFilled(axis: AxisWindow, length: Dim): boolean {
  return typeof length === "number" && (length + axis.begin + axis.end - extent(axis) - 1) % axis.stride === 0;
}
