/**
 * Inputs that a model runs with: where the likely lengths of its open dimensions do not run, other usual ones are tried.
 *
 * @module
 */
import { type FeedOptions, type FeedSet, feedSets, withGivenShapes } from "./feeds.ts";
import { indexLimits } from "./index_limits.ts";
import { otherShapes } from "./input_shapes.ts";
import type { InputDescription, Session } from "./session.ts";

/** Other shapes are tried for so long, and so many of them, at most. */
const PATIENCE_MS = 20_000, MOST = 150;

/** A model's inputs with what its own tables say of their integers. */
export function withLimits(inputs: readonly InputDescription[], path: string): InputDescription[] {
  const isIndex = ({ type, dims }: InputDescription) => /int/.test(type) && dims.length > 0;
  if (!inputs.some(isIndex)) return [...inputs];
  const limits = indexLimits(path);
  return inputs.map((input) =>
    isIndex(input) && limits.has(input.name) ? { ...input, limit: limits.get(input.name) } : input
  );
}

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
 * @param path The model's file.
 * @param most How many other shapes to try at most.
 * @param onTry Called before each other shape is tried.
 * @throws {Error} If inputs cannot be made, or lack one.
 */
export async function findFitting(
  session: Session,
  path: string,
  options: FeedOptions,
  most = MOST,
  onTry?: () => void,
): Promise<Fitting> {
  const inputs = withLimits(session.inputs, path);
  const [first] = feedSets(inputs, options);
  const failure = await reasonAgainst(session, first);
  if (!failure) return { tried: 0 };
  const start = performance.now();
  let tried = 0;
  for (const shapes of otherShapes(inputs, withGivenShapes(options))) {
    if (tried >= most || performance.now() - start > PATIENCE_MS) break;
    tried++;
    onTry?.();
    const [set] = feedSets(inputs, { ...options, shape: undefined, shapes });
    if (!await reasonAgainst(session, set)) return { shapes, tried };
  }
  return { tried, failure };
}

async function reasonAgainst(session: Session, { feeds }: FeedSet): Promise<Error | undefined> {
  try {
    await session.run(feeds, true);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Says which shapes are fed in place of the likely ones. */
export function fittingNote(shapes: Readonly<Record<string, readonly number[]>>): string {
  const fed = Object.entries(shapes).flatMap(([name, dims]) => dims.length > 0 ? [`${name} ${dims.join("×")}`] : []);
  return `The likely shapes of the inputs do not run, others do: ${fed.join(", ")}.`;
}
