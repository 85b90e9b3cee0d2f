import type { Dim, Shape } from "../graph/graph.ts";
import { constantValues } from "./constant.ts";
import type { Facts, Op, Ops } from "./op.ts";

/** What is true of both values. */
function common(a: Facts, b: Facts): Facts {
  const type = a.type === b.type ? a.type : undefined;
  if (!a.shape || a.shape.length !== b.shape?.length) return { type };
  return { type, shape: a.shape.map((dim, axis): Dim => dim === b.shape![axis] ? dim : null) };
}

const ifElse: Op = {
  inputs: [1],
  branch(node) {
    const condition = constantValues(node.inputs[0]);
    return condition?.length === 1 ? condition[0] ? "then_branch" : "else_branch" : undefined;
  },
  infer(node) {
    const [first, ...others] = node.subgraphs;
    if (!first) return [];
    return first.outputs.map((value, index) =>
      others.reduce((facts: Facts, graph) => common(facts, graph.outputs[index] ?? {}), {
        type: value.type,
        shape: value.shape,
      })
    );
  },
};

/** Only the types: a value that goes round may change its shape. */
const loop: Op = {
  inputs: [0, Infinity],
  infer(node, inputs) {
    const [body] = node.subgraphs;
    if (!body) return [];
    const carried = Math.max(0, node.inputs.length - 2);
    return body.outputs.slice(1).map(({ type, shape }, index): Facts =>
      index < carried
        ? { type: type ?? inputs[index + 2]?.type }
        : { type, shape: shape && [null, ...shape.map(() => null)] }
    );
  },
};

const scan: Op = {
  inputs: [0, Infinity],
  infer(node) {
    const [body] = node.subgraphs;
    if (!body) return [];
    const carried = node.inputs.length - node.number("num_scan_inputs", 0) - (node.opset < 9 ? 1 : 0);
    return body.outputs.map(({ type, shape }, index): Facts => {
      const stacked: Shape | undefined = node.opset >= 9 && shape ? [null, ...shape.map(() => null)] : undefined;
      return { type, shape: index < carried ? undefined : stacked };
    });
  },
};

/** Operators with subgraphs. */
export const CONTROL_OPS = { If: ifElse, Loop: loop, Scan: scan } satisfies Ops;
