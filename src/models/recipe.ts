import type { Dim, Value } from "../graph/graph.ts";
import type { ElementType } from "../tensor/element_type.ts";
import type { Network } from "./network.ts";

/** How to build one architecture. */
export interface Recipe {
  /** Shape of its input as the model declares it. */
  readonly input: readonly Dim[];
  /** Element type of its input; float32 where absent. */
  readonly inputType?: ElementType;
  /** Shape of its output as the model declares it. */
  readonly output: readonly Dim[];
  /** Shape of the input it is usually run at. */
  readonly defaultInput: readonly number[];
  /**
   * Shape of the batch its statistics are measured on; absent where it has no BatchNormalization. While they are, it is also
   * the declared shape of the input: a layer that writes sizes into the graph takes them from there.
   */
  readonly calibration?: readonly number[];
  /** Shapes of the outputs after the first, if it has more than one. */
  readonly more?: readonly (readonly Dim[])[];
  /** Names, or whole paths, of its containers that are never called themselves, as ModuleLists; the exporter gives those no scope. */
  readonly uncalled?: ReadonlySet<string>;
  /** Adds its layers to an empty network and gives its output, or its outputs. */
  layers(network: Network): Value | readonly Value[];
}

/** Images of any size, any number of them. */
export const IMAGES: readonly Dim[] = ["batch", 3, "height", "width"];
/**
 * Four images of the usual size: the last layers of a classifier see 49 positions of each. At half the size their maps would
 * be mostly border, and the statistics wrong at the usual one.
 */
const CALIBRATION = [4, 3, 224, 224];

/** A classifier of images of any size into 1000 classes, usually run at `size`. */
export function classifier(layers: (network: Network) => Value, size = 224): Recipe {
  return {
    input: IMAGES,
    output: ["batch", 1000],
    defaultInput: [1, 3, size, size],
    calibration: CALIBRATION,
    layers,
  };
}

/**
 * A network exported at one shape, as the exporter does unless told which axes are dynamic: sizes of reshapes are constants.
 * `calibration` is the batch for its BatchNormalizations, if it has any.
 */
export function fixed(
  layers: (network: Network) => Value,
  input: readonly number[],
  output: readonly Dim[],
  calibration?: readonly number[],
): Recipe {
  return { input, output, defaultInput: input, ...calibration && { calibration }, layers };
}

/** A classifier of one 224×224 image into 1000 classes, exported at that shape. */
export function fixedClassifier(layers: (network: Network) => Value, hasStatistics = false): Recipe {
  return fixed(layers, [1, 3, 224, 224], [1, 1000], hasStatistics ? CALIBRATION : undefined);
}
