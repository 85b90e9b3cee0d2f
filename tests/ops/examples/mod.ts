/** Examples of every operator: its own where it needs attributes or inputs of a certain form, and those that suit many. */
import { OPS } from "../../../src/ops/table.ts";
import type { OpName } from "../conformance.ts";
import type { Example, ExampleInit, Examples } from "../example.ts";
import { ALL_INPUTS } from "./all_inputs.ts";
import { ALL_ATTRIBUTES } from "./attributes.ts";
import { CONTRIB } from "./contrib.ts";
import { genericExamples } from "./generic.ts";
import { IMAGES } from "./images.ts";
import { LAYERS } from "./layers.ts";
import { ML } from "./ml.ts";
import { MOVERS } from "./movers.ts";
import { NUMBERS } from "./numbers.ts";
import { OTHERS } from "./others.ts";

const OWN: Record<string, Record<string, Examples>> = {
  "": { ...NUMBERS, ...MOVERS, ...LAYERS, ...IMAGES, ...OTHERS },
  "ai.onnx.ml": ML,
  "com.microsoft": CONTRIB,
};

/** Whether an operator has examples of its own. */
export function hasOwnExamples({ domain, opType }: OpName): boolean {
  return OWN[domain]?.[opType] !== undefined;
}

/** Examples of an operator for an operator set. */
export function examplesOf(name: OpName, init: ExampleInit): readonly Example[] {
  const own = OWN[name.domain]?.[name.opType], [least, most = least] = OPS[name.domain][name.opType].inputs;
  const examples = own ? own(init) : genericExamples(least, most, init);
  const more = [ALL_ATTRIBUTES, ALL_INPUTS].flatMap((table) => table[name.domain]?.[name.opType]?.(init) ?? []);
  return [...examples, ...more];
}
