import { newAttribute } from "../graph/attribute.ts";
import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "./builder.ts";
import { axisOf, constantValues } from "./constant.ts";
import { fromStart } from "./dims.ts";

/** Operators that take a tensor apart into a sequence, or make tensors of one. */
export const SEQUENCE_ROOTS: readonly string[] = ["SplitToSequence", "ConcatFromSequence", "SequenceAt"];

/** A sequence of parts of a tensor from which nothing but some parts is taken. */
export interface SequenceParts {
  /** The nodes, that which makes the sequence first. */
  readonly nodes: readonly Node[];
  /** What is taken, with its place. */
  readonly parts: readonly (readonly [part: Value, index: number])[];
  /** The axis. */
  readonly axis: number;
  /** Lengths of all parts along it. */
  readonly lengths: readonly number[];
}

/** The parts that are taken of the sequence a node makes; undefined where something else happens to it, or lengths are not known. */
export function sequencePartsAt(root: Node): SequenceParts | undefined {
  const [x, split] = root.inputs, sequence = root.output, rank = x?.shape?.length;
  if (rank === undefined || !split || root.hasReferences || sequence.isOutput || sequence.users.size === 0) {
    return undefined;
  }
  const axis = axisOf(root, rank, 0), lengths = lengthsOf(split, x!.shape![axis]);
  const parts: [Value, number][] = [], nodes = [root];
  for (const [node, count] of sequence.users) {
    const [index] = constantValues(node.inputs[1]) ?? [], part = node.outputs[0];
    const at = index === undefined || !lengths ? -1 : fromStart(index, lengths.length);
    const isTaken = node.is("SequenceAt") && node.graph === root.graph && count === 1 && part !== undefined;
    if (!isTaken || !(at >= 0 && at < lengths!.length) || parts.some(([, other]) => other === at)) return undefined;
    parts.push([part, at]);
    nodes.push(node);
  }
  return { nodes, parts, axis, lengths: lengths! };
}

/** More parts than a model has nodes to take them: what it claims to have. */
const MOST_PARTS = 1 << 16;

/** One number is the length of all parts but the last, which may be shorter; several are their lengths. */
function lengthsOf(split: Value, whole: unknown): number[] | undefined {
  const given = constantValues(split);
  if (!given || split.shape?.length === 1) return given;
  const [each] = given;
  if (typeof whole !== "number" || !(each > 0) || whole / each > MOST_PARTS) return undefined;
  return Array.from({ length: Math.ceil(whole / each) }, (_, part) => Math.min(each, whole - part * each));
}

/** The parts as tensors: a Slice where one is taken, a Split where several are. In the order of `parts`. */
export function writeParts({ nodes: [root], parts, axis, lengths }: SequenceParts, build: Builder): Value[] {
  const [x] = root.inputs, base = root.name || root.output.name;
  if (parts.length === 1) {
    const [[, index]] = parts, start = lengths.slice(0, index).reduce((sum, length) => sum + length, 0);
    const bounds = Object.entries({ starts: start, ends: start + lengths[index], axes: axis });
    const inputs = bounds.map(([name, value]) => build.integers(name, [value]));
    return [build.node("Slice", [x, ...inputs], { name: root.name, output: base })];
  }
  const attributes = [newAttribute("axis", axis)], isInput = root.opset >= 13;
  if (!isInput) attributes.push(newAttribute("split", lengths));
  const names = lengths.map((_, index) => `${base}_${index}`);
  const outputs = build.nodeWithOutputs("Split", isInput ? [x, build.integers("split", lengths)] : [x], names, {
    name: root.name,
    attributes,
  });
  return parts.map(([, index]) => outputs[index]);
}

/** What is made of a sequence that is put together of known tensors. */
export interface MadeOfSequence {
  /** All of them in one, or one of them. */
  readonly value: Value;
  /** The nodes that are not needed for it. */
  readonly nodes: readonly Node[];
}

/** What a node makes of a sequence whose tensors are known; undefined where they are not, or get an axis of their own. */
export function madeOfSequence(node: Node, build: Builder): MadeOfSequence | undefined {
  const found = node.is("ConcatFromSequence", "SequenceAt") ? tensorsOf(node) : undefined;
  if (!found?.tensors.length) return undefined;
  const { tensors } = found, nodes = [node, ...found.nodes];
  if (node.is("SequenceAt")) {
    const value = tensors.at(constantValues(node.inputs[1])?.[0] ?? tensors.length);
    return value && { value, nodes };
  }
  if (node.number("new_axis", 0) !== 0) return undefined;
  const attributes = [newAttribute("axis", node.number("axis", 0))];
  return { value: build.node("Concat", tensors, { name: node.name, output: node.output.name, attributes }), nodes };
}

/** Most tensors that are put into a sequence one by one. */
const MOST_INSERTED = 1 << 10;

/** The tensors of the sequence that a node takes, in order, with the nodes that it alone needs; undefined where it comes from elsewhere. */
function tensorsOf(user: Node): { tensors: Value[]; nodes: Node[] } | undefined {
  const added: { tensor: Value; at?: number }[] = [], nodes: Node[] = [];
  let node = user.inputs[0]?.producer, isOwn = true;
  for (; node && !node.hasReferences && added.length < MOST_INSERTED; node = node.inputs[0]?.producer) {
    isOwn &&= node.output.users.size === 1 && !node.output.isOutput && node.graph === user.graph;
    if (isOwn) nodes.push(node);
    if (!node.is("SequenceInsert")) break;
    const [, tensor, place] = node.inputs, at = constantValues(place)?.[0];
    if (!tensor || place && at === undefined) return undefined;
    added.push({ tensor, at });
  }
  if (!node?.is("SequenceConstruct", "SequenceEmpty") || node.hasReferences) return undefined;
  const tensors = node.inputs.filter((value) => value !== undefined);
  for (const { tensor, at = tensors.length } of added.reverse()) {
    tensors.splice(at < 0 ? at + tensors.length : at, 0, tensor);
  }
  return { tensors, nodes };
}
