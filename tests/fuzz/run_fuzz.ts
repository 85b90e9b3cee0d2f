/** Runs the property over random graphs; a failure is shrunk, saved and described. */
import fc from "fast-check";
import { listRules } from "../../src/fusion/mod.ts";
import { modelBytes, type TestModel } from "../onnx_model.ts";
import { arbitraryRecipe, modelOf, type Recipe } from "./arbitrary_graph.ts";
import { BrokenPromise, checkGraph } from "./check_graph.ts";

/** How much to try. */
export interface FuzzOptions {
  /** Number of graphs. */
  graphs: number;
  /** Seed of the first. */
  seed: number;
  /** Most steps of a graph. */
  steps?: number;
  /** Stop after so many milliseconds. */
  milliseconds?: number;
  /** Called after each graph that kept all promises. */
  onGraph?: (count: number) => void;
}

/** What was tried. */
export interface FuzzResult {
  /** Graphs that kept every promise. */
  graphs: number;
  /** Graphs ONNX Runtime would not run as they are, by its message. */
  refused: Map<string, number>;
  /** How often each rule was applied. */
  applied: Map<string, number>;
  /** Nodes of all graphs before and after. */
  nodes: { before: number; after: number };
  /** Largest relative L2 error, as a part of what is allowed. */
  error: number;
}

class Refused extends Error {}

/** Checks random graphs. Throws where one breaks a promise: the message has the seed and where the shrunk model was saved. */
export async function runFuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { graphs, seed, milliseconds, onGraph } = options;
  const result: FuzzResult = {
    graphs: 0,
    refused: new Map(),
    applied: new Map(),
    nodes: { before: 0, after: 0 },
    error: 0,
  };
  let failing = false;
  const property = fc.asyncProperty(arbitraryRecipe(options.steps), async (recipe) => {
    try {
      const { report, error } = await checkRecipe(recipe);
      if (failing) return;
      result.graphs++;
      result.error = Math.max(result.error, error);
      result.nodes.before += report.before.nodes;
      result.nodes.after += report.after.nodes;
      for (const { rule } of report.applied) result.applied.set(rule, (result.applied.get(rule) ?? 0) + 1);
      onGraph?.(result.graphs);
    } catch (error) {
      if (error instanceof Refused) {
        if (!failing) result.refused.set(error.message, (result.refused.get(error.message) ?? 0) + 1);
        return;
      }
      failing = true;
      throw error;
    }
  });
  const details = await fc.check(property, {
    numRuns: graphs,
    seed,
    ...milliseconds ? { interruptAfterTimeLimit: milliseconds, markInterruptAsFailure: false } : {},
  });
  if (details.failed && details.counterexample) {
    throw new Error(await describe(details.counterexample[0] as Recipe, seed, details.errorInstance as Error));
  }
  return result;
}

/** Every rule for a runtime, those that are for measuring too. */
function rulesFor(runtime: Recipe["runtime"]): string[] {
  return listRules().filter(({ runtimes }) => runtimes?.includes(runtime) ?? true).map(({ name }) => name);
}

async function checkRecipe(recipe: Recipe) {
  const model = modelOf(recipe);
  try {
    return await checkGraph(model, { runtime: recipe.runtime, rules: rulesFor(recipe.runtime) });
  } catch (error) {
    if (error instanceof BrokenPromise) throw error;
    throw new Refused((error as Error).message.replace(/'[^']*'|\(v\d+[^)]*\)|v\d+|\d+/g, "…").slice(0, 160));
  }
}

async function describe(recipe: Recipe, seed: number, error: Error): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "layerfuse_fuzz_" });
  const model = modelOf(recipe);
  await Deno.writeFile(`${folder}/before.onnx`, modelBytes(model));
  await Deno.writeTextFile(`${folder}/recipe.json`, JSON.stringify(recipe));
  await Deno.writeTextFile(`${folder}/model.json`, JSON.stringify(model, plainArrays, 1));
  const broken = error instanceof BrokenPromise ? error : undefined;
  if (broken?.after) await Deno.writeFile(`${folder}/after.onnx`, broken.after);
  const applied = broken?.report?.applied.map(({ rule, nodes, result }) =>
    `  ${rule}: ${nodes.join(", ")} → ${result}`
  );
  return [
    error.message,
    `seed ${seed}; the shrunk model (before.onnx, after.onnx, model.json, recipe.json) is in ${folder}`,
    `fused for ${recipe.runtime}, opset ${model.opset}, IR ${model.ir}, inputs ${
      JSON.stringify(model.inputs)
    }, outputs ${JSON.stringify(model.outputs)}`,
    ...model.nodes.map((node) => `  ${nodeText(node, model)}`),
    ...applied?.length ? ["applied:", ...applied] : [],
  ].join("\n");
}

function nodeText({ op, inputs, outputs, attributes }: TestModel["nodes"][number], model: TestModel): string {
  const shown = inputs.map((name) => {
    const dims = model.initializers?.[name]?.dims;
    return dims ? `${name}[${dims}]` : name || "–";
  });
  const options = Object.keys(attributes ?? {}).length > 0
    ? ` ${JSON.stringify(attributes, plainArrays).slice(0, 400)}`
    : "";
  return `${outputs.join(", ")} = ${op}(${shown.join(", ")})${options}`;
}

function plainArrays(_key: string, value: unknown): unknown {
  return ArrayBuffer.isView(value) ? [...value as Float64Array] : value;
}
