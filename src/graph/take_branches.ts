import { TEXT } from "../proto/text.ts";
import { concat, contentsOf, fieldBytes, splice, varintFieldBytes, wireFields } from "../proto/wire.ts";
import { CALL_FIELD, textOf } from "./function_body.ts";
import { allGraphs, type Graph, type Node } from "./graph.ts";
import { FIELD, type ImportedModel } from "./import.ts";
import { identityNode, mapped, renamedNode, type Scope } from "./renamed.ts";

/** A node of which one subgraph is always the one that runs. */
export interface TakenBranch {
  /** The node. */
  readonly node: string;
  /** Its first output. */
  readonly result: string;
}

const encoder = new TextEncoder();

/**
 * Puts the nodes of subgraphs in place of the nodes that always run them. `branchOf` names the attribute that holds the subgraph, or
 * gives undefined. Initializers of subgraphs become Constant nodes. Undefined where there is no such node.
 */
export function takeBranches(
  model: ImportedModel,
  branchOf: (node: Node) => string | undefined,
): { skeleton: Uint8Array; taken: TakenBranch[] } | undefined {
  const isTaken = (node: Node) => node.subgraphs.length > 0 && branchOf(node) !== undefined;
  if (![...allGraphs([model.graph, ...model.functions])].some(({ nodes }) => nodes.some(isTaken))) return undefined;
  const taker = new Taker(model, branchOf), { wire } = model, F = FIELD.model;
  const functions = contentsOf(wire, F.functions).map((proto, index) =>
    fieldBytes(F.functions, taker.body(model.functions[index], proto, FIELD.function.node))
  );
  const main = taker.body(model.graph, contentsOf(wire, F.graph)[0], FIELD.graph.node);
  if (taker.taken.length === 0) return undefined;
  const replacements = new Map<number, Uint8Array[]>([[F.graph, [fieldBytes(F.graph, main)]]]);
  if (functions.length > 0) replacements.set(F.functions, functions);
  return { skeleton: splice(wire, replacements), taken: taker.taken };
}

class Taker {
  readonly taken: TakenBranch[] = [];
  readonly #counts = new Map<string, number>();

  readonly model: ImportedModel;
  readonly branchOf: (node: Node) => string | undefined;

  constructor(model: ImportedModel, branchOf: Taker["branchOf"]) {
    this.model = model;
    this.branchOf = branchOf;
    const count = (name: string) => this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    for (const { values, nodes } of allGraphs([model.graph, ...model.functions])) {
      for (const name of values.keys()) count(name);
      for (const { name } of nodes) count(name);
    }
  }

  /** A graph or function with the branches in it taken. */
  body(graph: Graph, proto: Uint8Array, field: number): Uint8Array {
    const fields = wireFields(proto);
    const nodes = contentsOf(fields, field).flatMap((bytes, index) => this.#node(graph.nodes[index], bytes));
    return splice(fields, new Map([[field, nodes.map((bytes) => fieldBytes(field, bytes))]]));
  }

  #node(node: Node, proto: Uint8Array): Uint8Array[] {
    if (node.subgraphs.length === 0) return [proto];
    const branch = this.branchOf(node), { attribute } = FIELD.node, { graph, graphs } = FIELD.attribute;
    const inner = mapped(proto, attribute, (bytes) => {
      let at = 0;
      const bodies = node.attributes.get(textOf(wireFields(bytes), CALL_FIELD.attribute.name))?.graphs ?? [];
      const within = (body: Uint8Array) => this.body(bodies[at++], body, FIELD.graph.node);
      return bodies.length > 0 ? mapped(mapped(bytes, graph, within), graphs, within) : bytes;
    });
    const chosen = branch &&
      contentsOf(wireFields(inner), attribute).find((bytes) =>
        textOf(wireFields(bytes), CALL_FIELD.attribute.name) === branch
      );
    return chosen ? this.#take(node, contentsOf(wireFields(chosen), graph)[0]) : [inner];
  }

  /** The nodes of a branch, its names kept where nothing else in the model has them. */
  #take(node: Node, proto: Uint8Array): Uint8Array[] {
    const F = FIELD.graph, fields = wireFields(proto), renames = new Map<string, string>();
    const fresh = (name: string) => this.#counts.get(name) === 1 ? name : this.model.graph.freshName(name);
    const made = contentsOf(fields, F.node).flatMap((bytes) =>
      contentsOf(wireFields(bytes), FIELD.node.output).map(text)
    );
    const isMade = new Set(made), passed: [string, string][] = [];
    contentsOf(fields, F.output).forEach((bytes, index) => {
      const inner = textOf(wireFields(bytes), 1), outer = node.outputs[index]?.name;
      if (!outer) return;
      if (isMade.has(inner) && !renames.has(inner)) renames.set(inner, outer);
      else passed.push([inner, outer]);
    });
    const constants = [
      ...contentsOf(fields, F.initializer).map((bytes) => ({
        bytes,
        name: textOf(wireFields(bytes), 8),
        isSparse: false,
      })),
      ...contentsOf(fields, F.sparseInitializer).map((bytes) => ({
        bytes,
        name: textOf(wireFields(contentsOf(wireFields(bytes), 1)[0]), 8),
        isSparse: true,
      })),
    ];
    for (const name of [...made, ...constants.map(({ name }) => name)]) {
      if (name && !renames.has(name)) renames.set(name, fresh(name));
    }
    const scope: Scope = { fresh, named: (name) => renames.get(name) ?? name, attribute: () => undefined };
    this.taken.push({ node: node.label, result: node.outputs.find((value) => value)?.name ?? "" });
    return [
      ...constants.map(({ bytes, name, isSparse }) => constantNode(scope.named(name), bytes, isSparse)),
      ...contentsOf(fields, F.node).map((bytes) => renamedNode(bytes, scope)),
      ...passed.map(([from, to]) => identityNode(scope.named(from), to, fresh("Identity"))),
    ];
  }
}

/** A Constant node for an initializer of a subgraph. */
function constantNode(output: string, tensor: Uint8Array, isSparse: boolean): Uint8Array {
  const [attribute, value, type] = isSparse ? ["sparse_value", 22, 11] as const : ["value", 5, 4] as const;
  return concat([
    fieldBytes(FIELD.node.output, encoder.encode(output)),
    fieldBytes(CALL_FIELD.node.opType, encoder.encode("Constant")),
    fieldBytes(
      FIELD.node.attribute,
      concat([fieldBytes(1, encoder.encode(attribute)), fieldBytes(value, tensor), varintFieldBytes(20, type)]),
    ),
  ]);
}

function text(content: Uint8Array): string {
  return TEXT.decode(content);
}
