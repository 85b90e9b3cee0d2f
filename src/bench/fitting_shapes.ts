/**
 * Shapes that a model runs with, whatever runs it: ONNX Runtime here, or in a page.
 *
 * @module
 */
import { type FeedOptions, feedSets, withGivenShapes } from "./feeds.ts";
import { otherShapes } from "./input_shapes.ts";
import type { InputDescription, NamedTensors } from "./session.ts";

/** Other shapes are tried for so long. */
const PATIENCE_MS = 20_000;
/** So many other shapes are tried at most. */
export const MOST_TRIED = 150;

/** Longest length that is taken from a message. */
const MOST_NAMED = 50_000;

/** What was found by trying. */
export interface Fitting {
  /** Shapes that run, by input, where others than the likely ones were needed; absent where the likely ones run. */
  shapes?: Record<string, number[]>;
  /** How many other shapes were tried. */
  tried: number;
  /** Why the likely ones do not run, where nothing does. */
  failure?: Error;
}

/**
 * Runs a model with the inputs it is to be given and, where that fails, with other shapes of those whose lengths nobody gave, until
 * it runs.
 *
 * @param run Runs the model once; throws where it does not run.
 * @param most How many other shapes to try at most.
 * @param onTry Called before each other shape is tried.
 * @throws {Error} If inputs cannot be made, or lack one.
 */
export async function fittingShapes(
  inputs: readonly InputDescription[],
  options: FeedOptions,
  run: (feeds: NamedTensors) => Promise<unknown>,
  most: number = MOST_TRIED,
  onTry?: () => void,
): Promise<Fitting> {
  const reasonAgainst = (tried: FeedOptions) => {
    const [{ feeds }] = feedSets(inputs, tried);
    return failureOf(() => run(feeds));
  };
  const failure = await reasonAgainst(options);
  if (!failure) return { tried: 0 };
  const start = performance.now();
  let tried = 0;
  for (const shapes of otherShapes(inputs, withGivenShapes(options), lengthsIn(failure.message))) {
    if (tried >= most || performance.now() - start > PATIENCE_MS) break;
    tried++;
    onTry?.();
    if (!await reasonAgainst({ ...options, shape: undefined, shapes })) return { shapes, tried };
  }
  return { tried, failure };
}

/** Lengths of the shapes that a message of ONNX Runtime has, such as "requested shape:{12,4,8}": one may be what a model was exported at. */
function lengthsIn(message: string): number[] {
  const shapes = [...message.matchAll(/\{(-?\d+(?:,-?\d+)*)\}/g)];
  const lengths = shapes.flatMap(([, dims]) => dims.split(",").map(Number));
  return [...new Set(lengths)].filter((length) => length > 0 && length <= MOST_NAMED).slice(0, 16);
}

async function failureOf(run: () => Promise<unknown>): Promise<Error | undefined> {
  try {
    await run();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Says which shapes are fed in place of the likely ones. */
export function fittingNote(shapes: Readonly<Record<string, readonly number[]>>): string {
  const fed = Object.entries(shapes).flatMap(([name, dims]) => dims.length > 0 ? [`${name} ${dims.join("×")}`] : []);
  return `The likely shapes of the inputs do not run, others do: ${fed.join(", ")}.`;
}
