import type { Value } from "../graph/graph.ts";
import { dflHead } from "./dfl.ts";
import { upsample } from "./layers.ts";
import type { Network } from "./network.ts";
import { fixed, type Recipe } from "./recipe.ts";
import { bottleneck, concat, convBlock, pool } from "./yolo.ts";

const SIZE = 320;

/**
 * YOLOv8n (Jocher et al., 2023) as Ultralytics exports it: blocks whose first Conv is split, a neck, and a head that takes
 * each side of a box as the expectation over 16 bins. [1, 3, 320, 320] → boxes and scores of 80 classes [1, 84, 2100].
 */
function yolov8n(network: Network): Value {
  const at = (index: number) => `model.${index}`;
  const cv = (x: Value, index: number, out: number) => convBlock(network, x, at(index), { out, kernel: 3, stride: 2 });
  const block = (x: Value, index: number, out: number, count = 1, hasShortcut = false) =>
    c2f(network, x, at(index), out, count, hasShortcut);
  const stem = block(cv(cv(network.input, 0, 16), 1, 32), 2, 32, 1, true);
  const fine = block(cv(stem, 3, 64), 4, 64, 2, true), middle = block(cv(fine, 5, 128), 6, 128, 2, true);
  const coarse = pyramid(network, block(cv(middle, 7, 256), 8, 256, 1, true), at(9));

  const between = block(concat(network, [upsample(network, coarse, at(10)), middle], at(11)), 12, 128);
  const small = block(concat(network, [upsample(network, between, at(13)), fine], at(14)), 15, 64);
  const medium = block(concat(network, [cv(small, 16, 64), between], at(17)), 18, 128);
  const large = block(concat(network, [cv(medium, 19, 128), coarse], at(20)), 21, 256);
  return dflHead(network, [small, medium, large], at(22), SIZE);
}

function c2f(network: Network, x: Value, path: string, out: number, count: number, hasShortcut: boolean): Value {
  const both = convBlock(network, x, `${path}.cv1`, { out });
  const parts = network.outputs(
    "Split",
    [both, network.literal(path, "int64", [out / 2, out / 2])],
    path,
    { axis: 1 },
    2,
  );
  for (let index = 0; index < count; index++) {
    parts.push(bottleneck(network, parts.at(-1)!, `${path}.m.${index}`, 3, hasShortcut));
  }
  return convBlock(network, concat(network, parts, path), `${path}.cv2`, { out });
}

/** Spatial pyramid pooling by one max pooling, three times. */
function pyramid(network: Network, x: Value, path: string): Value {
  const width = network.channels(x), values = [convBlock(network, x, `${path}.cv1`, { out: width / 2 })];
  for (const use of ["m", "m_1", "m_2"]) values.push(pool(network, values.at(-1)!, `${path}.${use}`, 5));
  return convBlock(network, concat(network, values, path), `${path}.cv2`, { out: width });
}

/** YOLOv8s by name. */
export const YOLOV8S: Readonly<Record<"yolov8n", Recipe>> = {
  yolov8n: {
    ...fixed(yolov8n, [1, 3, SIZE, SIZE], [1, 84, 2100], [4, 3, SIZE, SIZE]),
    uncalled: new Set(["model", "model.22.cv2", "model.22.cv3", ...blocksOfLists()]),
  },
};

/** The ModuleLists of the split blocks. */
function blocksOfLists(): string[] {
  return [2, 4, 6, 8, 12, 15, 18, 21].map((index) => `model.${index}.m`);
}
