import { concat, contentsOf, fieldBytes, splice, wireFields } from "../proto/wire.ts";
import { textOf } from "./function_body.ts";
import { FIELD, type ImportedModel } from "./import.ts";

/**
 * The ModelProto without the inputs that a caller may leave out, since they are initializers: these are then constants. Undefined
 * where there are none. Below IR version 4 every initializer is listed as an input, and none can be overridden: they stay.
 */
export function withoutOverridables({ graph, wire }: ImportedModel): Uint8Array | undefined {
  const open = new Set(
    graph.inputs.filter((value) => value.initializer && value.isOverridable).map(({ name }) => name),
  );
  if (open.size === 0) return undefined;
  const { graph: main } = FIELD.model, { input } = FIELD.graph;
  const fields = wireFields(contentsOf(wire, main)[0]).filter(({ number, content }) =>
    number !== input || !open.has(textOf(wireFields(content!), 1))
  );
  return splice(wire, new Map([[main as number, [fieldBytes(main, concat(fields.map(({ bytes }) => bytes)))]]]));
}
