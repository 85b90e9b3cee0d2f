import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "./builder.ts";
import type { ChannelAffine } from "./affine_map.ts";
import type { Carry } from "./carry/carry.ts";
import type { Part } from "./cut.ts";
import type { EntriesOf } from "./entries.ts";
import type { FewerMovements } from "./fewer_movements.ts";
import type { LinearMap } from "./linear/linear_map.ts";
import type { TakePadding, ZeroPadding } from "./padding.ts";
import type { PositionMap } from "./position_map.ts";
import type { Skip } from "./skip.ts";
import type { Term } from "./sum.ts";
import type { TakeAffine } from "./take_affine.ts";
import type { Taken } from "./taken.ts";

/** What an operator is to the rules: which equations a node of it takes part in. Rules ask for these and name no operator. */
export interface Views {
  /** Whether it asks for nothing but the shape of its input. */
  readonly readsShapeOnly?: true;
  /**
   * The node as y = s·x + t along one axis; why it is none, although it looks like one; undefined where it is something else
   * (an addition of two computed values, or of two constants, say).
   */
  affine?(node: Node): ChannelAffine | Skip | undefined;
  /** The node as y = W·x + b, the one view of a layer; why it is none; undefined where it is something else. */
  linear?(node: Node): LinearMap | Skip | undefined;
  /** The node and those before it as one such map, where they are one only together (Slices and the Concat of them). */
  together?(node: Node): LinearMap | undefined;
  /** How an affine map gets past it, up and down. */
  readonly carry?: Carry;
  /** The node as a linear map along positions, the same for every channel. */
  positions?(node: Node): PositionMap | Skip | undefined;
  /** How it treats entries along an axis of its first output, where it treats all alike. */
  readonly entries?: EntriesOf;
  /** A contraction of two computed values as a product of matrices, or why it is none. */
  asProduct?(node: Node, build: Builder): Value | Skip | undefined;
  /** The node and the movements of elements before it as fewer; undefined where that cannot be. */
  fewerMovements?(node: Node, build: Builder): FewerMovements | undefined;
  /** The one axis along which it normalizes, and could along any other; undefined where that is not so. */
  normalizedAxis?(node: Node): number | undefined;
  /** What it puts side by side along an axis, in order; undefined where it does not. */
  joined?(node: Node, axis: number): readonly Value[] | undefined;
  /** The parts that it cuts its first input into along an axis, where it does nothing else. */
  cut?(node: Node, axis: number): readonly Part[] | undefined;
  /** The entries that it takes of its first input, where that is all it does. */
  taken?(node: Node): Taken | undefined;
  /** What it adds and takes away, where it is a sum of its operands. */
  terms?(node: Node): readonly Term[] | undefined;
  /** The zeros it puts around its input, where it does nothing else, or has put around it before it moves it. */
  padding?(node: Node, build: Builder): ZeroPadding | Skip | undefined;
  /** How it takes over zeros around its input. */
  readonly takePadding?: TakePadding;
  /** How it takes a map of its first output into its own parameters, although it is no layer. */
  readonly takeAffine?: TakeAffine;
}
