import { floatAttribute, newAttribute } from "../../graph/attribute.ts";
import type { Node, Value } from "../../graph/graph.ts";
import { valueTensor } from "../../tensor/tensor.ts";
import type { Builder } from "../builder.ts";
import { axesOf, constantValues } from "../constant.ts";
import { isMadeInBlocks } from "./blocked_value.ts";

/** Nodes that the blocked layout does not have, in operators that it has. */
export interface Alternative {
  /** The nodes, the last first. */
  readonly nodes: readonly Node[];
  /** The result of the nodes, by other operators. */
  emit(build: Builder): Value;
}

/** Operators for which there may be another. */
export const REPLACEABLE: readonly string[] = ["Max", "Min", "ReduceMean"];

/** What to write for a node on a value that is made in blocks; undefined where it is none of these, or no such value is near. */
export function alternativeOf(node: Node): Alternative | undefined {
  if (node.domain !== "" || node.hasReferences) return undefined;
  return node.is("ReduceMean") ? poolOf(node) : clipOf(node);
}

function isBlocked(value: Value | undefined): boolean {
  return value?.shape?.length === 4 && value.type === "float32" && isMadeInBlocks(value);
}

/** The mean over height and width. */
function poolOf(node: Node): Alternative | undefined {
  const [x] = node.inputs, axes = axesOf(node, 4);
  if (!axes || [...axes].sort().join() !== "2,3" || !isBlocked(x)) return undefined;
  const keeps = node.number("keepdims", 1) === 1, { name, output } = node;
  return {
    nodes: [node],
    emit(build) {
      if (keeps) return build.node("GlobalAveragePool", [x], { name, output: output.name });
      const pooled = build.node("GlobalAveragePool", [x], { name: name && `${name}/GlobalAveragePool` });
      return build.node("Flatten", [pooled], { name, output: output.name, attributes: [newAttribute("axis", 1)] });
    },
  };
}

interface Bounds {
  readonly nodes: readonly Node[];
  readonly x: Value;
  readonly least: number;
  readonly most: number;
}

/** A maximum and a minimum with one number each, in any order, or one of them: found at the last. */
function clipOf(node: Node): Alternative | undefined {
  const { output } = node, [user] = output.users.keys();
  if (output.users.size === 1 && !output.isOutput && bothOf(user)?.nodes[1] === node) return undefined;
  const bounds = bothOf(node) ?? boundOf(node);
  if (!bounds || !isBlocked(bounds.x)) return undefined;
  return { nodes: bounds.nodes, emit: (build) => emitClip(node, bounds, build) };
}

/** A node and the one before it as one clip. */
function bothOf(node: Node): Bounds | undefined {
  const last = boundOf(node), producer = last?.x.producer;
  if (!last || !producer || last.x.users.size > 1 || last.x.isOutput || producer.opType === node.opType) {
    return undefined;
  }
  const first = producer.graph === node.graph && !producer.hasReferences ? boundOf(producer) : undefined;
  const least = Math.max(first?.least ?? 0, last.least), most = Math.min(first?.most ?? 0, last.most);
  return first && least <= most ? { nodes: [node, producer], x: first.x, least, most } : undefined;
}

function boundOf(node: Node): Bounds | undefined {
  if (!node.is("Max", "Min") || node.inputs.length !== 2 || node.opset < 8) return undefined;
  const numbers = node.inputs.map(constantValues), at = numbers.findIndex((values) => values?.length === 1);
  const x = node.inputs[1 - at], bound = numbers[at]?.[0];
  if (at < 0 || !x || bound === undefined || !Number.isFinite(bound) || (node.inputs[at]!.shape?.length ?? 9) > 4) {
    return undefined;
  }
  return node.is("Max")
    ? { nodes: [node], x, least: bound, most: Infinity }
    : { nodes: [node], x, least: -Infinity, most: bound };
}

function emitClip({ name, output, opset }: Node, { x, least, most }: Bounds, build: Builder): Value {
  const names = { name, output: output.name };
  if (least === 0 && most === Infinity) return build.node("Relu", [x], names);
  const bounds = Object.entries({ min: least, max: most }).filter(([, bound]) => Number.isFinite(bound));
  if (opset < 11) {
    return build.node("Clip", [x], {
      ...names,
      attributes: bounds.map(([role, bound]) => floatAttribute(role, bound)),
    });
  }
  const [min, max] = [least, most].map((bound, at) =>
    Number.isFinite(bound)
      ? build.initializer(`${output.name}.${at ? "max" : "min"}`, valueTensor("float32", [], Float64Array.of(bound)))
      : undefined
  );
  return build.node("Clip", [x, min, max], names);
}
