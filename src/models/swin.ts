import type { Value } from "../graph/graph.ts";
import { gelu } from "./activations.ts";
import { conv, linear } from "./layers.ts";
import type { Network } from "./network.ts";
import { layerNorm } from "./norms.ts";
import { project, reshape, transpose } from "./tokens.ts";

/** Blocks and heads of Swin-T's stages; the channels double from {@link WIDTH} on. */
const STAGES = [[2, 3], [2, 6], [6, 12], [2, 24]];
const WIDTH = 96;
/** Side of a window, and its positions. */
const SIDE = 7, POSITIONS = SIDE * SIDE;
/** What is added to the scores of positions that were not neighbours before the shift. */
const APART = -100;

/**
 * torchvision's Swin-T (Liu et al., 2021): attention within 7×7 windows that are shifted in every second block, on channels laid
 * out last; four neighbours become one between the stages. The sizes in the Reshapes are those of a 224×224 image.
 * [N, 3, 224, 224] → [N, 1000].
 */
export function swin(network: Network): Value {
  const patches = { out: WIDTH, kernel: 4, stride: 4, padding: 0, bias: true, init: "default" } as const;
  let x = conv(network, network.input, "features.0.0", patches);
  x = layerNorm(network, transpose(network, x, "features.0.1", [0, 2, 3, 1]), "features.0.2");
  STAGES.forEach(([blocks, heads], stage) => {
    if (stage > 0) x = merged(network, x, `features.${2 * stage}`);
    for (let index = 0; index < blocks; index++) {
      x = block(network, x, `features.${2 * stage + 1}.${index}`, heads, index % 2 === 1);
    }
  });
  x = transpose(network, layerNorm(network, x, "norm"), "permute", [0, 3, 1, 2]);
  x = network.op("Flatten", [network.op("GlobalAveragePool", [x], "avgpool")], "flatten", { axis: 1 });
  return linear(network, x, "head", 1000);
}

/** The four neighbours of each 2×2 square, one after another, mixed to twice the channels. */
function merged(network: Network, x: Value, path: string): Value {
  const [height, width, channels] = [1, 2, 3].map((axis) => network.size(x, axis));
  const parts = [[0, 0], [1, 0], [0, 1], [1, 1]].map(([row, column]) =>
    network.shaped(cut(network, x, path, [row, column], [height, width], 2), [
      x.shape![0],
      height / 2,
      width / 2,
      channels,
    ])
  );
  const y = layerNorm(network, network.op("Concat", parts, path, { axis: -1 }), `${path}.norm`);
  return project(network, y, `${path}.reduction`, 2 * channels, false);
}

/** x[:, from₀:to₀:step, from₁:to₁:step]. */
function cut(
  network: Network,
  x: Value,
  path: string,
  from: readonly number[],
  to: readonly number[],
  step = 1,
): Value {
  const list = (values: readonly number[]) => network.literal(path, "int64", values);
  return network.op("Slice", [x, list(from), list(to), list([1, 2]), list([step, step])], path);
}

function block(network: Network, x: Value, path: string, heads: number, isShifted: boolean): Value {
  const sides = [1, 2].map((axis) => network.size(x, axis));
  const shift = isShifted && sides[0] > SIDE ? Math.floor(SIDE / 2) : 0; // one window cannot be shifted
  let y = windowAttention(network, layerNorm(network, x, `${path}.norm1`), `${path}.attn`, heads, shift);
  const added = network.op("Add", [x, y], path);
  y = project(network, layerNorm(network, added, `${path}.norm2`), `${path}.mlp.0`, 4 * network.size(x, 3));
  y = project(network, gelu(network, y, `${path}.mlp.1`), `${path}.mlp.3`, network.size(x, 3));
  return network.op("Add", [added, y], path);
}

function windowAttention(network: Network, x: Value, path: string, heads: number, shift: number): Value {
  const [height, width, channels] = [1, 2, 3].map((axis) => network.size(x, axis)), size = channels / heads;
  const rows = height / SIDE, columns = width / SIDE, windows = rows * columns;
  let y = rolled(network, x, path, shift);
  y = reshape(network, y, path, [-1, rows, SIDE, columns, SIDE, channels]);
  y = reshape(network, transpose(network, y, path, [0, 1, 3, 2, 4, 5]), path, [-1, POSITIONS, channels]);
  y = reshape(network, project(network, y, `${path}.qkv`, 3 * channels), path, [-1, POSITIONS, 3, heads, size]);
  y = transpose(network, y, path, [2, 0, 3, 1, 4]);
  const [query, key, value] = [0, 1, 2].map((part) =>
    network.op("Gather", [y, network.literal(path, "int64", part)], path, { axis: 0 })
  );
  const scaled = network.op("Mul", [query, network.literal(path, "float32", size ** -0.5)], path);
  let scores = network.op("MatMul", [scaled, transpose(network, key, path, [0, 1, 3, 2])], path);
  scores = network.op("Add", [scores, positionBias(network, path, heads)], path);
  if (shift > 0) {
    scores = reshape(network, scores, path, [-1, windows, heads, POSITIONS, POSITIONS]);
    const mask = Float64Array.from(shiftMask(height, width, shift));
    const masked = network.literal(path, "float32", mask, [1, windows, 1, POSITIONS, POSITIONS]);
    scores = reshape(network, network.op("Add", [scores, masked], path), path, [-1, heads, POSITIONS, POSITIONS]);
  }
  y = network.op("MatMul", [network.op("Softmax", [scores], path, { axis: -1 }), value], path);
  y = reshape(network, transpose(network, y, path, [0, 2, 1, 3]), path, [-1, POSITIONS, channels]);
  y = reshape(network, project(network, y, `${path}.proj`, channels), path, [-1, rows, columns, SIDE, SIDE, channels]);
  y = reshape(network, transpose(network, y, path, [0, 1, 3, 2, 4, 5]), path, [-1, height, width, channels]);
  return rolled(network, y, path, -shift);
}

/** torch.roll of rows and columns by −shift: what is before comes behind. */
function rolled(network: Network, x: Value, path: string, shift: number): Value {
  if (shift === 0) return x;
  return [1, 2].reduce((y, axis) => {
    const length = network.size(y, axis), at = shift > 0 ? shift : length + shift;
    const list = (value: number) => network.literal(path, "int64", [value]);
    const part = (from: number, to: number) =>
      network.shaped(
        network.op("Slice", [y, list(from), list(to), list(axis)], path),
        y.shape!.map((dim, other) => other === axis ? to - from : dim),
      );
    return network.op("Concat", [part(at, length), part(0, at)], path, { axis });
  }, x);
}

/** The learned bias of each pair of positions of a window, by how far they are apart: [1, heads, 49, 49]. */
function positionBias(network: Network, path: string, heads: number): Value {
  const table = network.parameter(`${path}.relative_position_bias_table`, [(2 * SIDE - 1) ** 2, heads], {
    kind: "normal",
    std: 0.02,
  });
  const index: number[] = [];
  for (let from = 0; from < POSITIONS; from++) {
    for (let to = 0; to < POSITIONS; to++) {
      const down = Math.floor(from / SIDE) - Math.floor(to / SIDE), right = from % SIDE - to % SIDE;
      index.push((down + SIDE - 1) * (2 * SIDE - 1) + right + SIDE - 1);
    }
  }
  let y = network.op("Gather", [table, network.literal(path, "int64", index)], path, { axis: 0 });
  y = transpose(network, reshape(network, y, path, [POSITIONS, POSITIONS, -1]), path, [2, 0, 1]);
  return network.op("Unsqueeze", [y, network.literal(path, "int64", [0])], path);
}

/** 0 for two positions of a window that were in one region before the shift, else {@link APART}; by window and pair. */
function* shiftMask(height: number, width: number, shift: number): Generator<number> {
  const region = (at: number, length: number) => at < length - SIDE ? 0 : at < length - shift ? 1 : 2;
  for (let top = 0; top < height; top += SIDE) {
    for (let left = 0; left < width; left += SIDE) {
      const regions = Array.from(
        { length: POSITIONS },
        (_, at) => 3 * region(top + Math.floor(at / SIDE), height) + region(left + at % SIDE, width),
      );
      for (const from of regions) for (const to of regions) yield from === to ? 0 : APART;
    }
  }
}
