/** Models with something wrong in them: bytes changed, and messages whose fields are not what they should be. */
import fc from "fast-check";
import { messageType } from "../../src/proto/schema.ts";
import { externalised } from "../external_model.ts";
import { modelBytes, random, randomIn, tensor, type TestModel } from "../onnx_model.ts";
import { arbitraryRecipe, modelOf } from "./arbitrary_graph.ts";

/** A bit of everything that is read: weights, constants, subgraphs, functions, value info, shapes. */
const EVERYTHING: TestModel = {
  inputs: { x: ["n", 3, 6, 6], condition: [] },
  types: { condition: 9 },
  outputs: { y: ["n", 4, null, null] },
  initializers: {
    w: random([4, 3, 3, 3], 1),
    s: randomIn(0.5, 1.5, [4, 1, 1], 2),
    shape: tensor([4], [0, 4, 4, 4], 7),
  },
  valueInfo: { c: ["n", 4, 4, 4] },
  opsets: { test: 1 },
  functions: [{
    name: "Twice",
    domain: "test",
    inputs: ["a"],
    outputs: ["b"],
    nodes: [{ op: "Add", inputs: ["a", "a"], outputs: ["b"] }],
  }],
  nodes: [
    { op: "Conv", inputs: ["x", "w"], outputs: ["c"], attributes: { strides: [1, 1], auto_pad: "VALID" } },
    { op: "Constant", inputs: [], outputs: ["k"], attributes: { value: { tensor: random([1, 4, 1, 1], 3) } } },
    { op: "Mul", inputs: ["c", "k"], outputs: ["m"] },
    { op: "Twice", domain: "test", inputs: ["m"], outputs: ["t"] },
    {
      op: "If",
      inputs: ["condition"],
      outputs: ["i"],
      attributes: {
        then_branch: { graph: { nodes: [{ op: "Mul", inputs: ["t", "s"], outputs: ["p"] }], outputs: { p: null } } },
        else_branch: { graph: { nodes: [{ op: "Neg", inputs: ["t"], outputs: ["q"] }], outputs: { q: null } } },
      },
    },
    { op: "Reshape", inputs: ["i", "shape"], outputs: ["y"] },
  ],
};

/** An operator set from before broadcasting, with a Loop's body, pads and a pool. */
const OLD: TestModel = {
  opset: 6,
  ir: 3,
  inputs: { x: [1, 4, 8, 8], w: [4, 4, 3, 3], s: [4] },
  outputs: { y: null },
  initializers: { w: random([4, 4, 3, 3], 1), s: random([4], 2) },
  nodes: [
    { op: "Pad", inputs: ["x"], outputs: ["p"], attributes: { pads: [0, 0, 1, 1, 0, 0, 1, 1] } },
    { op: "Conv", inputs: ["p", "w"], outputs: ["c"], attributes: { kernel_shape: [3, 3] } },
    { op: "Mul", inputs: ["c", "s"], outputs: ["m"], attributes: { broadcast: 1, axis: 1 } },
    { op: "AveragePool", inputs: ["m"], outputs: ["y"], attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
  ],
};

/** What ONNX writes out as many small nodes, all of it computed before the first input arrives. */
const CONSTANTS: TestModel = {
  inputs: { x: [1, 4, 8, 8] },
  outputs: { y: null },
  initializers: {
    w: random([4, 4, 3, 3], 1),
    two: tensor([1], [2], 7),
    zeros: tensor([4], [0, 0, 0, 0], 7),
    ones: tensor([4], [1, 1, 1, 1], 7),
    axes: tensor([1], [0], 7),
  },
  nodes: [
    { op: "Shape", inputs: ["x"], outputs: ["shape"] },
    { op: "Slice", inputs: ["shape", "zeros", "two", "axes"].slice(0, 3), outputs: ["half"] },
    {
      op: "ConstantOfShape",
      inputs: ["two"],
      outputs: ["fill"],
      attributes: { value: { tensor: tensor([1], [1], 7) } },
    },
    { op: "Concat", inputs: ["zeros", "ones"], outputs: ["pads"], attributes: { axis: 0 } },
    { op: "Pad", inputs: ["x", "pads"], outputs: ["p"] },
    { op: "Transpose", inputs: ["w"], outputs: ["v"], attributes: { perm: [1, 0, 2, 3] } },
    { op: "Conv", inputs: ["p", "v"], outputs: ["c"], attributes: { dilations: [1, 1], group: 1 } },
    { op: "Gather", inputs: ["c", "two"], outputs: ["g"], attributes: { axis: 1 } },
    { op: "Unsqueeze", inputs: ["g", "axes"], outputs: ["y"] },
  ],
};

/** The models that are changed; the random graphs among them are of this seed. */
export function bases(seed = 11): Uint8Array[] {
  const fixture = (name: string) => Deno.readFileSync(new URL(`../fixtures/fashion_${name}.onnx`, import.meta.url));
  return [
    ...[EVERYTHING, OLD, CONSTANTS].map(modelBytes),
    externalised(["w", "gamma"], "w.bin").model,
    fixture("repvgg"),
    ...fc.sample(arbitraryRecipe(10), { numRuns: 40, seed }).map((recipe) => modelBytes(modelOf(recipe))),
  ];
}

/** One change: what it does with these numbers depends on the kind. */
export interface Change {
  kind: number;
  at: number;
  value: number;
  length: number;
}

/** A changed model: which one, and its changes in order. */
export interface Mutation {
  base: number;
  changes: Change[];
}

/** Any mutation of some of `count` models. */
export function arbitraryMutation(count: number): fc.Arbitrary<Mutation> {
  const change = fc.record({ kind: fc.nat(15), at: fc.nat(2 ** 31 - 1), value: fc.nat(255), length: fc.nat(40) });
  return fc.record({ base: fc.nat(count - 1), changes: fc.array(change, { minLength: 1, maxLength: 3 }) });
}

/** The bytes of a mutation. */
export function mutated(models: readonly Uint8Array[], { base, changes }: Mutation): Uint8Array {
  return changes.reduce((bytes, change) => changed(bytes, change), models[base]);
}

function changed(bytes: Uint8Array, change: Change): Uint8Array {
  if (bytes.length === 0) return bytes;
  if (change.kind >= 6) return inMessages(bytes, change);
  const at = change.at % bytes.length, { value, length } = change;
  const head = bytes.subarray(0, at), tail = (from: number) => bytes.subarray(Math.min(from, bytes.length));
  switch (change.kind) {
    case 0:
      return joined(head, [value], tail(at + 1));
    case 1:
      return joined(head, [bytes[at] ^ 1 << value % 8], tail(at + 1));
    case 2:
      return joined(head, Array.from({ length }, () => value), tail(at));
    case 3:
      return joined(head, [], tail(at + length));
    case 4:
      return joined(head, tail(at).subarray(0, length), tail(at));
    default:
      return value < 32 ? head.slice() : joined(head, [255, 255, 255, 255, 255, 255, 255, 255, 255, 1], tail(at + 1));
  }
}

function joined(...parts: ArrayLike<number>[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => Array.from(part)));
}

// deno-lint-ignore no-explicit-any
type Plain = any;

/** A place in a decoded message: an entry of an object or a list. */
interface Place {
  of: Plain;
  key: string | number;
}

const NUMBERS = [0, -1, 1, 2, 7, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 40, 2 ** 53, -(2 ** 63)];

/** Changes a field somewhere in the message; lengths around it stay right. Bytes that are no model stay as they are. */
function inMessages(bytes: Uint8Array, { kind, at, value, length }: Change): Uint8Array {
  const type = messageType("ModelProto");
  try {
    const message: Plain = type.toObject(type.decode(bytes), { longs: Number, arrays: false });
    const places = placesIn(message);
    const { of, key } = places[at % places.length], other = places[(at * 31 + value) % places.length];
    const held = of[key];
    if (kind <= 8) {
      if (Array.isArray(of)) of.splice(key as number, 1);
      else delete of[key];
    } else if (kind === 9 && Array.isArray(of)) of.splice(key as number, 0, structuredClone(held));
    else if (kind === 10) of[key] = structuredClone(other.of[other.key]);
    else if (typeof held === "number") of[key] = NUMBERS[(value + length) % NUMBERS.length];
    else if (typeof held === "string") of[key] = ["", "x", "Conv", "Add", "\u0001", "y".repeat(300)][value % 6];
    else if (Array.isArray(held)) of[key] = value % 2 ? [] : [...held, ...held];
    else if (held instanceof Uint8Array) of[key] = held.slice(0, length);
    return type.encode(type.fromObject(message)).finish();
  } catch {
    return bytes; // was no model any more, or cannot be written
  }
}

function placesIn(message: Plain, found: Place[] = []): Place[] {
  for (const key of Array.isArray(message) ? message.keys() : Object.keys(message)) {
    found.push({ of: message, key });
    const held = message[key];
    if (typeof held === "object" && held !== null && !(held instanceof Uint8Array) && found.length < 5000) {
      placesIn(held, found);
    }
  }
  return found;
}
