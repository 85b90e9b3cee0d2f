import { exportModel } from "../graph/export.ts";
import { Model } from "../fusion/model.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { type Architecture, ARCHITECTURES, parseArchitecture } from "./architectures.ts";
import { calibrate, calibrationImages } from "./calibrate.ts";
import type { Variant } from "./names.ts";
import { Network, OPSET, type Statistics } from "./network.ts";
import { type TrainedWeights, trainedWeights } from "./trained_weights.ts";
import { interruptSignal } from "../host/interrupts.ts";
import { checked, type OptionNames } from "../host/options.ts";

/** What {@link build} is doing: writing the network in training mode, running it on a batch, or nothing more. */
export type BuildPhase = "weights" | "calibration" | "done";

/** How to build a model. */
export interface BuildOptions {
  /** Seed of the weights and of the images the BatchNormalization statistics are measured on; default 0. */
  seed?: number;
  /**
   * Version of the operator set, 13 to 23; default 17. An operator that it does not have yet is written out, as PyTorch's
   * exporter does: LayerNormalization below 17, Gelu below 20.
   */
  opset?: number;
  /**
   * Trained weights in place of random ones: the path or URL of a state dict, or its bytes (safetensors, or a .pth/.bin of
   * torch.save; float32, float16 or bfloat16; torchvision's names, and timm's or Hugging Face's of the same network), or
   * `"imagenet"` for the file that torchvision downloads for this architecture. Tensors are read from the file when the model
   * is saved; the pickle is not executed.
   */
  weights?: string | URL | Uint8Array;
  /**
   * Whether every name must be in the state dict and in the network, default true. With false, what is missing is drawn at
   * random (statistics are then 0 and 1), and what is unexpected is left out; a wrong shape is refused all the same.
   */
  strict?: boolean;
  /** Called as each phase begins, with the share of the work that is done (0…1). */
  onProgress?: (fraction: number, phase: BuildPhase) => void;
  /** Aborting it ends a download of weights, and the pass over the batch of images. */
  signal?: AbortSignal;
}

const BUILD_OPTIONS: OptionNames<BuildOptions> = {
  seed: true,
  opset: true,
  weights: true,
  strict: true,
  onProgress: true,
  signal: true,
};

/**
 * Builds a network of a known architecture, unfused, as PyTorch's exporter would write it: input `input`, output `output`, both
 * float32 (minilm_l6 takes ids of tokens, int64), parameters named as in the state dict. Batch, height and width are dynamic
 * where no layer writes a size into the graph; the others (most with attention) have the one shape they were exported at.
 *
 * Weights are drawn as PyTorch initialises them, from a generator of their own for each tensor; they are made while the model
 * is written and never kept. BatchNormalization has scales and shifts as after training, and the statistics of a forward
 * pass over a seeded batch of images. The same seed gives the same bytes (the statistics may differ in the last bits from one
 * processor type to another), whatever the number of threads.
 *
 * With `weights` it has trained ones instead, and is not calibrated.
 *
 * @param architecture Its name; `architectures` lists them.
 * @throws {WeightsFormatError} If the file is no state dict, is damaged, or its pickle names anything but tensors.
 * @throws {WeightsMismatchError} If it is that of another network: every missing, unexpected and misshapen name is listed.
 * @throws {DOMException} If it is aborted.
 * @throws {RangeError} If the architecture is unknown, the seed is not an integer, or the operator set is not in 13…23.
 *
 * @example
 * ```ts
 * import { build } from "@layerfuse/layerfuse/models";
 *
 * const model = await build("resnet18", { seed: 1 });
 * console.log(model.stats.ops.Conv, model.stats.ops.BatchNormalization); // 20 20
 * ```
 */
export async function build(architecture: Architecture, options: BuildOptions = {}): Promise<Model> {
  const { seed = 0, opset = OPSET.usual, onProgress, signal = interruptSignal() } = checked(
    "build",
    options,
    BUILD_OPTIONS,
  );
  signal?.throwIfAborted();
  const name = parseArchitecture(architecture), recipe = ARCHITECTURES[name];
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seed ${seed}: expected an integer`);
  if (!Number.isInteger(opset) || opset < OPSET.least || opset > OPSET.most) {
    throw new RangeError(`opset ${opset}: expected a whole number from ${OPSET.least} to ${OPSET.most}`);
  }
  if (options.weights !== undefined) {
    onProgress?.(0, "weights");
    const { weights, strict = true } = options;
    const trained = await trainedWeights(name, (variant) => learnedShapes(name, variant), weights, {
      strict,
      signal,
      onProgress: (fraction) => onProgress?.(0.99 * fraction, "weights"),
    });
    const model = assemble(name, seed, new Map(), opset, trained);
    onProgress?.(1, "done");
    return model;
  }
  let statistics: Statistics = new Map();
  if (recipe.calibration) {
    onProgress?.(0, "weights");
    const training = assemble(name, seed);
    const images = calibrationImages(seed, recipe.calibration);
    const onRun = () => onProgress?.(0.4, "calibration");
    statistics = await calibrate(training, batchNorms(training), images, { onRun, signal });
  }
  const model = assemble(name, seed, statistics, opset);
  onProgress?.(1, "done");
  return model;
}

/** The model for inference with these statistics; without any, the one in training mode whose outputs they are. */
export function assemble(
  name: Architecture,
  seed: number,
  statistics?: Statistics,
  opset: number = OPSET.usual,
  trained?: TrainedWeights,
): Model {
  const { variant, notes } = trained ?? {};
  return Model.from(exportModel(network(name, { seed, statistics, opset, trained, variant }).graphs), name, notes);
}

interface Made {
  seed: number;
  statistics?: Statistics;
  opset: number;
  trained?: TrainedWeights;
  variant?: Variant;
}

/** Its layers, and the names and shapes of what a state dict has for it. */
function network(name: Architecture, { seed, statistics, opset, trained, variant }: Made) {
  const recipe = ARCHITECTURES[name];
  const input = !statistics && recipe.calibration ? recipe.calibration : recipe.input;
  const network = new Network({
    name,
    input,
    inputType: recipe.inputType,
    seed,
    statistics,
    opset,
    uncalled: recipe.uncalled,
    variant,
    ...trained && { weights: (parameter: string) => trained.tensors.get(parameter), trainedOn: trained.source },
  });
  const output = variant?.classes === undefined ? recipe.output : [...recipe.output.slice(0, -1), variant.classes];
  const graphs = network.finish(recipe.layers(network), output, ...recipe.more ?? []);
  return { graphs, learned: network.learned };
}

/** An architecture as it is. */
export interface Description {
  /** The network with seeded weights, its statistics 0 and 1: for looking at, not for running. */
  readonly model: Model;
  /** Learned parameters, as torch counts them: without running statistics and constants. */
  readonly parameters: number;
}

/**
 * What an architecture is made of, without building it: nothing is drawn, measured or downloaded.
 *
 * @throws {RangeError} If it is unknown.
 *
 * @example
 * ```ts
 * import { describe } from "@layerfuse/layerfuse/models";
 *
 * console.log(describe("resnet18").parameters); // 11689512
 * ```
 */
export function describe(architecture: Architecture): Description {
  const name = parseArchitecture(architecture);
  const { graphs, learned } = network(name, { seed: 0, statistics: new Map(), opset: OPSET.usual });
  const parameters = [...learned].filter(([parameter]) => !/\.running_(mean|var)$/.test(parameter))
    .reduce((sum, [, dims]) => sum + sizeOf(dims), 0);
  return { model: Model.from(exportModel(graphs), name), parameters };
}

/** Names and shapes of what a state dict has for an architecture, or for a variant of it. */
export function learnedShapes(name: Architecture, variant?: Variant): ReadonlyMap<string, readonly number[]> {
  return network(name, { seed: 0, statistics: new Map(), opset: OPSET.usual, variant }).learned;
}

/** Paths of the BatchNormalization modules of a model, from the names of their scales. */
function batchNorms(model: Model): string[] {
  return model.nodes.filter(({ opType }) => opType === "BatchNormalization")
    .map(({ inputs }) => inputs[1].replace(/\.weight$/, ""));
}
