/**
 * Where in the graph two models begin to differ: every value that both name, compared as if it were an output.
 *
 * @module
 */
import { appendFile, copyFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { concat, fieldBytes } from "../proto/wire.ts";
import { measureError } from "./error.ts";
import { feedsFor } from "./feeds.ts";
import { nodesOf } from "./model_file.ts";
import { startSession } from "./session.ts";
import type { NamedTensors } from "./session.ts";
import type { Setup } from "./observe.ts";
import type { ModelFile } from "./source.ts";
import type { LayerDifference, LayerDifferences } from "./types.ts";

/** Relative L2 error from which on a value differs: more than rounding of float32 makes. */
const LAYER_TOLERANCE = 1e-4;

/** Values made outputs at a time: all at once would keep all in memory. */
const AT_ONCE = 64;

/** Fields of ModelProto, GraphProto and ValueInfoProto. */
const MODEL_GRAPH = 7, GRAPH_OUTPUT = 12, VALUE_NAME = 1;

/**
 * Compares what both models compute under the same names, ONNX Runtime's own optimizations off, in the order of the second's graph.
 *
 * A value that both name need not mean the same in both (a rewrite may scale it and undo that later), so a difference here is a place
 * to look at; only a difference of the outputs is an error of the model.
 *
 * @param feeds A tensor for every input of the first model.
 * @throws {Error} If a model cannot be loaded or run.
 */
export async function layerDifferences(
  [before, after]: readonly [ModelFile, ModelFile],
  feeds: NamedTensors,
  setup: Setup,
  signal?: AbortSignal,
): Promise<LayerDifferences> {
  const [old, now] = [operatorsByValue(before.path), operatorsByValue(after.path)];
  const shared = [...now.keys()].filter((value) => old.has(value));
  const values: LayerDifference[] = [], skipped: string[] = [];
  const compareSome = async (names: string[]): Promise<void> => {
    if (names.length === 0 || signal?.aborted) return;
    try {
      const outputs = [await valuesOf(before, names, feeds, setup), await valuesOf(after, names, feeds, setup)];
      for (const value of names) {
        values.push(differenceOf(value, now.get(value)!, outputs[0][value], outputs[1][value]));
      }
    } catch (error) {
      if (names.length === 1) {
        skipped.push(names[0]); // it is no tensor, or the runtime cannot give it away
        return;
      }
      if (!(error instanceof Error)) throw error;
      const half = Math.ceil(names.length / 2);
      await compareSome(names.slice(0, half));
      await compareSome(names.slice(half));
    }
  };
  for (let from = 0; from < shared.length; from += AT_ONCE) await compareSome(shared.slice(from, from + AT_ONCE));
  return {
    tolerance: LAYER_TOLERANCE,
    values,
    onlyBefore: old.size - shared.length,
    onlyAfter: now.size - shared.length,
    skipped,
  };
}

function differenceOf(
  value: string,
  operator: string,
  a: NamedTensors[string],
  b: NamedTensors[string],
): LayerDifference {
  if (a.type !== b.type || a.dims.join() !== b.dims.join()) {
    const other = { before: `${a.type} [${a.dims}]`, after: `${b.type} [${b.dims}]` };
    return { value, operator, l2: Number.MAX_VALUE, relativeL2: Number.MAX_VALUE, maxAbs: Number.MAX_VALUE, other };
  }
  const { l2, relativeL2, maxAbs, nonFinite } = measureError({ [value]: a }, { [value]: b });
  return { value, operator, l2, relativeL2, maxAbs, ...(nonFinite ? { nonFinite } : {}) };
}

/** The operators that make the values of a model's own graph, by value, in its order. */
function operatorsByValue(path: string): Map<string, string> {
  const nodes = nodesOf(path).filter(({ isTop, opType }) => isTop && opType !== "Constant");
  return new Map(nodes.flatMap(({ outputs, opType }) => outputs.filter(Boolean).map((value) => [value, opType])));
}

/** Runs a copy of the model in which the values are outputs. */
async function valuesOf(
  file: ModelFile,
  names: readonly string[],
  feeds: NamedTensors,
  setup: Setup,
): Promise<NamedTensors> {
  const path = join(setup.directory, "tapped.onnx");
  await copyFile(file.path, path);
  try {
    const known = await outputsOf(file.path, setup);
    const tapped = names.filter((name) => !known.has(name));
    // what is appended to a message on the wire is merged into it: the graph gets further outputs, and nothing is rewritten
    const outputs = tapped.map((name) =>
      fieldBytes(GRAPH_OUTPUT, fieldBytes(VALUE_NAME, new TextEncoder().encode(name)))
    );
    if (outputs.length > 0) await appendFile(path, fieldBytes(MODEL_GRAPH, concat(outputs)));
    await using session = await startSession(path, { ...setup, level: "disabled" });
    return await session.run(feedsFor(session, feeds, file.name));
  } finally {
    await rm(path, { force: true });
  }
}

async function outputsOf(path: string, setup: Setup): Promise<Set<string>> {
  await using session = await startSession(path, { ...setup, level: "disabled" });
  return new Set(session.outputs);
}
