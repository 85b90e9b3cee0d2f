import type { Node } from "../graph/graph.ts";
import { limitDepth } from "../tensor/depth.ts";
import { isWhole, wholeRange } from "../tensor/element_type.ts";
import { expressed } from "../tensor/expression.ts";
import { type Tensor, valuesOf, valueTensor } from "../tensor/tensor.ts";
import { withWork, workOf } from "../tensor/work.ts";
import type { Facts, Op } from "./op.ts";

/** Constants of more elements than this are made only where the file holds half as many. */
const MOST_ELEMENTS = 1 << 22;

/** Multiply-accumulates that one constant, and all of a model, may take to be read once; those of a model per stored element, too. */
const MOST_WORK = 2 ** 32, MOST_PER_ELEMENT = 256;

/** Elements of all large constants that are worked out, however cheap each is, and of them per stored element; and what is large. */
const MOST_MADE = 2 ** 24, MOST_MADE_PER_ELEMENT = 64, LARGE = 1 << 12;

/**
 * What an operator makes of constants, as facts; undefined where an input is none, or it is not worked out. Fractions stay
 * expressions until they are read; whole numbers that are computed are worked out at once, since their type must hold them.
 */
export function evaluated(op: Op, node: Node, inputs: readonly Facts[]): Facts[] | undefined {
  if (!op.evaluate) return undefined;
  const constants = inputs.map(({ constant }) => constant);
  if (!constants.every((tensor, index) => !node.has(index) || tensor !== undefined && isReadable(tensor, op, index))) {
    return undefined;
  }
  const results = op.evaluate(node, constants);
  if (!results?.[0]) return undefined;
  const most = Math.max(MOST_ELEMENTS, 2 * node.graph.model.storedElements), operands = constants.filter(isTensor);
  const sources = [...operands, ...[...node.attributes.values()].flatMap(({ tensor }) => tensor ?? [])];
  const work = results[0] === operands[0]
    ? 0
    : workOf(results[0]) + operands.reduce((sum, one) => sum + workOf(one), 0);
  const isMade = node.inputs.length > 0 && results[0] !== operands[0];
  const made = isMade ? results.reduce((sum, result) => sum + (result?.size ?? 0), 0) : 0;
  if (!isAffordable(node, work, made > LARGE ? made : 0)) return undefined;
  const facts = results.map((result, index): Facts | undefined => {
    if (!result) return {};
    if (!(result.size <= most)) return undefined;
    const constant = operands.includes(result) || node.inputs.length === 0 ? result : held(result, operands, op);
    if (constant && sources.length > 0) {
      expressed(constant, `${node.domain}.${node.opType}`, sources, () => parametersOf(node, index));
    }
    return constant && { type: constant.type, shape: constant.dims, constant: withWork(constant, work) };
  });
  return facts.every((fact) => fact !== undefined) ? facts : undefined;
}

const paid = new WeakSet<Node>();

/** Whether a constant may take that much work, and have so many elements. What a node makes is counted once. */
function isAffordable(node: Node, work: number, made: number): boolean {
  const { model } = node.graph, { storedElements } = model;
  if (work === 0 && made === 0 || paid.has(node)) return true;
  if (work > MOST_WORK || model.constantWork + work > MOST_WORK + MOST_PER_ELEMENT * storedElements) return false;
  if (model.constantElements + made > MOST_MADE + MOST_MADE_PER_ELEMENT * storedElements) return false;
  model.constantWork += work;
  model.constantElements += made;
  paid.add(node);
  return true;
}

/** What a result depends on beside the constants: attributes, the operator set, which inputs are there, which output it is. */
function parametersOf(node: Node, index: number): string {
  const attributes = [...node.attributes.values()].sort((a, b) => a.name < b.name ? -1 : 1);
  const given = node.inputs.map((value) => value ? 1 : 0).join("");
  return `${node.opset}|${index}|${given}|${attributes.map(({ bytes }) => bytes.join(" ")).join("|")}`;
}

function isTensor(tensor: Tensor | undefined): tensor is Tensor {
  return tensor !== undefined;
}

/**
 * Whether the elements are numbers that a float64 holds. Of an operator that moves elements, those that say where (the ends
 * of a Slice) may be larger, and the ends of int64 itself are moved as they are.
 */
function isReadable(tensor: Tensor, { moves, decodes, takesEnds }: Op, index: number): boolean {
  const { type } = tensor;
  if (decodes && tensor.isReadable) return true;
  if (type === "string" || type === "opaque") return false;
  if (!type.endsWith("int64") || tensor.bound() <= Number.MAX_SAFE_INTEGER) return true;
  if (!moves && !takesEnds) return false;
  if (moves && moves !== "all" && !moves.includes(index)) return true;
  return type === "int64" && tensor.size <= MOST_ELEMENTS &&
    valuesOf(tensor).every((value) => Number.isSafeInteger(value) || Math.abs(value) === END);
}

/** What the ends of int64 are read as. */
const END = 2 ** 63;

/** The result as it is kept; undefined where its type cannot hold it. */
function held(result: Tensor, operands: readonly Tensor[], op: Op): Tensor | undefined {
  if (op.moves || !isWhole(result.type)) return limitDepth(result, operands);
  if (result.size > MOST_ELEMENTS) return undefined;
  const [least, most] = wholeRange(result.type), values = valuesOf(result);
  const isEnd = (value: number) => op.takesEnds === true && result.type === "int64" && Math.abs(value) === END;
  const fits = values.every((value) => Number.isInteger(value) && value >= least && value <= most || isEnd(value));
  return fits ? valueTensor(result.type, result.dims, values) : undefined;
}
