import { allGraphs, type Claim, type Dim, type Graph, type Value } from "../graph/graph.ts";
import { isUnnamed, shapeOfFile } from "../graph/unnamed.ts";
import { isMultiple } from "./dims.ts";
import { inferShapes, mergedShape } from "./infer.ts";

/** A claim of a file about one of its values that does not agree with what follows from the inputs. */
export interface WrongClaim {
  /** The value. */
  value: string;
  /** What the file says: element type and shape. */
  claimed: string;
  /** What follows from the inputs. */
  inferred: string;
}

/**
 * Finds out what is known of all values of a graph and its subgraphs: first from the inputs alone, then with what the file
 * claims of the values in between. Where a claim of a graph is wrong, none of them is believed; the wrong ones are returned.
 */
export function inferWithClaims(graph: Graph): WrongClaim[] {
  const wrong: WrongClaim[] = [];
  let isMore = false;
  inferShapes(graph);
  for (const value of claimedValues(graph)) {
    if (isRefuted(value)) refute(value, wrong);
    else isMore ||= saysMore(value);
  }
  if (!isMore) return wrong;
  const known = wrong.length;
  forget(graph);
  believeInputs(graph);
  inferShapes(graph, ({ outputs }) => {
    for (const value of outputs) {
      if (!value?.claim || value.graph.hasWrongClaims) continue;
      if (isRefuted(value)) refute(value, wrong); // by another claim
      else believe(value);
    }
  });
  if (wrong.length > known) { // what followed from claims is believed no more
    forget(graph);
    inferShapes(graph);
  }
  return wrong;
}

function refute(value: Value, wrong: WrongClaim[]): void {
  value.graph.hasWrongClaims = true;
  wrong.push(describe(value));
  value.claim = undefined;
}

function* claimedValues(graph: Graph): Generator<Value> {
  for (const { values } of allGraphs([graph])) {
    for (const value of values.values()) if (value.claim && !value.initializer) yield value;
  }
}

/** A function's inputs have nothing but claims. */
function believeInputs(graph: Graph): void {
  for (const value of claimedValues(graph)) {
    if (!value.producer && !value.graph.hasWrongClaims) believe(value);
  }
}

/** Leaves only what is known of inputs and initializers. */
function forget(graph: Graph): void {
  for (const { nodes } of allGraphs([graph])) {
    for (const value of nodes.flatMap(({ outputs }) => outputs)) {
      if (value) Object.assign(value, { type: undefined, shape: undefined, elements: undefined, constant: undefined });
    }
  }
}

/** A dimension that follows from a dynamic one of the inputs is not the one number a file claims it to be. */
function isRefuted({ claim, type, shape }: Value): boolean {
  const hasOtherType = claim!.type !== undefined && type !== undefined && claim!.type !== type &&
    claim!.type !== "opaque" && type !== "opaque";
  if (hasOtherType) return true;
  if (!claim!.shape || !shape) return false;
  if (claim!.shape.length !== shape.length) return true;
  return claim!.shape.some((dim, axis) => typeof dim === "number" && shape[axis] !== null && shape[axis] !== dim);
}

/** Whether a claim says anything that does not follow. */
function saysMore({ claim, type, shape }: Value): boolean {
  if (type === undefined && claim!.type !== undefined) return true;
  return claim!.shape?.some((dim, axis) =>
    dim !== null && (!shape || named(shape[axis], dim) !== shape[axis] || shape[axis] === null)
  ) ??
    false;
}

/** Takes over what the file says beyond what follows. */
function believe(value: Value): void {
  const { type, shape } = value.claim!, known = value.shape;
  value.type ??= type;
  if (!shape) return;
  // a multiple of another dimension says more than a name
  const claimed = shape.map((dim, axis) => isMultiple(known?.[axis]) ? known![axis] : dim);
  value.shape = known ? mergedShape(known.map((dim, axis) => named(dim, claimed[axis])), claimed) : shape;
}

/** A name of the file is as good as one of our own, and can be read. */
function named(dim: Dim, claimed: Dim): Dim {
  return isUnnamed(dim) && typeof claimed === "string" ? claimed : dim;
}

function describe({ name, claim, type, shape }: Value): WrongClaim {
  return { value: name, claimed: text(claim!), inferred: text({ type, shape: shapeOfFile(shape) }) };
}

function text({ type, shape }: Claim): string {
  return `${type ?? "?"}[${shape ? shape.map((dim) => dim ?? "?").join(", ") : "…"}]`;
}
