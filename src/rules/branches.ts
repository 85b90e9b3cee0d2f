import type { Node, Value } from "../graph/graph.ts";
import { composed } from "../ops/affine_map.ts";
import { LinearMap } from "../ops/linear/linear_map.ts";
import type { Diagonal } from "../ops/linear/linear_parts.ts";
import { Skip } from "../ops/skip.ts";
import { isSameShape } from "../ops/dims.ts";
import { affineOf, linearOf, readsShapeOnly } from "../ops/views.ts";

/** Most linear nodes one after the other that are looked at as one branch. */
const MOST_NODES = 4;

/** Why a value was not seen as linear in another one, by that other one. */
export type Refusals = Map<Value, Skip>;

/** One way to see a value as linear in another: a map with a size of its own, or one that takes the size of its partners. */
export type Branch = LinearMap | Diagonal;

/** Whether a branch is an affine map of its source and nothing more. */
export function isDiagonal(branch: Branch): branch is Diagonal {
  return !(branch instanceof LinearMap);
}

/**
 * Every way to see a value as a linear map of one of the values before it, by that value: the value itself, the layer that makes
 * it, the two layers that make it, … Only nodes whose result nothing else uses are looked through. `refused` collects why a
 * branch does not reach further.
 */
export function branchesTo(
  value: Value,
  refused: Refusals = new Map(),
  depth: number = MOST_NODES,
  movesShapes: boolean = false,
): Map<Value, Branch> {
  const identity: Diagonal = {
    x: value,
    affine: { axis: null, scale: Float64Array.of(1), shift: Float64Array.of(0) },
    nodes: [],
  };
  const found = new Map<Value, Branch>([[value, identity]]), node = value.producer;
  if (depth === 0 || !node || node.outputs[0] !== value) return found;
  const own = stepAt(node, refused);
  if (!own) return found;
  const why = whyNeeded(value, node, movesShapes ? own.x : undefined);
  if (why) {
    refused.set(own.x, why);
    return found;
  }
  for (const [x, branch] of before(own, refused, depth - 1, movesShapes)) found.set(x, branch);
  return found;
}

/**
 * Every way to see the result of a node as a linear map of a value before it, whatever else uses the result. What only asks for the
 * shape of a value in between may ask another one, where `movesShapes` says so: {@linkcode shapesOf}.
 */
export function branchesAt(
  node: Node,
  refused: Refusals,
  depth: number = MOST_NODES,
  movesShapes: boolean = false,
): Map<Value, Branch> {
  const own = stepAt(node, refused);
  return own ? before(own, refused, depth - 1, movesShapes) : new Map();
}

/** The values inside a map that are asked for their shapes, and what has the same ones; undefined where that has another shape. */
export function shapesOf({ nodes, x }: LinearMap): (readonly [old: Value, now: Value])[] | undefined {
  const values = nodes.slice(0, -1).map(({ output }) => output);
  const inside = values.filter(({ users }) =>
    users.size > 1 && [...users.keys()].some((user) => !nodes.includes(user))
  );
  return inside.every(({ shape }) => isSameShape(shape, x.shape)) ? inside.map((value) => [value, x]) : undefined;
}

/** Why a value cannot go with the node that makes it: something else needs it, and not its shape alone, which `alike` has too. */
export function whyNeeded(value: Value, node: Node, alike?: Value): Skip | undefined {
  const gone = `'${value.name}', which would disappear, is`;
  if (value.isOutput) return new Skip("graph-output", `${gone} a graph output`);
  let uses = 0;
  for (const [user, count] of value.users) {
    if (user.graph !== node.graph) return new Skip("other-graph", `${gone} used in a subgraph`);
    if (!alike || !readsShapeOnly(user) || !isSameShape(value.shape, alike.shape)) uses += count;
  }
  if (uses > 1) return new Skip("other-user", `${gone} used more than once`);
}

function before(own: Branch, refused: Refusals, depth: number, movesShapes: boolean): Map<Value, Branch> {
  const found = new Map<Value, Branch>();
  for (const [x, branch] of branchesTo(own.x, refused, depth, movesShapes)) {
    const both = joined(branch, own);
    if (both instanceof Skip) refused.set(x, both);
    else if (both) found.set(x, both);
  }
  return found;
}

/** A node that is linear in one input: a layer, a pool or an affine map. */
function stepAt(node: Node, refused: Refusals): Branch | undefined {
  const map = linearOf(node), [x] = node.inputs;
  if (map instanceof Skip && x) refused.set(x, map);
  else if (map && !(map instanceof Skip)) return map;
  const affine = affineOf(node);
  if (affine instanceof Skip && x) refused.set(x, new Skip(affine.code, `${node.label}: ${affine.reason}`));
  return affine && !(affine instanceof Skip) ? { x: affine.x, affine, nodes: [node] } : undefined;
}

/** `own` after `first`; undefined where that is not looked at: an affine map before a layer, or along another axis. */
function joined(first: Branch, own: Branch): Branch | Skip | undefined {
  if (isDiagonal(first)) {
    if (first.nodes.length === 0) return own;
    const affine = isDiagonal(own) ? composed(first.affine, own.affine) : undefined;
    return affine && { x: first.x, affine, nodes: [...first.nodes, ...own.nodes] };
  }
  return isDiagonal(own) ? first.after(own.affine, own.nodes) : first.then(own);
}

/** A branch that is taken away instead of added. */
export function negated(branch: Branch): Branch | Skip {
  if (!isDiagonal(branch)) return branch.after({ axis: null, scale: Float64Array.of(-1), shift: Float64Array.of(0) });
  const { axis, scale, shift } = branch.affine;
  return { ...branch, affine: { axis, scale: scale.map((value) => -value), shift: shift.map((value) => 0 - value) } };
}
