import type { Payload } from "../proto/skeleton.ts";
import { messageType } from "../proto/schema.ts";
import { concat, fieldBytes, wireFields } from "../proto/wire.ts";
import type { ElementType } from "../tensor/element_type.ts";
import { type Dim, Graph, type ModelFacts, type Value } from "./graph.ts";
import { FIELD, type ImportedModel } from "./import.ts";
import { elementCode } from "./tensor_proto.ts";

/** What a new model says of itself. */
export interface NewModelInit {
  /** Name of its graph. */
  name: string;
  /** Version of the default operator set. */
  opset: number;
  /** IR version; it must know the operator set (8 does from 15 to 18). */
  irVersion: number;
  /** What made it. */
  producer?: string;
  /** Free text by key. */
  metadata?: Record<string, string>;
  /** Its inputs, in order. */
  inputs: readonly { name: string; type: ElementType; shape: readonly Dim[] }[];
}

/** A model under construction. */
export interface NewModel extends ImportedModel {
  /** Data of its tensor attributes; `exportTensor` adds to it. */
  readonly payloads: Payload[];
}

/**
 * A model with inputs and nothing else yet, made in memory. Nodes and initializers are added to its graph; then
 * {@link addOutput} and `exportModel`.
 */
export function newModel(init: NewModelInit): NewModel {
  const facts: ModelFacts = {
    irVersion: init.irVersion,
    names: new Set(),
    numbered: new Map(),
    storedElements: 0,
    constantWork: 0,
    constantElements: 0,
  };
  const graph = new Graph(facts, new Map([["", init.opset]]));
  for (const { name, type, shape } of init.inputs) {
    const value = graph.value(name);
    Object.assign(value, { type, shape, isInput: true });
    graph.inputs.push(value);
  }
  const ports = graph.inputs.map((value) => fieldBytes(FIELD.graph.input, valueInfo(value, value.shape!)));
  graph.wire = wireFields(concat([fieldBytes(2, new TextEncoder().encode(init.name)), ...ports]));
  const type = messageType("ModelProto");
  const wire = wireFields(
    type.encode({
      ir_version: init.irVersion,
      producer_name: init.producer,
      graph: {},
      opset_import: [{ domain: "", version: init.opset }],
      metadata_props: Object.entries(init.metadata ?? {}).map(([key, value]) => ({ key, value })),
    }).finish(),
  );
  return { graph, functions: [], wire, payloads: [], irVersion: init.irVersion };
}

/** Declares a value of a new model to be its next output. `shape` is what the file says of it; by default what is known. */
export function addOutput(
  { graph }: ImportedModel,
  value: Value,
  shape: readonly Dim[] | undefined = value.shape,
): void {
  value.outputCount++;
  graph.outputs.push(value);
  const field = fieldBytes(FIELD.graph.output, valueInfo(value, shape));
  graph.wire = [...graph.wire, ...wireFields(field)];
}

function valueInfo(value: Value, shape: readonly Dim[] | undefined): Uint8Array {
  const type = messageType("ValueInfoProto");
  const dim = shape?.map((size) =>
    typeof size === "number" ? { dim_value: size } : size === null ? {} : { dim_param: size }
  );
  return type.encode({
    name: value.name,
    type: { tensor_type: { elem_type: elementCode(value.type!), ...dim && { shape: { dim } } } },
  }).finish();
}
