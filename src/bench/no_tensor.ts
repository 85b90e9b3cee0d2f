import { graphOf } from "./model_file.ts";
import { shownName } from "./shown_names.ts";

/** What an input that is no tensor is called, and what makes one of tensors within the model. */
const KINDS: Readonly<Record<string, readonly [string, string]>> = {
  sequence_type: [
    "a sequence",
    "Give it tensors as inputs, and make the sequence of them in it by a SequenceConstruct node",
  ],
  optional_type: ["an optional value", "Give it a tensor as input, and make the value of it in it by an Optional node"],
  map_type: ["a map", "Give it a tensor as input in place of the node that takes the map"],
};

/** Says of an input that is no tensor what it is, why it cannot be fed, and what to change in the model. */
export function noTensor(path: string, input: string): string {
  const { type = {} } = graphOf(path)?.input?.find(({ name }) => name === input) ?? {};
  const [what, remedy] = Object.entries(KINDS).find(([kind]) => type[kind])?.[1] ??
    ["no tensor", "Give it tensors as inputs"];
  return `${
    shownName(path)
  }: input ${input} is ${what}, and ONNX Runtime takes nothing but tensors from JavaScript. ${remedy} ` +
    `(onnx.helper and onnx.compose in Python can), then fuse and compare that model.`;
}
