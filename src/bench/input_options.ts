import type { OptionNames } from "../host/options.ts";
import type { GivenValue } from "./given_values.ts";

/** Shapes and values of generated inputs. */
export interface InputOptions {
  /** Seed of the values, default 0. */
  seed?: number;
  /** Shape of the only input. */
  shape?: readonly number[];
  /** Shapes by input name; they win over everything else. */
  shapes?: Readonly<Record<string, readonly number[]>>;
  /** Values by input name, such as `{ sr: 16000 }`: one fills the whole input, several are its elements in order. */
  values?: Readonly<Record<string, GivenValue | readonly GivenValue[]>>;
  /** Height and width where an image's are dynamic, default 224. */
  size?: number;
  /** Distribution of floating-point values, default `normal` (mean 0, variance 1). */
  distribution?: Distribution;
}

/** Every option of {@linkcode randomInputs}. */
export const INPUT_OPTIONS: OptionNames<InputOptions> = {
  seed: true,
  shape: true,
  shapes: true,
  values: true,
  size: true,
  distribution: true,
};

/**
 * How floating-point values are drawn: `normal` N(0, 1), `uniform` U[0, 1) as an image's pixels, `wide` N(0, 10²),
 * `sparse` N(0, 1) with nine of ten values zero.
 */
export type Distribution = "normal" | "uniform" | "wide" | "sparse";

/** Every {@link Distribution}. */
export const DISTRIBUTIONS: readonly Distribution[] = ["normal", "uniform", "wide", "sparse"];
