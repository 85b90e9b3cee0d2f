import type { Value } from "../graph/graph.ts";
import { reshaped, valueTensor } from "../tensor/tensor.ts";
import { conv } from "./layers.ts";
import type { Network } from "./network.ts";
import { reshape, transpose } from "./tokens.ts";
import { concat, convBlock } from "./yolo.ts";

/** Bins of each side of a box, classes, and pixels a position of each level. */
const BINS = 16, CLASSES = 80, STRIDES = [8, 16, 32];

/**
 * YOLOv8's Detect: at each level one branch for boxes and one for classes; then each side of a box as the expectation over its
 * bins ("distribution focal loss", Li et al., 2020), and the box's centre and size in pixels of the input of `size`.
 */
export function dflHead(network: Network, levels: readonly Value[], path: string, size: number): Value {
  const first = network.channels(levels[0]), outputs = 4 * BINS + CLASSES;
  const hidden = [Math.max(16, first / 4, 4 * BINS), Math.max(first, Math.min(CLASSES, 100))];
  const joined = levels.map((x, level) =>
    concat(network, [
      branch(network, x, `${path}.cv2.${level}`, hidden[0], 4 * BINS),
      branch(network, x, `${path}.cv3.${level}`, hidden[1], CLASSES),
    ], path)
  );
  const flat = joined.map((x) => reshape(network, x, path, [network.size(x, 0), outputs, -1]));
  const parts = network.literal(path, "int64", [4 * BINS, CLASSES]);
  const [boxes, classes] = network.outputs("Split", [concat(network, flat, path, 2), parts], path, { axis: 1 }, 2);
  const decoded = decode(network, expectation(network, boxes, `${path}.dfl`), path, size);
  return concat(network, [decoded, network.op("Sigmoid", [classes], path)], path);
}

function branch(network: Network, x: Value, path: string, hidden: number, out: number): Value {
  let y = convBlock(network, x, `${path}.0`, { out: hidden, kernel: 3 });
  y = convBlock(network, y, `${path}.1`, { out: hidden, kernel: 3 });
  return conv(network, y, `${path}.2`, { out, bias: true, init: "default" });
}

/** [N, 4·16, L] → [N, 4, L]: Softmax over the bins, and a 1×1 convolution with their numbers. */
function expectation(network: Network, x: Value, path: string): Value {
  const batch = network.size(x, 0), length = network.size(x, 2);
  const bins = transpose(network, reshape(network, x, path, [batch, 4, BINS, length]), path, [0, 2, 1, 3]);
  const shares = network.op("Softmax", [bins], path, { axis: 1 });
  const numbers = reshaped(valueTensor("float32", [BINS], Float64Array.from({ length: BINS }, (_, bin) => bin)), [
    1,
    BINS,
    1,
    1,
  ]);
  const mean = network.op("Conv", [shares, network.buffer(`${path}.conv.weight`, numbers)], `${path}.conv`, {
    dilations: [1, 1],
    group: 1,
    kernel_shape: [1, 1],
    pads: [0, 0, 0, 0],
    strides: [1, 1],
  });
  return reshape(network, mean, path, [batch, 4, length]);
}

/** Distances to the four sides → centre, width and height in pixels. */
function decode(network: Network, distances: Value, path: string, size: number): Value {
  const { anchors, strides, count } = positions(size);
  const [before, after] = halves(network, distances, path);
  const centres = () => network.literal(path, "float32", anchors, [1, 2, count]);
  const least = network.op("Sub", [centres(), before], path), most = network.op("Add", [centres(), after], path);
  const middle = network.op("Div", [network.op("Add", [least, most], path), network.literal(path, "float32", 2)], path);
  const box = concat(network, [middle, network.op("Sub", [most, least], path)], path);
  return network.op("Mul", [box, network.literal(path, "float32", strides, [1, count])], path);
}

/** `x.chunk(2, 1)` as the exporter writes it: the bounds of two Slices from the shape, each half rounded up. */
function halves(network: Network, x: Value, path: string): [Value, Value] {
  const list = (value: number) => network.literal(path, "int64", [value]);
  const one = (op: string, inputs: Value[]) => network.shaped(network.op(op, inputs, path), [1]);
  const channels = network.shaped(
    network.op("Gather", [network.op("Shape", [x], path), list(1)], path, { axis: 0 }),
    [1],
  );
  const half = one("Div", [one("Add", [channels, list(1)]), list(2)]);
  const part = (from: Value, to: Value) => {
    const [batch, all, length] = x.shape!;
    return network.shaped(network.op("Slice", [x, from, to, list(1)], path), [batch, all as number / 2, length]);
  };
  const middle = one("Mul", [half, list(1)]), first = part(list(0), middle);
  return [first, part(middle, one("Mul", [half, list(2)]))];
}

/** Centres of all positions, in positions, x before y, and pixels a position. */
function positions(size: number): { anchors: number[]; strides: number[]; count: number } {
  const places = STRIDES.flatMap((stride) => {
    const side = size / stride;
    return Array.from({ length: side ** 2 }, (_, at) => [at % side + 0.5, Math.floor(at / side) + 0.5, stride]);
  });
  return {
    anchors: [0, 1].flatMap((axis) => places.map((place) => place[axis])),
    strides: places.map((place) => place[2]),
    count: places.length,
  };
}
