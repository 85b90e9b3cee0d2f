import type { NamedTensors } from "../bench/mod.ts";
import type { Model } from "../fusion/mod.ts";

/** How a network is asked before and after fusion. */
export interface Question {
  /** What the network is called. */
  readonly name: string;
  /** Opens or builds it, unfused. */
  model(): Promise<Model>;
  /** What it is fed, one inference after another. */
  inputs(): Promise<NamedTensors[]>;
  /** The answers to all inputs; two of them agree where they are equal. */
  answers(outputs: readonly NamedTensors[]): Promise<readonly unknown[]>;
  /** The answers in a few words. */
  words(answers: readonly unknown[]): string;
}
