import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "./builder.ts";
import { constantOf } from "./constant.ts";
import { ELLIPSIS, equationOf } from "./einsum.ts";
import { emitTranspose } from "./emit_movement.ts";
import { Skip } from "./skip.ts";

/**
 * An Einsum of two computed values as a batched matrix product, where it is one: letters of both operands and the result are
 * batches, one of both operands alone is summed over, and each operand has one of its own. Operands and result are transposed where
 * their axes lie otherwise.
 *
 * @returns Why not, or undefined where one of the operands is constant, which is a layer.
 */
export function asMatrixProduct(node: Node, build: Builder): Value | Skip | undefined {
  if (node.inputs.length !== 2 || node.inputs.some((value) => !value || constantOf(value))) return undefined;
  const equation = equationOf(node), text = node.text("equation", ""), [a, b] = equation?.operands ?? [];
  const no = new Skip("unsupported-form", `${node.label} is no batched product of matrices: '${text}'`);
  if (
    !equation || [a, b, equation.result].some((terms) => terms.includes(ELLIPSIS) || new Set(terms).size < terms.length)
  ) {
    return no;
  }
  const { result } = equation, all = [...new Set([...a, ...b, ...result])];
  const onlyIn = (...terms: (readonly string[])[]) =>
    all.filter((x) => [a, b, result].every((own) => own.includes(x) === terms.includes(own)));
  const [[k, ...moreK], [own, ...moreA], [other, ...moreB]] = [
    onlyIn(a, b),
    onlyIn(a, result),
    onlyIn(b, result),
  ];
  const batch = result.filter((x) => a.includes(x) && b.includes(x));
  const isOne = k && own && other && moreK.length + moreA.length + moreB.length === 0;
  if (!isOne || batch.length + 2 !== result.length || batch.length + 2 !== a.length || a.length !== b.length) return no;
  const [x, y] = node.inputs as Value[], lengths = [x.shape?.[a.indexOf(k)], y.shape?.[b.indexOf(k)]];
  if (lengths[0] === undefined || lengths[0] === null || lengths[0] !== lengths[1]) {
    return new Skip("unknown-shape", `whether ${node.label} repeats an operand along '${k}' is not known`);
  }
  const isSwapped = result.indexOf(own) > result.indexOf(other);
  const [left, right] = isSwapped
    ? [moved(y, b, [...batch, other, k], build), moved(x, a, [...batch, k, own], build)]
    : [moved(x, a, [...batch, own, k], build), moved(y, b, [...batch, k, other], build)];
  const made = [...batch, ...isSwapped ? [other, own] : [own, other]], isDone = made.join() === result.join();
  const name = node.name,
    product = build.node("MatMul", [left, right], { name, output: isDone ? node.output.name : "" });
  return isDone ? product : moved(product, made, result, build, node.output.name);
}

/** A value with its axes in another order. */
function moved(x: Value, from: readonly string[], to: readonly string[], build: Builder, output?: string): Value {
  return emitTranspose(x, to.map((letter) => from.indexOf(letter)), { output }, build);
}
