import type { Node, Value } from "../../graph/graph.ts";
import { Skip } from "../../ops/skip.ts";
import { composed } from "../../ops/affine_map.ts";
import { AFFINE_OPS, affineOf } from "../affine_of.ts";
import { convolutionAt } from "./convolution.ts";
import type { Diagonal, LinearMap } from "./linear_map.ts";
import { matrixAt } from "./matrix.ts";

/** Most linear nodes one after the other that are looked at as one branch. */
const MOST_NODES = 4;

/** Why a value was not seen as linear in another one, by that other one. */
export type Refusals = Map<Value, Skip>;

/** A node that is a linear map by itself; why it is none; undefined for another operator. */
export function linearMapAt(node: Node): LinearMap | Skip | undefined {
  return convolutionAt(node) ?? matrixAt(node);
}

/** One way to see a value as linear in another: a map with a size of its own, or one that takes the size of its partners. */
export type Branch = LinearMap | Diagonal;

/** Whether a branch is an affine map of its source and nothing more. */
export function isDiagonal(branch: Branch): branch is Diagonal {
  return !("kind" in branch);
}

/**
 * Every way to see a value as a linear map of one of the values before it, by that value: the value itself, the Conv that
 * makes it, the two Convs that make it, … Only nodes whose result nobody else uses are looked through. `refused` collects
 * why a branch does not reach further.
 */
export function branchesTo(
  value: Value,
  refused: Refusals = new Map(),
  depth: number = MOST_NODES,
): Map<Value, Branch> {
  const identity: Diagonal = {
    x: value,
    affine: { axis: null, scale: Float64Array.of(1), shift: Float64Array.of(0) },
    parameters: 0,
    nodes: [],
  };
  const found = new Map<Value, Branch>([[value, identity]]), node = value.producer;
  if (depth === 0 || !node || node.outputs[0] !== value) return found;
  const own = stepAt(node, refused);
  if (!own) return found;
  const uses = [...value.users.values()].reduce((sum, count) => sum + count, 0);
  const isCaptured = [...value.users.keys()].some((user) => user.graph !== node.graph);
  if (uses > 1 || value.isOutput || isCaptured) {
    const why = value.isOutput ? "a graph output" : isCaptured ? "used in a subgraph" : "used more than once";
    refused.set(
      own.x,
      new Skip(
        value.isOutput ? "graph-output" : isCaptured ? "other-graph" : "other-user",
        `'${value.name}', which would disappear, is ${why}`,
      ),
    );
    return found;
  }
  for (const [x, branch] of before(own, refused, depth - 1)) found.set(x, branch);
  return found;
}

/** The same for the result of a node, whoever uses that, without the result itself. */
export function branchesAt(node: Node, refused: Refusals, depth: number = MOST_NODES): Map<Value, Branch> {
  const own = stepAt(node, refused);
  return own ? before(own, refused, depth - 1) : new Map();
}

function before(own: Branch, refused: Refusals, depth: number): Map<Value, Branch> {
  const found = new Map<Value, Branch>();
  for (const [x, branch] of branchesTo(own.x, refused, depth)) {
    const both = after(branch, own);
    if (both instanceof Skip) refused.set(x, both);
    else if (both) found.set(x, both);
  }
  return found;
}

/** A node that is linear in one input: a layer, a pool or an affine map. */
function stepAt(node: Node, refused: Refusals): Branch | undefined {
  if (node.domain !== "" || node.hasReferences) return undefined;
  const map = linearMapAt(node), x = node.inputs[0];
  if (map instanceof Skip && x) refused.set(x, map);
  else if (map && !(map instanceof Skip)) return map;
  if (!(AFFINE_OPS as readonly string[]).includes(node.opType)) return undefined;
  const affine = affineOf(node);
  if (affine instanceof Skip && x) refused.set(x, new Skip(affine.code, `${node.label}: ${affine.reason}`));
  if (!affine || affine instanceof Skip || affine.x.type !== node.output.type) return undefined;
  const parameters = node.inputs.reduce((sum, input) => sum + (input?.initializer?.size ?? 0), 0);
  return { x: affine.x, affine, parameters, nodes: [node] };
}

/** `own` after `before`; undefined where that is not looked at: an affine map before a layer. */
function after(before: Branch, own: Branch): Branch | Skip | undefined {
  if (isDiagonal(before)) return before.nodes.length === 0 ? own : undefined;
  return isDiagonal(own) ? before.scaled(own.affine, own.nodes, own.parameters) : before.then(own);
}

/** A branch that is taken away instead of added. */
export function negated(branch: Branch): Branch | Skip {
  const minus = { axis: null, scale: Float64Array.of(-1), shift: Float64Array.of(0) };
  if (!isDiagonal(branch)) return branch.scaled(minus, [], 0);
  return { ...branch, affine: composed(branch.affine, minus)! };
}
