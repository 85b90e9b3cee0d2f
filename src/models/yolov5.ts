import type { Value } from "../graph/graph.ts";
import { TO_THE_END } from "./attention.ts";
import { conv, upsample } from "./layers.ts";
import type { Network } from "./network.ts";
import { fixed, type Recipe } from "./recipe.ts";
import { reshape } from "./tokens.ts";
import { bottleneck, concat, convBlock, pool } from "./yolo.ts";

const SIZE = 320;
/** Three anchors a position, each with a box, an objectness and 80 classes. */
const OUTPUTS = 3 * 85;

/**
 * YOLOv5s of release 5.0 (Jocher et al., 2021) with the Focus that it begins with, and the neck whose upsampled maps are
 * concatenated with those of the backbone; its heads without the decoding of boxes.
 * [1, 3, 320, 320] → [1, 255, 2100].
 */
function yolov5sFocus(network: Network): Value {
  const at = (index: number) => `model.${index}`;
  const cv = (x: Value, index: number, out: number, kernel = 3, stride = 2) =>
    convBlock(network, x, at(index), { out, kernel, stride });
  const block = (x: Value, index: number, out: number, count: number, hasShortcut = true) =>
    c3(network, x, at(index), out, count, hasShortcut);
  let x = cv(block(cv(focus(network, at(0), 32), 1, 64), 2, 64, 1), 3, 128);
  const fine = block(x, 4, 128, 3), middle = block(cv(fine, 5, 256), 6, 256, 3);
  x = block(pyramid(network, cv(middle, 7, 512), at(8)), 9, 512, 1, false);

  const coarse = cv(x, 10, 256, 1, 1);
  x = concat(network, [upsample(network, coarse, at(11)), middle], at(12));
  const between = cv(block(x, 13, 256, 1, false), 14, 128, 1, 1);
  x = concat(network, [upsample(network, between, at(15)), fine], at(16));
  const small = block(x, 17, 128, 1, false);
  const medium = block(concat(network, [cv(small, 18, 128), between], at(19)), 20, 256, 1, false);
  const large = block(concat(network, [cv(medium, 21, 256), coarse], at(22)), 23, 512, 1, false);
  return heads(network, [small, medium, large], at(24));
}

/** Every second pixel of every second row, four times, as channels; then a Conv. */
function focus(network: Network, path: string, out: number): Value {
  const every = (x: Value, from: number, axis: number) => {
    const bounds = [from, TO_THE_END, axis, 2].map((value) => network.literal(path, "int64", [value]));
    const sizes = x.shape!.map((size, at) => at === axis ? size as number / 2 : size);
    return network.shaped(network.op("Slice", [x, ...bounds], path), sizes);
  };
  const even = every(network.input, 0, 2), first = every(even, 0, 3);
  const odd = every(network.input, 1, 2), second = every(odd, 0, 3);
  const joined = concat(network, [first, second, every(even, 1, 3), every(odd, 1, 3)], path);
  return convBlock(network, joined, `${path}.conv`, { out, kernel: 3 });
}

function c3(network: Network, x: Value, path: string, out: number, count: number, hasShortcut: boolean): Value {
  let y = convBlock(network, x, `${path}.cv1`, { out: out / 2 });
  for (let index = 0; index < count; index++) y = bottleneck(network, y, `${path}.m.${index}`, 1, hasShortcut);
  const beside = convBlock(network, x, `${path}.cv2`, { out: out / 2 });
  return convBlock(network, concat(network, [y, beside], path), `${path}.cv3`, { out });
}

/** Spatial pyramid pooling: max pooling of three sizes beside one another. */
function pyramid(network: Network, x: Value, path: string): Value {
  const width = network.channels(x), y = convBlock(network, x, `${path}.cv1`, { out: width / 2 });
  const pooled = [5, 9, 13].map((kernel, index) => pool(network, y, `${path}.m.${index}`, kernel));
  return convBlock(network, concat(network, [y, ...pooled], path), `${path}.cv2`, { out: width });
}

function heads(network: Network, levels: readonly Value[], path: string): Value {
  const maps = levels.map((x, index) => {
    const y = conv(network, x, `${path}.m.${index}`, { out: OUTPUTS, bias: true, init: "default" });
    return reshape(network, y, path, [network.size(y, 0), OUTPUTS, -1]);
  });
  return concat(network, maps, path, 2);
}

/** YOLOv5s by name. */
export const YOLOV5S: Readonly<Record<"yolov5s_focus", Recipe>> = {
  yolov5s_focus: {
    ...fixed(yolov5sFocus, [1, 3, SIZE, SIZE], [1, OUTPUTS, 2100], [4, 3, SIZE, SIZE]),
    uncalled: new Set(["model", "model.8.m", "model.24.m"]),
  },
};
