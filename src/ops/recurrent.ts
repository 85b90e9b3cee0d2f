import type { Dim, Node, Value } from "../graph/graph.ts";
import { isFloat } from "../tensor/element_type.ts";
import { valuesOf } from "../tensor/tensor.ts";
import { constantOf } from "./constant.ts";
import { elementCount } from "./dims.ts";
import { InputProduct } from "./linear/input_product.ts";
import { layerParts, weightOf } from "./linear/linear_parts.ts";
import type { Op, Ops } from "./op.ts";
import { MOST_FOLLOWED } from "./shape_elements.ts";
import { Skip } from "./skip.ts";

/** Hidden states for every step, the last hidden state, and the last cell state where there are cells. */
const recurrent: Op = {
  inputs: [3, 6],
  infer(node, [{ type, shape }, , recurrence]) {
    const directions = node.text("direction", "forward") === "bidirectional" ? 2 : 1;
    const size: Dim = node.attribute("hidden_size") !== undefined
      ? node.number("hidden_size", 0)
      : recurrence.shape?.[2] ?? null;
    const isBatchFirst = node.number("layout", 0) !== 0;
    const [length, batch] = isBatchFirst
      ? [shape?.[1] ?? null, shape?.[0] ?? null]
      : [shape?.[0] ?? null, shape?.[1] ?? null];
    const state = isBatchFirst ? [batch, directions, size] : [directions, batch, size];
    return [
      { type, shape: isBatchFirst ? [batch, length, directions, size] : [length, directions, batch, size] },
      { type, shape: state },
      { type, shape: state },
    ];
  },
  work(node) {
    const [x, w, r] = node.inputs.map((value) => value?.shape), isBatchFirst = node.number("layout", 0) !== 0;
    const steps = x && elementCount(isBatchFirst ? [...x.slice(0, 2), 1] : [x[1], x[0], 1]);
    const weights = [w, r].map((shape) => shape ? elementCount([1, ...shape]) : null), [input, hidden] = weights;
    return { macs: !steps || input === null || hidden === null ? null : steps * (input + hidden) };
  },
  linear: inputProduct,
  settled: ({ inputs }) =>
    STATES.filter((index) => !constantOf(inputs[index]) && isZero(inputs[index])).map((index) => ({ index })),
};

/**
 * W[directions, gates·hidden, inputs]·x + Wb at each step, at any length, direction, layout and initial state: steps behind a
 * sequence's end are not computed. The bias is [directions, Wb then Rb].
 */
function inputProduct(node: Node): InputProduct | Skip {
  const weight = weightOf(node, 1, "input weight W");
  if (weight instanceof Skip) return weight;
  if (weight.dims.length !== 3) {
    return new Skip("invalid-parameter", `W of ${node.label} has the shape [${weight.dims}], expected three axes`);
  }
  const [directions, rows] = weight.dims;
  return new InputProduct({
    ...layerParts(node, weight, 1, 3),
    x: node.inputs[0]!,
    followedBy: "activations behind its products",
    axis: 2,
    weightAxis: "last",
    biasIndex: 3,
    biasDims: [directions, 2 * rows],
  });
}

/** Inputs for the states that it begins with; zeros where they are absent. */
const STATES = [5, 6];

/** Whether a computed value is zero everywhere, as exporters write states to begin with. */
function isZero(value: Value | undefined): boolean {
  const node = value?.producer, constant = constantOf(value);
  if (constant && constant.size <= MOST_FOLLOWED && isFloat(constant.type)) {
    return valuesOf(constant).every((number) => number === 0);
  }
  if (node?.is("Slice", "Expand", "Squeeze", "Unsqueeze")) return isZero(node.inputs[0]);
  if (!node?.is("ConstantOfShape") || node.hasReferences) return false;
  const fill = node.attributes.get("value")?.tensor;
  return !fill || fill.type !== "opaque" && fill.type !== "string" && valuesOf(fill)[0] === 0;
}

/** Recurrent networks. */
export const RECURRENT_OPS = { RNN: recurrent, GRU: recurrent, LSTM: { ...recurrent, inputs: [3, 8] } } satisfies Ops;
