/**
 * Networks to try things on: known architectures, unfused, with seeded weights.
 *
 * @module
 */
export { type Dim } from "../graph/graph.ts";
export { type Model, type ModelPort } from "../fusion/model.ts";
export { type ModelStats } from "../graph/stats.ts";
export { type Architecture, architectures, defaultInputShape, parseArchitecture } from "./architectures.ts";
export { type TorchvisionArchitecture } from "./torchvision.ts";
export { build, type BuildOptions, type BuildPhase, describe, type Description } from "./build.ts";
export { type Misshapen, WeightsFormatError, WeightsMismatchError } from "../weights/mod.ts";
export { type TensorData } from "../bench/session.ts";
export { imagenetImage } from "./imagenet_image.ts";
export { type Label, topLabels } from "./top_labels.ts";
