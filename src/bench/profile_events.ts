/**
 * The events of ONNX Runtime's profile.
 *
 * It is Chrome's trace format, one event per line, but names are written as they stand in the model: a quote, a backslash or a line
 * break in a node's name makes it no JSON at all.
 *
 * @module
 */

/** One event. */
export interface ProfileEvent {
  /** `Node` or `Session`. */
  cat: string;
  /** Its name, as written. */
  name: string;
  /** When it began, microseconds. */
  ts: number;
  /** How long it took, microseconds. */
  dur: number;
  /** The node's operator, `?` where there is none. */
  op: string;
  /** Whether the operator runs a graph of its own. */
  isControlFlow: boolean;
  /** The execution provider that ran it, `?` where there is none. */
  provider: string;
  /** The node's number. */
  index: string;
  /** Element types and shapes of its inputs and outputs, as written. */
  shapes: string;
}

const HEAD =
  /^\{"cat" ?: ?"(\w+)", ?"pid" ?: ?\d+, ?"tid" ?: ?\d+, ?"dur" ?: ?(\d+), ?"ts" ?: ?(\d+), ?"ph" ?: ?"X", ?"name" ?: ?"/gm;
const ARGS = /", ?"args" ?: ?\{/g;
const OPERATOR = /"op_name" ?: ?"([^"]*)"/, PROVIDER = /"provider" ?: ?"([^"]*)"/, INDEX = /"node_index" ?: ?"([^"]*)"/;
const SHAPES = /"(?:in|out)put_type_shape" ?: ?\[.*?\](?=, ?"\w+" ?:|\}\})/g;
const CONTROL_FLOW: ReadonlySet<string> = new Set(["If", "Loop", "Scan"]);

/**
 * Reads the events; a name may hold any character, since only what stands around it is looked for.
 *
 * @throws {Error} If there is no event at all.
 */
export function profileEvents(text: string): ProfileEvent[] {
  const heads = [...text.matchAll(HEAD)];
  if (heads.length === 0) throw new Error("ONNX Runtime's profile: no event in it; expected Chrome's trace format");
  return heads.map((head, i) => {
    const body = text.slice(head.index + head[0].length, heads[i + 1]?.index);
    const args = [...body.matchAll(ARGS)].at(-1); // a name may look like the beginning of them
    const rest = args ? body.slice(args.index) : "";
    const op = OPERATOR.exec(rest)?.[1] ?? "?";
    return {
      cat: head[1],
      name: args ? body.slice(0, args.index) : body,
      ts: Number(head[3]),
      dur: Number(head[2]),
      op,
      isControlFlow: CONTROL_FLOW.has(op),
      provider: PROVIDER.exec(rest)?.[1] ?? "?",
      index: INDEX.exec(rest)?.[1] ?? "?",
      shapes: (rest.match(SHAPES) ?? []).sort().join(),
    };
  });
}
