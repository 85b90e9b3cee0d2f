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

interface NodeProto {
  op_type: string;
  name?: string;
  domain?: string;
  output?: string[];
  attribute?: { g?: GraphProto; graphs?: GraphProto[] }[];
}

interface GraphProto {
  node?: NodeProto[];
}

/** Reads the nodes of a model file, each graph's in its order, subgraphs after it. @throws {Error} If it is no ONNX model. */
export function nodesOf(path: string): FileNode[] {
  const bytes = skeletonOf(path);
  const { graph } = messageType("ModelProto").decode(bytes) as unknown as { graph?: GraphProto };
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
