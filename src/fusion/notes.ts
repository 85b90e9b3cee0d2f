import { NEWEST_OPSET } from "../graph/graph.ts";
import type { ImportedModel } from "../graph/import.ts";

/** Names that a note has at most. */
const SHOWN = 3;

/** What a user should know of a model before its report: what cannot be told of its operators, and names that were changed. */
export function notesOn({ graph, sharedNames }: ImportedModel): string[] {
  const version = graph.opsets.get(""), notes: string[] = [];
  if (version === undefined && graph.nodes.some(({ domain }) => domain === "")) {
    notes.push(
      `The model imports no operator set of ai.onnx. Its operators are taken as they are in the newest known, ${NEWEST_OPSET}; ONNX ` +
        (graph.opsets.size > 0 ? "Runtime does so, too, with the newest it knows." : "Runtime refuses it."),
    );
  }
  if (version !== undefined && version > NEWEST_OPSET) {
    notes.push(
      `The model imports operator set ${version} of ai.onnx; the newest known is ${NEWEST_OPSET}, and operators are taken as they are there.`,
    );
  }
  const names = [...sharedNames ?? []];
  if (names.length > 0) {
    const shown = names.slice(0, SHOWN).map((name) => `'${name}'`).join(", ");
    const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : "";
    notes.push(
      `Several nodes are called ${shown}${more}, which ONNX Runtime refuses: where the model is rewritten, all but the first of ` +
        "each get a name of their own.",
    );
  }
  return notes;
}
