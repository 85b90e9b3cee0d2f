/**
 * How large the integers of an input may be: where the model looks them up in a table of its own, such as a vocabulary's, they must
 * lie in it.
 *
 * @module
 */
import { graphOf, type GraphProto, type NodeProto } from "./model_file.ts";

/** What hands integers on as they are. */
const PASSES = new Set([
  "Cast",
  "Identity",
  "Unsqueeze",
  "Squeeze",
  "Reshape",
  "Flatten",
  "Transpose",
  "Expand",
  "Slice",
]);
/** What makes a table of a stored one. */
const DECODES = new Set(["DequantizeLinear", "Cast", "Identity"]);

/** Rows of the smallest table that each graph input indexes, by the input's name; other inputs are absent. No weight is read. */
export function indexLimits(path: string): Map<string, number> {
  const { nodes, tables, inputs } = readTables(graphOf(path));
  const users = Map.groupBy(
    nodes.flatMap((node) => (node.input ?? []).map((name, at) => ({ name, node, at }))),
    (use) => use.name,
  );
  const producers = new Map(nodes.flatMap((node) => (node.output ?? []).map((name) => [name, node] as const)));
  const rowsOf = (name: string, axis: number): number | undefined => {
    const dims = tables.get(name);
    if (dims) return dims[axis < 0 ? axis + dims.length : axis];
    const producer = producers.get(name);
    return producer && DECODES.has(producer.op_type) ? rowsOf(producer.input![0], axis) : undefined;
  };
  const limits = new Map<string, number>();
  for (const input of inputs) {
    const reached = new Set([input]);
    for (const name of reached) { // a Set iterates over what is added on the way
      for (const { node, at } of users.get(name) ?? []) {
        if (PASSES.has(node.op_type) && at === 0) { for (const output of node.output ?? []) reached.add(output); }
        const table = tableOf(node, at), rows = table && rowsOf(table.name, table.axis);
        if (rows) limits.set(input, Math.min(rows, limits.get(input) ?? Infinity));
      }
    }
  }
  return limits;
}

/** The table that an operator looks its input number `at` up in. */
function tableOf({ op_type, input = [], attribute = [] }: NodeProto, at: number) {
  if ((op_type === "Gather" || op_type === "GatherBlockQuantized") && at === 1) {
    const axis = attribute.find(({ name }) => name === (op_type === "Gather" ? "axis" : "gather_axis"))?.i ?? 0;
    return { name: input[0], axis: Number(String(axis)) };
  }
  if (op_type === "EmbedLayerNormalization" && at < 2) return { name: input[at === 0 ? 2 : 4], axis: 0 };
  return undefined;
}

/** Nodes of all graphs, shapes of stored tensors by name, and names of the inputs of the model's own graph. */
function readTables(graph: GraphProto | undefined) {
  const nodes: NodeProto[] = [], tables = new Map<string, number[]>();
  const pending = graph ? [graph] : [];
  const store = (name: string, dims: readonly unknown[] = []) =>
    tables.set(name, dims.map((dim) => Number(String(dim))));
  for (let next = pending.shift(); next; next = pending.shift()) {
    for (const { name, dims } of next.initializer ?? []) store(name, dims);
    for (const node of next.node ?? []) {
      nodes.push(node);
      for (const { t, g, graphs = [] } of node.attribute ?? []) {
        if (t && node.op_type === "Constant") store(node.output![0], t.dims);
        pending.push(...(g ? [g] : []), ...graphs);
      }
    }
  }
  return { nodes, tables, inputs: (graph?.input ?? []).map(({ name }) => name) };
}
