/**
 * Models for ONNX's checker, each as it is and fused: the fixtures, architectures with few weights, random graphs, and ONNX's own
 * backend suite where that is installed.
 *
 * @module
 */
import fc from "fast-check";
import { fuse, type FuseOptions, type Model, open } from "../../src/fusion/mod.ts";
import { assemble } from "../../src/models/build.ts";
import { inferShapes } from "../../src/ops/infer.ts";
import { backendCases, isInstalled } from "../../tests/backend/suite.ts";
import { arbitraryRecipe, modelOf } from "../../tests/fuzz/arbitrary_graph.ts";
import { modelBytes, type TestModel } from "../../tests/onnx_model.ts";
import { root } from "../root.ts";

const FIXTURES = ["resnet", "densenet", "repvgg", "convrelubn", "autoencoder"];

/** One of each kind that has few weights: the whole is to take less than a minute. */
const ARCHITECTURES = [
  "mobilenet_v3_small",
  "shufflenet_v2_x1_0",
  "mobileone_s0",
  "convnext_atto",
  "vit_tiny_patch16_224",
  "llama_blocks",
  "bert_encoder",
  "lora_transformer",
  "dcgan_generator",
  "unet",
] as const;

/** Random graphs, the same ones every time. */
const GRAPHS = 400, SEED = 20210621;

/** Writes `NAME.before.onnx` and `NAME.after.onnx` into a folder, for every model that fusing changes. */
export async function writeModels(folder: string): Promise<void> {
  const write = async (name: string, given: Model, options: FuseOptions = {}) => {
    const { model, report } = await fuse(given, options);
    if (report.applied.length === 0) return;
    await given.save(`${folder}/${name}.before.onnx`);
    await model.save(`${folder}/${name}.after.onnx`);
  };
  for (const name of FIXTURES) await write(name, await open(new URL(`tests/fixtures/fashion_${name}.onnx`, root)));
  for (const name of ARCHITECTURES) await write(name, assemble(name, 1));
  const recipes = fc.sample(arbitraryRecipe(), { numRuns: GRAPHS, seed: SEED });
  for (const [index, recipe] of recipes.entries()) {
    await write(`random_${index}`, await withShapes(modelOf(recipe)), { aggressive: index % 2 === 1 });
  }
  if (!isInstalled) return;
  for await (const { name, bytes } of backendCases()) {
    const model = await open(bytes).catch(() => undefined); // the suite has models that are broken on purpose
    if (model) await write(`suite_${name.replaceAll(/\W/g, "_")}`, model);
  }
}

/**
 * The model with what is known of the shapes of its outputs, where it says nothing: the checker asks for some. And with those of
 * its pools with ceil_mode: there the checker counts a window that begins in the padding, which the runtime does not run, so it
 * is told what follows, and refuses the model as it came where it infers otherwise.
 */
async function withShapes(model: TestModel): Promise<Model> {
  const opened = await open(modelBytes(model));
  const known = new Map(opened.outputs.map(({ name, shape }) => [name, shape]));
  const outputs = Object.entries(model.outputs).map(([name, shape]) => [name, shape ?? [...known.get(name) ?? []]]);
  if (!outputs.every(([name]) => known.get(name as string))) return opened;
  const { graph } = opened.graphs();
  inferShapes(graph);
  const pools = new Set(
    model.nodes.filter(({ attributes }) => attributes?.ceil_mode).flatMap(({ outputs: [value] }) => value ?? []),
  );
  const valueInfo = Object.fromEntries(
    graph.nodes.flatMap(({ outputs: [value] }) =>
      value?.shape && pools.has(value.name) && !(value.name in model.outputs) ? [[value.name, [...value.shape]]] : []
    ),
  );
  return await open(modelBytes({ ...model, outputs: Object.fromEntries(outputs), valueInfo }));
}
