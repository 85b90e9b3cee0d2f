/**
 * The graph that ONNX Runtime really runs, as it saves it itself (`optimizedModelFilePath`).
 *
 * @module
 */
import { join } from "node:path";
import { messageType } from "../proto/schema.ts";
import { readSkeleton } from "../proto/skeleton.ts";
import { openSession, type SessionOptions } from "./session.ts";
import type { Level } from "./types.ts";

/** As much of NodeProto as is looked at. */
interface Node {
  op_type: string;
  domain?: string;
  attribute?: { g?: Graph; graphs?: Graph[] }[];
}

interface Graph {
  node?: Node[];
}

/**
 * Counts the operators that ONNX Runtime runs a model with at one optimization level, by asking it to save its own graph: those it
 * fuses have names of their own (`com.microsoft.FusedConv`, `com.microsoft.nchwc.Conv`, `LayerNormalization`). Operators outside
 * ONNX's default domain are named with theirs; nodes of subgraphs count too.
 *
 * @param path The model file.
 * @throws {Error} If ONNX Runtime cannot load the model, or cannot save what it made of it.
 */
export async function asRunOperators(
  path: string,
  level: Level = "all",
  options: Omit<SessionOptions, "level" | "optimizedPath" | "profilePrefix"> = {},
): Promise<Record<string, number>> {
  const directory = await Deno.makeTempDir({ prefix: "layerfuse_" });
  try {
    const optimizedPath = join(directory, "as_run.onnx");
    await using _session = await openSession(path, { ...options, level, optimizedPath });
    return countOperators(optimizedPath);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Counts the operators of a model file by name, domain first where it is not ONNX's own; no weight is read. */
export function countOperators(path: string): Record<string, number> {
  using file = Deno.openSync(path);
  const { bytes } = readSkeleton({
    name: path,
    size: file.statSync().size,
    read(offset, into) {
      file.seekSync(offset, Deno.SeekMode.Start);
      for (let done = 0; done < into.length;) {
        const read = file.readSync(into.subarray(done));
        if (read === null) throw new Error(`${path}: ends at byte ${offset + done}, where more was expected`);
        done += read;
      }
    },
  });
  const { graph } = messageType("ModelProto").decode(bytes) as unknown as { graph?: Graph };
  const counts: Record<string, number> = {};
  const pending = graph ? [graph] : [];
  for (let next = pending.pop(); next; next = pending.pop()) {
    for (const { op_type, domain, attribute = [] } of next.node ?? []) {
      const name = domain && domain !== "ai.onnx" ? `${domain}.${op_type}` : op_type;
      counts[name] = (counts[name] ?? 0) + 1;
      for (const { g, graphs = [] } of attribute) pending.push(...(g ? [g] : []), ...graphs);
    }
  }
  return counts;
}
