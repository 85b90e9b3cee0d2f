/**
 * What `RuntimeProcess` starts: reads pairs of models from stdin, each model its length (32 bits) and its bytes, runs both in ONNX
 * Runtime and answers with lines of JSON: which of the two it is at, then what came of it.
 *
 * @module
 */
import * as ort from "onnxruntime-node";
import { messageType } from "../../src/proto/schema.ts";
import { errorOf, type Output, outputsOf } from "./check_graph.ts";
import type { Compared } from "./runtime_process.ts";

/** Largest relative L2 error. */
const MOST_ERROR = 1e-4;
/** And where a weight is so large that its last digit is more than that, which may cancel out after it was rounded. */
const MOST_CANCELLED = 1e-2;
/** Outputs with larger values, or none that are numbers, are not compared: their squares are no numbers either. */
const MOST_VALUE = 1e150;
/** Outputs of models with larger inputs are not compared. */
const MOST_ELEMENTS = 1e5;

/** What is read of a model's protobuf. */
interface GraphOf {
  graph: {
    initializer: { data_type: number; raw_data: Uint8Array }[];
    node: { attribute: { t?: { data_type: number; raw_data: Uint8Array } | null }[] }[];
  };
}

function say(line: Compared | { at: "before" | "after" }): void {
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(line) + "\n"));
}

/** The next model; undefined at the end. */
function read(): Uint8Array | undefined {
  const filled = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) {
      const count = Deno.stdin.readSync(bytes.subarray(at));
      if (count === null) return undefined;
      at += count;
    }
    return bytes;
  };
  const length = filled(new Uint8Array(4));
  return length && filled(new Uint8Array(new DataView(length.buffer).getUint32(0)));
}

/** Whether ONNX Runtime runs the first model, and whether the second one does the same then. */
async function compare(before: Uint8Array, after: Uint8Array): Promise<Compared> {
  let feeds: Record<string, ort.Tensor>, expected: Awaited<ReturnType<typeof outputsOf>>;
  say({ at: "before" });
  try {
    const session = await ort.InferenceSession.create(before, {
      logSeverityLevel: 4,
      graphOptimizationLevel: "disabled",
    });
    feeds = Object.fromEntries(session.inputMetadata.map((input) => [input.name, feed(input)]));
    await session.release();
    expected = await outputsOf(before, feeds);
  } catch {
    return { outcome: "refused" };
  }
  say({ at: "after" });
  let actual: typeof expected;
  try {
    actual = await outputsOf(after, feeds);
  } catch (error) {
    const { message } = error as Error;
    // a shape that the file declares and constants contradict is found out by the runtime's own evaluation of them, too
    if (/ShapeInferenceError/.test(message) && await isRefusedOptimized(before)) return { outcome: "refused" };
    return { outcome: "broken", reason: `ONNX Runtime runs the model and not the fused one: ${message}` };
  }
  for (const [name, output] of Object.entries(expected)) {
    if (!["float32", "float64", "int64", "int32", "bool"].includes(output.type)) continue;
    if (!Array.from(output.data).every((value) => Math.abs(Number(value)) < MOST_VALUE)) continue;
    const other = actual[name];
    if (String(other?.dims) !== String(output.dims)) {
      return { outcome: "broken", reason: `output '${name}': [${output.dims}] → [${other?.dims}]` };
    }
    const error = errorOf(output, other);
    if (!(error <= MOST_ERROR + Math.min(MOST_CANCELLED, 2 ** -23 * largestWeight(before)))) {
      if (!(await ownError(before, feeds, name) <= MOST_ERROR)) return { outcome: "refused" };
      return { outcome: "broken", reason: `output '${name}' has a relative L2 error of ${error}` };
    }
  }
  return { outcome: "same" };
}

/** The largest number among the weights of a model's main graph that are stored as bytes. */
function largestWeight(bytes: Uint8Array): number {
  const { graph } = messageType("ModelProto").decode(bytes) as unknown as GraphOf;
  const tensors = [
    ...graph.initializer,
    ...graph.node.flatMap(({ attribute }) => attribute.flatMap(({ t }) => t ?? [])),
  ];
  const numbers = tensors.filter(({ data_type }) => data_type === 1).flatMap(({ raw_data }) => [
    ...new Float32Array(raw_data.slice(0, raw_data.length - raw_data.length % 4).buffer),
  ]);
  return numbers.reduce((most, number) => Number.isFinite(number) ? Math.max(most, Math.abs(number)) : most, 0);
}

/** By how much two runs of a model differ: some of the runtime's operators leave a part of their output as the memory was. */
async function ownError(bytes: Uint8Array, feeds: Record<string, ort.Tensor>, name: string): Promise<number> {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4, graphOptimizationLevel: "disabled" });
  const runs = [await session.run(feeds), await session.run(feeds)];
  const [first, second] = runs.map((outputs) => outputs[name] as unknown as Output);
  await session.release();
  return errorOf(first, second);
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

while (true) {
  const before = read(), after = before && read();
  if (!before || !after) break;
  say(await compare(before, after));
}
