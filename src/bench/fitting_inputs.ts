/**
 * Inputs that a model runs with: where the likely lengths of its open dimensions do not run, other usual ones are tried.
 *
 * @module
 */
import type { FeedOptions } from "./feeds.ts";
import { type Fitting, fittingShapes, MOST_TRIED } from "./fitting_shapes.ts";
import { indexLimits } from "./index_limits.ts";
import type { InputDescription, Session } from "./session.ts";

/** A model's inputs with what its own tables say of their integers. */
export function withLimits(inputs: readonly InputDescription[], path: string): InputDescription[] {
  const isIndex = ({ type, dims }: InputDescription) => /int/.test(type) && dims.length > 0;
  if (!inputs.some(isIndex)) return [...inputs];
  const limits = indexLimits(path);
  return inputs.map((input) =>
    isIndex(input) && limits.has(input.name) ? { ...input, limit: limits.get(input.name) } : input
  );
}

/**
 * Runs a model with the inputs it is to be given and, where that fails, with other shapes: {@linkcode fittingShapes}.
 *
 * @param path The model's file.
 */
export function findFitting(
  session: Session,
  path: string,
  options: FeedOptions,
  most: number = MOST_TRIED,
  onTry?: () => void,
): Promise<Fitting> {
  return fittingShapes(withLimits(session.inputs, path), options, (feeds) => session.run(feeds, true), most, onTry);
}
