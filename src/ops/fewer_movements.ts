import { newAttribute } from "../graph/attribute.ts";
import type { Node, Value } from "../graph/graph.ts";
import { valuesOf, valueTensor } from "../tensor/tensor.ts";
import type { Builder } from "./builder.ts";
import { axesOf, constantOf, constantValues, permOf } from "./constant.ts";
import { isPermutation } from "./dims.ts";
import { emitTranspose } from "./emit_movement.ts";
import { writtenShape } from "./entries.ts";

/** Operators that change the shape alone. */
export const RESHAPES: readonly string[] = ["Reshape", "Flatten", "Squeeze", "Unsqueeze"];

/** Movements of elements, and the fewer ones that do the same. */
export interface FewerMovements {
  /** What goes. */
  readonly nodes: readonly Node[];
  /** The result, made by fewer. */
  readonly result: Value;
}

/** Squeeze of Reshape: one Reshape. Squeeze of Transpose of Reshape: a Reshape that leaves the axes out, and a Transpose of the others. */
export function squeezedSooner(node: Node, build: Builder): FewerMovements | undefined {
  const atOnce = reshapedAtOnce(node, build);
  if (atOnce) return atOnce;
  const turned = onlyBefore(node.inputs[0], node, "Transpose"),
    shaped = turned && onlyBefore(turned.inputs[0], turned, "Reshape");
  const from = shaped?.inputs[0]?.shape, to = shaped?.output.shape, rank = to?.length;
  if (!turned || !shaped || !from || rank === undefined) return undefined;
  const axes = axesOf(node, rank), perm = permOf(turned, rank);
  const dropped = axes?.map((axis) => perm[axis]);
  if (!isPermutation(perm, rank) || !dropped?.every((axis) => to![axis] === 1)) return undefined;
  const left = [...Array(rank).keys()].filter((axis) => !dropped.includes(axis));
  const written = writtenShape(from, left.map((axis) => to![axis]));
  if (!written) return undefined;
  const shape = build.integers("shape", written);
  const short = build.node("Reshape", [shaped.inputs[0], shape], { name: shaped.name, output: shaped.output.name });
  const order = perm.filter((axis) => left.includes(axis)).map((axis) => left.indexOf(axis));
  const result = emitTranspose(short, order, { name: turned.name, output: node.output.name }, build);
  return { nodes: [shaped, turned, node], result };
}

/** Reshape after another change of shape: from what that one takes, where the sizes that it copies are the same there. */
export function reshapedFromFirst(node: Node, build: Builder): FewerMovements | undefined {
  const previous = onlyBefore(node.inputs[0], node, ...RESHAPES);
  const shape = constantValues(node.inputs[1]),
    x = previous?.inputs[0],
    before = x?.shape,
    after = previous?.output.shape;
  if (!previous || !shape) return undefined;
  const copies = shape.flatMap((dim, axis) => dim === 0 && node.number("allowzero", 0) === 0 ? [axis] : []);
  const isSame = copies.every((axis) =>
    before?.[axis] !== undefined && before[axis] !== null && before[axis] === after?.[axis]
  );
  return isSame ? { nodes: [previous, node], result: build.like(node, [x, node.inputs[1]]) } : undefined;
}

/** Transpose after Transpose: one. */
export function transposedAtOnce(node: Node, build: Builder): FewerMovements | undefined {
  const previous = onlyBefore(node.inputs[0], node, "Transpose"), x = previous?.inputs[0], rank = x?.shape?.length;
  if (!previous || rank === undefined) return undefined;
  const [first, perm] = [previous, node].map((one) => permOf(one, rank));
  if (!isPermutation(perm, rank) || !isPermutation(first, rank)) return undefined;
  const attributes = [newAttribute("perm", perm.map((axis) => first[axis]))];
  return { nodes: [previous, node], result: build.like(node, [x], attributes) };
}

/** Flatten, Squeeze or Unsqueeze after another change of shape: one Reshape. */
export function reshapedAtOnce(node: Node, build: Builder): FewerMovements | undefined {
  const previous = onlyBefore(node.inputs[0], node, ...RESHAPES),
    x = previous?.inputs[0];
  const written = x?.shape && node.output.shape && writtenShape(x.shape, node.output.shape);
  if (!written) return undefined;
  const shape = build.integers("shape", written);
  const result = build.node("Reshape", [x, shape], { name: previous!.name, output: node.output.name });
  return { nodes: [previous!, node], result };
}

/**
 * Where that takes some of the single entries that a Concat puts side by side, and constants for the others, as exporters write
 * the shape that a class token is expanded to: a Concat of these.
 */
export function chosenEntries(node: Node, build: Builder): FewerMovements | undefined {
  const chosen = constantValues(node.inputs[0]), at = constantOf(node.inputs[1]) ? 2 : 1;
  const others = constantOf(node.inputs[3 - at]), join = onlyBefore(node.inputs[at], node, "Concat");
  const length = join?.inputs.length, isSingle = (value: Value | undefined) => value?.shape?.join() === "1";
  if (!others || !chosen || chosen.length !== length || others.dims.join() !== `${length}`) return undefined;
  if (!join!.inputs.every(isSingle)) return undefined;
  const values = valuesOf(others);
  const parts = join!.inputs.map((value, part) =>
    (chosen[part] !== 0) === (at === 1)
      ? value
      : build.initializer("size", valueTensor(others.type, [1], values.slice(part, part + 1)))
  );
  const result = build.node("Concat", parts, {
    name: join!.name,
    output: node.output.name,
    attributes: [newAttribute("axis", 0)],
  });
  return { nodes: [join!, node], result };
}

/** The node whose result only this one takes; undefined where it is another operator, or its result is needed elsewhere. */
export function onlyBefore(value: Value | undefined, node: Node, ...opTypes: readonly string[]): Node | undefined {
  const previous = value?.soleUser === node ? value.producer : undefined;
  return previous?.is(...opTypes) && !previous.hasReferences ? previous : undefined;
}
