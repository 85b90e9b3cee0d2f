import { newAttribute } from "../../graph/attribute.ts";
import type { Value } from "../../graph/graph.ts";
import { heldValues, rowsTensor } from "../../tensor/rows.ts";
import { filledTensor, type Tensor, valueTensor } from "../../tensor/tensor.ts";
import type { Builder } from "../builder.ts";
import type { Convolution } from "../linear/convolution.ts";
import { isNumbers } from "../linear/bias.ts";
import { Skip } from "../skip.ts";
import { BLOCK, whyNotBlocked } from "./blocked.ts";

/** The transforms of F(2×2, 3×3) (Lavin & Gray, 2016): of the kernel, of a tile of 4 cells and of its two results, per axis. */
const G = [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]];
const B = [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]];
/** Sum of magnitudes in a row of G, at most, for both axes. */
const LARGEST = 1.5 * 1.5;
/** Channels and positions below which it never was faster. */
const FEWEST = 128, SMALLEST = 196;

/** Why a convolution is not written by Winograd's transforms; undefined where it can be. */
export function whyNotWinograd(layer: Convolution): Skip | undefined {
  const { parts: { weight: { dims: [out, channels, ...kernel] }, window, group }, label } = layer;
  const against = whyNotBlocked(layer);
  if (against) return against;
  if (group > 1 || kernel.join() !== "3,3" || [...window.strides, ...window.dilations].some((step) => step !== 1)) {
    return new Skip("other-geometry", `${label} is no 3×3 convolution at stride 1`);
  }
  if (out % BLOCK !== 0 || channels % BLOCK !== 0 || Math.min(out, channels) < FEWEST) {
    return new Skip(
      "other-channels",
      `${label} has ${channels} channels and makes ${out}: fewer than ${FEWEST}, or no blocks`,
    );
  }
  const spatial = layer.nodes[0].output.shape?.slice(2);
  if (!spatial?.every((size) => typeof size === "number" && size % 2 === 0) || window.begin.includes(null)) {
    return new Skip("unknown-shape", `${label} is not known to make an even height and width`);
  }
  const [height, width] = spatial as number[];
  if (height * width >= SMALLEST) return undefined;
  return new Skip("not-cheaper", `${label} makes ${height}×${width} positions, too few for the transforms`);
}

/**
 * Y = Aᵀ·[(G·g·Gᵀ) ⊙ (Bᵀ·d·B)]·A for tiles of 4×4 at stride 2: each of the 16 places of a tile is a depthwise convolution of x and
 * a product over channels, and sums of them the four results of the tile, which DepthToSpace puts beside one another.
 */
export function emitWinograd(
  { x, parts: { weight, bias, window }, nodes: [node] }: Convolution,
  build: Builder,
): Value {
  const { name, output } = node, [out, channels] = weight.dims, pads = [...window.begin, ...window.end] as number[];
  const named = (part: string) => ({ name: name && `${name}/${part}`, output: `${output.name}.${part}` });
  const biasInput = isNumbers(bias)
    ? build.initializer(`${output.name}.bias`, valueTensor("float32", [out], bias))
    : bias;
  const product = (row: number, column: number): Value => {
    const place = `${row}${column}`,
      tile = build.node("Conv", [x, build.initializer(`${output.name}.tile${place}`, tileOf(row, column, channels))], {
        ...named(`tile${place}`),
        attributes: [newAttribute("group", channels), newAttribute("pads", pads), newAttribute("strides", [2, 2])],
      });
    const kernel = build.initializer(`${output.name}.kernel${place}`, placeOf(weight, row, column));
    // all four results take the product at [1, 1], once each
    return build.node("Conv", [tile, kernel, place === "11" ? biasInput : undefined], named(`product${place}`));
  };
  const add = (a: Value, b: Value) => build.node("Add", [a, b], named("sum"));
  const minus = (value: Value) => {
    const ones = build.initializer(`${output.name}.minus`, filledTensor("float32", [out, 1, 1, 1], -1));
    return build.node("Conv", [value, ones], { ...named("minus"), attributes: [newAttribute("group", out)] });
  };
  const both = ([a, b, c, d]: readonly Value[]) => [add(add(a, b), c), add(b, minus(add(c, d)))];
  const columns = [0, 1, 2, 3].map((column) => both([0, 1, 2, 3].map((row) => product(row, column))));
  const results = [0, 1].flatMap((row) => both(columns.map((column) => column[row])));
  const joined = build.node("Concat", results, { ...named("results"), attributes: [newAttribute("axis", 1)] });
  return build.node("DepthToSpace", [joined], {
    name,
    output: output.name,
    attributes: [newAttribute("blocksize", 2), newAttribute("mode", "DCR")],
  });
}

/** One place of Bᵀ·d·B as the kernel of a depthwise convolution. */
function tileOf(row: number, column: number, channels: number): Tensor {
  const one = B[row].flatMap((a) => B[column].map((b) => a * b));
  return valueTensor(
    "float32",
    [channels, 1, 4, 4],
    Float64Array.from({ length: channels * 16 }, (_, at) => one[at % 16]),
  );
}

/** One place of G·g·Gᵀ for every pair of channels. */
function placeOf(weight: Tensor, row: number, column: number): Tensor {
  const [out, channels] = weight.dims, held = heldValues(weight);
  const factors = G[row].flatMap((a) => G[column].map((b) => a * b));
  return rowsTensor(weight.type, [out, channels, 1, 1], () => LARGEST * weight.bound(), (first, count, into) => {
    const values = held(), start = first * channels * 9;
    for (let at = 0; at < count * channels; at++) {
      let sum = 0;
      for (let tap = 0; tap < 9; tap++) sum += factors[tap] * values[start + at * 9 + tap];
      into[at] = sum;
    }
  });
}
