/**
 * The graph that ONNX Runtime really runs, as it saves it itself (`optimizedModelFilePath`).
 *
 * @module
 */
import { join } from "node:path";
import { TemporaryDirectory } from "../host/temporary_directory.ts";
import { checked } from "../host/options.ts";
import { nodesOf } from "./model_file.ts";
import { type SessionOptions, startSession } from "./session.ts";
import type { Level } from "./types.ts";

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
  checked("asRunOperators", options, { provider: true, threads: true, pin: true });
  using directory = new TemporaryDirectory();
  const optimizedPath = join(directory.path, "as_run.onnx");
  await using _session = await startSession(path, { ...options, level, optimizedPath });
  return countOperators(optimizedPath);
}

/** Counts the operators of a model file by name, domain first where it is not ONNX's own; no weight is read. */
export function countOperators(path: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { opType, domain } of nodesOf(path)) {
    const name = domain ? `${domain}.${opType}` : opType;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
