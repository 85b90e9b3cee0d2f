import { Model } from "../fusion/model.ts";
import { exportModel } from "../graph/export.ts";
import { type Dim, Node, type Value } from "../graph/graph.ts";
import type { ImportedModel } from "../graph/import.ts";
import { addOutput, newModel } from "../graph/new_model.ts";
import type { ElementType } from "../tensor/element_type.ts";

/** A part of a network that runs by itself. */
export interface Segment {
  /** Names of the values that it takes from before. */
  readonly inputs: readonly string[];
  /** Names of the values that it gives: outputs of the network, and what later segments take. */
  readonly outputs: readonly string[];
  /** The segment as a model, for inputs of these shapes. */
  model(shapes: (name: string) => { type: string; dims: readonly Dim[] }): Model;
}

/**
 * Cuts a network into segments that are run one after another, each with initializers of about `most` elements: a runtime holds
 * all weights of what it runs, so that is what the whole costs at a time.
 */
export function segmentsOf(network: ImportedModel, most: number): Segment[] {
  const { graph } = network, parts: Node[][] = [];
  let held = Infinity;
  for (const node of graph.nodes) {
    const size = node.inputs.reduce((sum, value) => sum + (value?.initializer?.size ?? 0), 0);
    if (held + size > most && node.opType !== "Constant") {
      parts.push([]);
      held = 0;
    } else if (parts.length === 0) parts.push([]);
    parts.at(-1)!.push(node);
    held = held === Infinity ? size : held + size;
  }
  const isOutput = new Set(graph.outputs), lastUse = new Map<Value, number>();
  parts.forEach((nodes, index) =>
    nodes.forEach((node) => node.inputs.forEach((value) => value && lastUse.set(value, index)))
  );
  return parts.map((nodes, index): Segment => {
    const made = new Set(nodes.flatMap((node) => node.outputs));
    const taken = new Set(
      nodes.flatMap((node) => node.inputs).filter((value) =>
        value && !value.initializer && !made.has(value)
      ) as Value[],
    );
    const given = [...made].filter((value) =>
      value && (isOutput.has(value) || (lastUse.get(value) ?? -1) > index)
    ) as Value[];
    return {
      inputs: [...taken].map(({ name }) => name),
      outputs: given.map(({ name }) => name),
      model: (shapes) => Model.from(exportModel(assembled(network, nodes, [...taken], given, shapes)), "segment"),
    };
  });
}

function assembled(
  network: ImportedModel,
  nodes: readonly Node[],
  taken: readonly Value[],
  given: readonly Value[],
  shapes: (name: string) => { type: string; dims: readonly Dim[] },
) {
  const model = newModel({
    name: "segment",
    opset: nodes[0].opset,
    irVersion: network.irVersion,
    inputs: taken.map(({ name }) => {
      const { type, dims } = shapes(name);
      return { name, type: type as ElementType, shape: dims };
    }),
  });
  model.payloads.push(...network.payloads); // Constant nodes and stored initializers refer to them by number
  const { graph } = model;
  const copied = (value: Value | undefined): Value | undefined => {
    if (!value) return undefined;
    const copy = graph.value(value.name), { initializer } = value;
    if (initializer) Object.assign(copy, { initializer, type: initializer.type, shape: initializer.dims });
    return copy;
  };
  nodes.forEach(({ name, opType, domain, inputs, outputs, attributes }, order) => {
    const node = new Node(graph, {
      name,
      opType,
      domain,
      inputs: inputs.map(copied),
      outputs: outputs.map(copied),
      attributes: [...attributes.values()],
    });
    node.order = order;
    graph.addNode(node);
  });
  for (const value of given) {
    const copy = graph.values.get(value.name)!;
    copy.type = value.type ?? "float32";
    addOutput(model, copy, undefined);
  }
  return model;
}
