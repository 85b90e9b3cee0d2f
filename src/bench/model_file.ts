/**
 * As much of a model file as is looked at here: operators and the names of nodes and values. No weight is read.
 *
 * @module
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { messageType } from "../proto/schema.ts";
import { readSkeleton } from "../proto/skeleton.ts";

/** A node, as the file has it. */
export interface FileNode {
  /** Its name, empty where it has none. */
  name: string;
  /** Its operator. */
  opType: string;
  /** The operator's domain, empty for ONNX's own. */
  domain: string;
  /** Names of its outputs; an empty one is left out. */
  outputs: string[];
  /** Whether it is in the model's own graph, not in a subgraph of it. */
  isTop: boolean;
}

/** A node as the format has it, as far as it is looked at. */
export interface NodeProto {
  op_type: string;
  name?: string;
  domain?: string;
  input?: string[];
  output?: string[];
  attribute?: {
    name: string;
    /** A whole number, where it is one. */
    i?: unknown;
    /** A tensor, where it is one. */
    t?: { dims?: unknown[] };
    g?: GraphProto;
    graphs?: GraphProto[];
  }[];
}

/** A graph as the format has it, as far as it is looked at. */
export interface GraphProto {
  node?: NodeProto[];
  input?: { name: string; type?: Record<string, unknown> }[];
  initializer?: { name: string; dims?: unknown[] }[];
}

/** The graph of a model file, without its weights. @throws {Error} If it is no ONNX model. */
export function graphOf(path: string): GraphProto | undefined {
  return (messageType("ModelProto").decode(skeletonOf(path)) as unknown as { graph?: GraphProto }).graph;
}

/** Reads the nodes of a model file, each graph's in its order, subgraphs after it. @throws {Error} If it is no ONNX model. */
export function nodesOf(path: string): FileNode[] {
  const graph = graphOf(path);
  const nodes: FileNode[] = [];
  const pending = graph ? [graph] : [];
  for (let next = pending.shift(); next; next = pending.shift()) {
    for (const { op_type, name = "", domain = "", output = [], attribute = [] } of next.node ?? []) {
      nodes.push({
        name,
        opType: op_type,
        domain: domain === "ai.onnx" ? "" : domain,
        outputs: [...output],
        isTop: next === graph,
      });
      for (const { g, graphs = [] } of attribute) pending.push(...(g ? [g] : []), ...graphs);
    }
  }
  return nodes;
}

/** The model without its weights; the file is closed at once, so that it can be removed. */
function skeletonOf(path: string): Uint8Array {
  const file = openSync(path, "r");
  try {
    const read = (offset: number, into: Uint8Array) => {
      for (let done = 0; done < into.length;) {
        const count = readSync(file, into, done, into.length - done, offset + done);
        if (count === 0) throw new Error(`${path}: ends at byte ${offset + done}, where more was expected`);
        done += count;
      }
    };
    return readSkeleton({ name: path, size: fstatSync(file).size, read }).bytes;
  } finally {
    closeSync(file);
  }
}
