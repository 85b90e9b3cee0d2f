import type { ElementType } from "../tensor/element_type.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Misshapen, WeightsFormatError, WeightsMismatchError } from "./errors.ts";
import type { StateDict } from "./state_dict.ts";

/** How strict {@link assignWeights} is. */
export interface AssignOptions {
  /** Name of the network, for messages. */
  readonly architecture: string;
  /** Whether missing and unexpected names are errors, default true. A misshapen tensor always is one. */
  readonly strict?: boolean;
  /** Names that are of use in training only and may be there or not. */
  readonly isUnused?: (name: string) => boolean;
}

/**
 * The tensors of a state dict for a network that has these names and shapes, as float32: float16 and bfloat16 become it
 * exactly. `num_batches_tracked` of BatchNormalizations is of no use and may be there or not.
 *
 * @throws {WeightsMismatchError} With every name that is missing, unexpected or misshapen.
 */
export function assignWeights(
  network: ReadonlyMap<string, readonly number[]>,
  { name: source, tensors }: StateDict,
  { architecture, strict = true, isUnused = () => false }: AssignOptions,
): Map<string, Tensor> {
  const assigned = new Map<string, Tensor>(), missing: string[] = [], misshapen: Misshapen[] = [];
  for (const [name, dims] of network) {
    const tensor = tensors.get(name);
    if (!tensor) missing.push(name);
    else if (!isSame(dims, tensor.dims)) misshapen.push({ name, expected: dims, found: tensor.dims });
    else assigned.set(name, asFloat32(tensor, name, source));
  }
  const unexpected = [...tensors.keys()].filter((name) =>
    !network.has(name) && !name.endsWith("num_batches_tracked") && !isUnused(name)
  );
  if (misshapen.length > 0 || strict && missing.length + unexpected.length > 0) {
    throw new WeightsMismatchError(source, architecture, strict ? missing : [], strict ? unexpected : [], misshapen);
  }
  return assigned;
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

const FLOATS: readonly ElementType[] = ["float16", "bfloat16", "float32", "float64"];

function asFloat32(tensor: Tensor, name: string, source: string): Tensor {
  if (!FLOATS.includes(tensor.type)) {
    throw new WeightsFormatError(
      `${source}: '${name}' is of type ${tensor.type}; expected float32, float16 or bfloat16. Quantized weights are not read.`,
    );
  }
  return { ...tensor, type: "float32" };
}
