import type { Node, Value } from "../graph/graph.ts";
import { constantOf } from "./constant.ts";
import { Skip } from "./skip.ts";

/** Whether a node makes fractions of whole numbers. */
function dequantises(node: Node | undefined): boolean {
  return node?.opType === "DequantizeLinear";
}

/** Whether a node takes fractions that were whole numbers a moment ago, and depend on the input of the model. */
function readsQuantised({ inputs }: Node): boolean {
  return inputs.some((value) => value && dequantises(value.producer) && constantOf(value) === undefined);
}

/**
 * Why a node is no layer to change: with DequantizeLinear before it and QuantizeLinear behind it, a runtime makes one operator
 * on whole numbers of the three, which has no place for other weights than whole numbers.
 */
export function whyQuantised(node: Node): Skip | undefined {
  let isRounded = false;
  for (const output of node.outputs) {
    for (const { opType } of output?.users.keys() ?? []) {
      if (opType !== "QuantizeLinear") return undefined; // before its inputs are looked at, of which a join may have thousands
      isRounded = true;
    }
  }
  if (!isRounded || !readsQuantised(node)) return undefined;
  return new Skip(
    "quantised",
    `${node.label} is computed on whole numbers: DequantizeLinear before it and QuantizeLinear behind it make one operator with it`,
  );
}

/**
 * Whether a constant that is stored as whole numbers is taken by nodes that compute on whole numbers: they need it as it is
 * stored. What is done with it on the way (a Transpose) stays, too.
 */
export function isTakenQuantised(value: Value): boolean {
  const { producer } = value;
  return producer !== undefined && isStoredQuantised(producer) && isReadQuantised(value);
}

/** How many nodes may move a weight between what makes fractions of it and what takes them. */
const MOST_MOVES = 4;

/** Whether a node, or one shortly before it that it takes first, makes fractions of whole numbers. */
function isStoredQuantised(node: Node | undefined, moves = MOST_MOVES): boolean {
  return dequantises(node) || moves > 0 && node !== undefined && isStoredQuantised(node.inputs[0]?.producer, moves - 1);
}

function isReadQuantised({ users }: Value, moves = MOST_MOVES): boolean {
  return [...users.keys()].some((user) =>
    constantOf(user.outputs[0]) === undefined
      ? readsQuantised(user)
      : moves > 0 && isReadQuantised(user.output, moves - 1)
  );
}

/** Operators at which whole numbers begin or end. */
const ROUNDS: ReadonlySet<string> = new Set([
  "DequantizeLinear",
  "DynamicQuantizeLSTM",
  "DynamicQuantizeLinear",
  "DynamicQuantizeMatMul",
  "MatMulIntegerToFloat",
  "QAttention",
  "QuantizeLinear",
]);

/** The product on whole numbers that a node is, or makes fractions of: Cast, and Mul by the scales of both. */
function wholeProduct(node: Node | undefined): Node | undefined {
  if (node?.is("MatMulInteger", "ConvInteger")) return node;
  if (node?.is("Cast")) return wholeProduct(node.inputs[0]?.producer);
  if (!node?.is("Mul")) return undefined;
  return wholeProduct(node.inputs.find((value) => value?.producer?.is("Cast"))?.producer);
}

/** Why nothing is moved past a node to a layer, or into it: it computes on whole numbers, or it is where they begin or end. */
export function whyWhole(node: Node): Skip | undefined {
  const product = wholeProduct(node);
  if (product) {
    return new Skip(
      "quantised",
      `${product.opType} (${product.label}) multiplies whole numbers, its input rounded by the range it has at each run: they ` +
        `have no place for another scale or shift`,
    );
  }
  if (node.opType === "MatMulNBits") {
    return new Skip(
      "quantised",
      `MatMulNBits (${node.label}) has its weights as whole numbers with a scale for each block of a row: they have no place ` +
        `for a scale or shift of what it is applied to`,
    );
  }
  if (!ROUNDS.has(node.opType) || constantOf(node.outputs[0])) return undefined;
  return new Skip(
    "quantised",
    `${node.opType} (${node.label}) is where whole numbers begin or end, and nothing is moved across that rounding`,
  );
}
