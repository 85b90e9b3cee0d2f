/**
 * State dicts in files: safetensors and what torch.save writes, read by range, without executing their pickle.
 *
 * @module
 */
export { type AssignOptions, assignWeights } from "./assign.ts";
export { type Misshapen, WeightsFormatError, WeightsMismatchError } from "./errors.ts";
export { readStateDict, type StateDict } from "./state_dict.ts";
