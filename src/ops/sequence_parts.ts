import { newAttribute } from "../graph/attribute.ts";
import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "./builder.ts";
import { axisOf, constantValues } from "./constant.ts";
import { fromStart } from "./dims.ts";

/** Operators that take a tensor apart into a sequence. */
export const SEQUENCE_ROOTS: readonly string[] = ["SplitToSequence"];

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
