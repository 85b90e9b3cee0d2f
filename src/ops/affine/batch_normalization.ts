import type { Node, Value } from "../../graph/graph.ts";
import { isFloat } from "../../tensor/element_type.ts";
import { valuesOf, valueTensor } from "../../tensor/tensor.ts";
import type { AffineMap, ChannelAffine } from "../affine_map.ts";
import type { Builder } from "../builder.ts";
import { constantOf, notConstant } from "../constant.ts";
import { Skip } from "../skip.ts";

/** ONNX's default. */
export const EPSILON = Math.fround(1e-5);

const PARAMETERS = ["scale", "bias", "mean", "variance"];

/**
 * BatchNormalization in inference: y = (x − μ)·γ/√(σ² + ε) + β along axis 1 (Ioffe & Szegedy 2015, algorithm 2), all
 * operator versions. In training it normalises by the batch at hand: no affine map, and refused.
 */
export function batchNormalization(node: Node): ChannelAffine | Skip {
  const refused = inTraining(node);
  if (refused) return refused;
  const extra = node.outputs.slice(1).find((value) => value !== undefined);
  if (extra) {
    return new Skip(
      "unsupported-form",
      `it has a second output, '${extra.name}': only a BatchNormalization with one can be folded`,
    );
  }
  if (node.opset < 9 && node.number("spatial", 1) === 0) {
    return new Skip(
      "unsupported-form",
      "spatial = 0: it normalises every pixel by its own statistics, not every channel",
    );
  }
  const tensors = node.inputs.slice(1, 5).map(constantOf);
  const open = tensors.findIndex((tensor) => !tensor);
  if (open >= 0) return notConstant(`its ${PARAMETERS[open]} is`, node.inputs[open + 1]);
  const strange = tensors.findIndex((tensor) => !isFloat(tensor!.type) || tensor!.size !== tensors[0]!.size);
  if (strange >= 0 || tensors.length < 4) {
    return new Skip(
      "invalid-parameter",
      `its scale has ${tensors[0]?.size} entries, but its ${PARAMETERS[strange]} does not fit them`,
    );
  }
  const [gamma, beta, mean, variance] = tensors.map((tensor) => valuesOf(tensor!));
  const epsilon = node.number("epsilon", EPSILON), count = variance.length;
  const [deviation, scale, shift] = Array.from({ length: 3 }, () => new Float64Array(count));
  for (let channel = 0; channel < count; channel++) { // without a function for each, which would make an object of each number
    const square = variance[channel] + epsilon;
    if (!(square > 0)) {
      return new Skip(
        "invalid-parameter",
        `variance + epsilon is ${square} in channel ${channel}: its square root is no number to divide by`,
      );
    }
    deviation[channel] = Math.sqrt(square);
    scale[channel] = gamma[channel] / deviation[channel];
    shift[channel] = beta[channel] - mean[channel] * scale[channel];
  }
  const x = node.inputs[0]!, rank = x.shape?.length ?? node.output.shape?.length;
  if (rank !== undefined && rank < 2 && scale.length > 1) {
    return new Skip("invalid-parameter", `its input has rank ${rank}, but ${scale.length} channels`);
  }
  return {
    x,
    rank,
    axis: rank === undefined || rank > 1 ? 1 : null,
    scale,
    shift,
    rebuild: (affine, x, build) => rebuilt(node, { mean, deviation }, affine, x, build),
  };
}

/** The node as another map: γ' = s·√(σ² + ε) and β' = t + μ·s. */
function rebuilt(
  node: Node,
  { mean, deviation }: { mean: Float64Array; deviation: Float64Array },
  { scale, shift }: AffineMap,
  x: Value,
  build: Builder,
): Value {
  const gamma = scale.map((value, i) => value * deviation[i]),
    beta = shift.map((value, i) => value + mean[i] * scale[i]);
  const parameters = [gamma, beta].map((values, i) => {
    const old = node.inputs[i + 1]!, { type } = constantOf(old)!;
    return build.initializer(old.name, valueTensor(type, [values.length], values));
  });
  return build.like(node, [x, ...parameters, ...node.inputs.slice(3)]);
}

/** In training mode by its attribute; before operator set 14 by its number of outputs, before 7 unless is_test says otherwise. */
function inTraining(node: Node): Skip | undefined {
  const { opset, outputs } = node, isOld = opset < 7, isByOutputs = !isOld && opset < 14;
  const why = "it is in training mode: it normalises by the statistics of each batch, and its own are not final. " +
    "Export the model for inference (model.eval() in PyTorch)";
  if (
    isOld ? node.number("is_test", 0) !== 0 : isByOutputs ? outputs.length < 2 : node.number("training_mode", 0) === 0
  ) {
    return undefined;
  }
  const sign = isOld
    ? "; is_test is 0, its default before opset 7"
    : isByOutputs
    ? `; from opset 7 to 13 its ${outputs.length} outputs say so`
    : "";
  return new Skip("training-mode", why + sign, { remedy: "export the model for inference" });
}
