import { nodesOf } from "./model_file.ts";

/**
 * The known cause of a dying runtime, as a sentence that says what to do: a BatchNormalization that names further outputs and leaves
 * them empty. Undefined where there is none, or the file cannot be read.
 */
export function emptyExtraOutputs(path: string): string | undefined {
  try {
    const node = nodesOf(path).find(({ opType, outputs }) =>
      opType === "BatchNormalization" && outputs.length > 1 && outputs.slice(1).some((output) => output === "")
    );
    return node &&
      `The cause: BatchNormalization ${node.name || node.outputs[0]} names ${node.outputs.length} outputs and leaves ` +
        `some of them empty; give it its first output only (layerfuse fuse MODEL -o OUT does where it folds it).`;
  } catch {
    return undefined; // it is said of the model when it is opened
  }
}
