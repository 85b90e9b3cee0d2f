/** Mutated models: each is refused with an error of ours, or fused and written; a failure is shrunk and saved. */
import fc from "fast-check";
import process from "node:process";
import { FileError, fuse, ModelFormatError } from "../../src/fusion/mod.ts";
import { arbitraryMutation, bases, mutated, type Mutation } from "./mutations.ts";
import { RuntimeProcess } from "./runtime_process.ts";

/** How much to try. */
export interface ByteFuzzOptions {
  /** Number of mutations. */
  count: number;
  /** Seed of the first. */
  seed: number;
  /** Seed of the random graphs among the models that are changed, default 11. */
  bases?: number;
  /** A folder of .onnx files that are changed in place of these. */
  models?: string;
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
  /** Rewritten ones that ONNX Runtime dies of, or does not end with, before fusion: they say nothing of it. */
  fatal: number;
  /** CPU time of the slowest, milliseconds. */
  slowestMs: number;
}

/** CPU time in which every model, whatever is in it, must be done. */
const MOST_MS = 2000;
/** And the memory, beside what the process has before. */
const MOST_BYTES = 500e6;

class Broken extends Error {}

/** Tries mutations. Throws where one breaks a promise: the message has the seed and where the shrunk model was saved. */
export async function runByteFuzz(
  { count, seed, bases: basesSeed, models: folder, runOneIn = 1, onMutation }: ByteFuzzOptions,
): Promise<ByteFuzzResult> {
  const models = folder === undefined ? bases(basesSeed) : modelsIn(folder);
  const result: ByteFuzzResult = { refused: 0, fused: 0, rewritten: 0, compared: 0, fatal: 0, slowestMs: 0 };
  await using runtime = new RuntimeProcess();
  let tried = 0;
  const property = fc.asyncProperty(arbitraryMutation(models.length), async (mutation) => {
    const bytes = mutated(models, mutation), before = process.cpuUsage(), { rss } = process.memoryUsage();
    const most = mostBytes(), fused = await fusedOf(bytes);
    const { user, system } = process.cpuUsage(before), ms = (user + system) / 1000;
    if (ms > MOST_MS) throw new Broken(`took ${ms.toFixed(0)} ms of CPU time`);
    if (mostBytes() > most && mostBytes() - rss > MOST_BYTES) {
      throw new Broken(`took ${((mostBytes() - rss) / 1e6).toFixed(0)} MB`);
    }
    result.slowestMs = Math.max(result.slowestMs, ms);
    if (!fused) result.refused++;
    else {
      result.fused++;
      if (fused.isRewritten && ++result.rewritten % runOneIn === 0) {
        const { outcome, reason } = await runtime.compare(bytes, fused.bytes);
        if (outcome === "broken") throw new Broken(reason);
        if (outcome === "same") result.compared++;
        if (outcome === "fatal") result.fatal++;
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
    throw new Error(
      `${error.stack}\nseed ${seed}, bases ${folder ?? basesSeed ?? "as usual"}, ${
        JSON.stringify(mutation)
      }; the model is ${path}`,
    );
  }
  return result;
}

/** The most memory that the process ever had. */
function mostBytes(): number {
  return 1024 * process.resourceUsage().maxRSS;
}

function modelsIn(folder: string): Uint8Array[] {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".onnx")).sort();
  return names.map((name) => Deno.readFileSync(`${folder}/${name}`));
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
