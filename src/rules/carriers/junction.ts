import type { Node, Value } from "../../graph/graph.ts";
import type { Builder } from "../../ops/builder.ts";
import type { Skip } from "../../ops/skip.ts";
import type { AffineMap } from "../../ops/affine_map.ts";

/** A value and the map it is to get (upwards), or has got (downwards). */
export interface Side {
  /** An input of the node on the way up, an output on the way down. */
  readonly value: Value;
  /** The map. */
  readonly affine: AffineMap;
}

/** How a map gets past a node. */
export interface Passage {
  /** What the values on the other side get: any one of these ways will do. */
  readonly ways: readonly (readonly Side[])[];
  /** The node with other constants, applied to `input`; absent where it stays as it is. */
  readonly rebuilt?: (input: Value, build: Builder) => Value;
}

/** An operator with any number of inputs and outputs that a map gets past. */
export interface Junction {
  /** What the inputs must get so that `output` gets the map, and every other output nothing. */
  up(node: Node, output: Value, affine: AffineMap): Passage | Skip;
  /** What the outputs get when `input` has got the map, and every other input nothing. */
  down(node: Node, input: Value, affine: AffineMap): Passage | Skip;
}

/** The one way there is. */
export function oneWay(...sides: readonly Side[]): Passage {
  return { ways: [sides] };
}
