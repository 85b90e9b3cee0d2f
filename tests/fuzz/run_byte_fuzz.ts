/** Mutated models: each is refused with an error of ours, or fused and written; a failure is shrunk and saved. */
import fc from "fast-check";
import process from "node:process";
import * as ort from "onnxruntime-node";
import { FileError, fuse, ModelFormatError, open } from "../../src/fusion/mod.ts";
import { allGraphs } from "../../src/graph/graph.ts";
import { inputsOf } from "../../src/ops/names.ts";
import { errorOf, outputsOf } from "./check_graph.ts";
import { arbitraryMutation, bases, mutated, type Mutation } from "./mutations.ts";

/** How much to try. */
export interface ByteFuzzOptions {
  /** Number of mutations. */
  count: number;
  /** Seed of the first. */
  seed: number;
  /** One in how many fused models is run in ONNX Runtime and compared, default 1. */
  runOneIn?: number;
  /** Called after each mutation that kept all promises. */
  onMutation?: (count: number) => void;
}

/** What was tried. */
export interface ByteFuzzResult {
  /** Mutations that were refused. */
  refused: number;
  /** Those that were fused and written. */
  fused: number;
  /** Of these, those that a rule was applied to. */
  rewritten: number;
  /** Of these, those ONNX Runtime runs, and the outputs are the same. */
  compared: number;
  /** CPU time of the slowest, milliseconds. */
  slowestMs: number;
}

/** CPU time in which every model, whatever is in it, must be done. */
const MOST_MS = 2000;
/** Largest relative L2 error. */
const MOST_ERROR = 1e-4;
/** Outputs of models with larger inputs are not compared. */
const MOST_ELEMENTS = 1e5;

class Broken extends Error {}

/** Tries mutations. Throws where one breaks a promise: the message has the seed and where the shrunk model was saved. */
export async function runByteFuzz({ count, seed, runOneIn = 1, onMutation }: ByteFuzzOptions): Promise<ByteFuzzResult> {
  const models = bases();
  const result: ByteFuzzResult = { refused: 0, fused: 0, rewritten: 0, compared: 0, slowestMs: 0 };
  let tried = 0;
  const property = fc.asyncProperty(arbitraryMutation(models.length), async (mutation) => {
    const bytes = mutated(models, mutation), before = process.cpuUsage();
    const fused = await fusedOf(bytes);
    const { user, system } = process.cpuUsage(before), ms = (user + system) / 1000;
    if (ms > MOST_MS) throw new Broken(`took ${ms.toFixed(0)} ms of CPU time`);
    result.slowestMs = Math.max(result.slowestMs, ms);
    if (!fused) result.refused++;
    else {
      result.fused++;
      if (fused.isRewritten && ++result.rewritten % runOneIn === 0 && await areSame(bytes, fused.bytes)) {
        result.compared++;
      }
    }
    onMutation?.(++tried);
  });
  const details = await fc.check(property, { numRuns: count, seed });
  if (details.failed && details.counterexample) {
    const mutation = details.counterexample[0] as Mutation;
    const path = await Deno.makeTempFile({ prefix: "layerfuse_fuzz_", suffix: ".onnx" });
    await Deno.writeFile(path, mutated(models, mutation));
    const error = details.errorInstance as Error;
    throw new Error(`${error.stack}\nseed ${seed}, ${JSON.stringify(mutation)}; the model is ${path}`);
  }
  return result;
}

/** The fused model; undefined where it was refused as it should be. */
async function fusedOf(bytes: Uint8Array): Promise<{ bytes: Uint8Array; isRewritten: boolean } | undefined> {
  try {
    const { model, report } = await fuse(bytes), fused = await model.bytes();
    const isRewritten = report.applied.length > 0;
    if (!isRewritten && !(fused.length === bytes.length && fused.every((byte, i) => byte === bytes[i]))) {
      throw new Broken("nothing was applied, and the bytes are others");
    }
    return { bytes: fused, isRewritten };
  } catch (error) {
    if (error instanceof ModelFormatError || error instanceof FileError) {
      if (!/^\(bytes\): ./.test(error.message)) {
        throw new Broken(`the error does not say of what it is: ${error.message}`);
      }
      return undefined;
    }
    if (error instanceof Broken) throw error;
    throw new Broken(`an untyped error: ${(error as Error).stack}`, { cause: error });
  }
}

/**
 * Whether a node has more inputs than its operator, or the function it calls, may have: ONNX Runtime ends the process over some of
 * those, instead of refusing them.
 */
async function hasSurplusInputs(bytes: Uint8Array): Promise<boolean> {
  const { graph, functions } = (await open(bytes)).graphs();
  const nodes = [...allGraphs([graph, ...functions])].flatMap(({ nodes }) => nodes);
  const leastOfFunctions = Math.min(...functions.map(({ inputs }) => inputs.length));
  return nodes.some((node) => {
    const known = inputsOf(node);
    return node.inputs.length > (known ? known[1] || Infinity : leastOfFunctions);
  });
}

/** Whether ONNX Runtime runs the first model. Throws where it does and the second one does not do the same. */
async function areSame(before: Uint8Array, after: Uint8Array): Promise<boolean> {
  if (await hasSurplusInputs(before)) return false;
  let feeds: Record<string, ort.Tensor>, expected: Awaited<ReturnType<typeof outputsOf>>;
  try {
    const session = await ort.InferenceSession.create(before, {
      logSeverityLevel: 4,
      graphOptimizationLevel: "disabled",
    });
    feeds = Object.fromEntries(session.inputMetadata.map((input) => [input.name, feed(input)]));
    await session.release();
    expected = await outputsOf(before, feeds);
  } catch {
    return false;
  }
  const actual = await outputsOf(after, feeds).catch(async (error) => {
    // a shape that the file declares and constants contradict is found out by the runtime's own evaluation of them, too
    if (/ShapeInferenceError/.test(error.message) && await isRefusedOptimized(before)) return undefined;
    throw new Broken(`ONNX Runtime runs the model and not the fused one: ${error.message}`);
  });
  if (!actual) return false;
  for (const [name, output] of Object.entries(expected)) {
    if (!["float32", "float64", "int64", "int32", "bool"].includes(output.type)) continue;
    if (!Array.from(output.data).every((value) => Number.isFinite(Number(value)))) continue;
    const other = actual[name];
    if (String(other?.dims) !== String(output.dims)) {
      throw new Broken(`output '${name}': [${output.dims}] → [${other?.dims}]`);
    }
    const error = errorOf(output, other);
    if (!(error <= MOST_ERROR)) throw new Broken(`output '${name}' has a relative L2 error of ${error}`);
  }
  return true;
}

/** Whether ONNX Runtime refuses a model for its shapes once it has evaluated its constants. */
async function isRefusedOptimized(bytes: Uint8Array): Promise<boolean> {
  try {
    await (await ort.InferenceSession.create(bytes, { logSeverityLevel: 4, graphOptimizationLevel: "basic" }))
      .release();
    return false;
  } catch (error) {
    return /ShapeInferenceError/.test((error as Error).message);
  }
}

function feed(input: ort.InferenceSession.ValueMetadata): ort.Tensor {
  if (!input.isTensor) throw new TypeError("only tensors are fed");
  const dims = input.shape.map((dim) => typeof dim === "number" && dim >= 0 ? dim : 2);
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (size > MOST_ELEMENTS) throw new RangeError("too large to run");
  const values = Float32Array.from({ length: size }, (_, i) => Math.sin(i * 12.9898));
  switch (input.type) {
    case "float32":
      return new ort.Tensor("float32", values, dims);
    case "float64":
      return new ort.Tensor("float64", Float64Array.from(values), dims);
    case "bool":
      return new ort.Tensor("bool", Uint8Array.from(values, (value) => value > 0 ? 1 : 0), dims);
    default:
      throw new TypeError(`inputs of type ${input.type} are not fed`);
  }
}
