import type { Value } from "../graph/graph.ts";
import type { Builder } from "./builder.ts";
import type { Skip } from "./skip.ts";

/**
 * A linear map along positions, the same for every channel, such as an average pool or an interpolation: it changes places with
 * a layer that treats every position alike.
 */
export interface PositionMap {
  /** What it is applied to. */
  readonly x: Value;
  /** The axes along which it combines positions. */
  readonly axes: readonly number[];
  /** Whether its result lacks those axes. */
  readonly dropsAxes: boolean;
  /** Why a constant added before it is not the same constant added after it; undefined where its weights always sum to 1. */
  readonly whyNotAverage?: Skip;
  /** Whether it makes more positions than there were, not fewer. */
  readonly enlarges: boolean;
  /** Positions of x for one of the result, at least; undefined where not known. */
  readonly ratio?: number;
  /** Multiply-accumulates for one position of the result and one channel; undefined where it is `ratio` of them. */
  readonly taps?: number;
  /** How often it repeats every cell along each of the axes, where that is all it does. */
  readonly repeat?: number;
  /** A computed shape of its result, with the channels at an index of it: it must be made anew for other channels. */
  readonly sizes?: { readonly value: Value; readonly at: number };
  /** The map of another value with `channels` entries along axis 1; with `sizes` in place of its own, where it has them. */
  emit(x: Value, channels: number, build: Builder, sizes?: Value): Value;
}
