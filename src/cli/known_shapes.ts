import type { InputOptions } from "../bench/mod.ts";
import { resolveShapes } from "../bench/input_shapes.ts";
import type { Dim, Model, ModelPort } from "../fusion/mod.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Shapes for the inputs of two models, where one declares a length that the other leaves dynamic: a fixed length of either
 * file stands for both. Inputs are paired by name or, where the names differ, by position. Gives only inputs that the second
 * model says more of; the rest is left to the defaults. Throws a {@link UsageError} where no shape fits both.
 */
export function knownShapes(before: Model, after: Model, options: InputOptions): Record<string, number[]> {
  const merged = before.inputs.flatMap((input, index) => {
    const other = after.inputs.find(({ name }) => name === input.name) ?? after.inputs[index];
    const shape = other && both(input, other);
    return shape ? [{ name: input.name, type: input.type ?? "float32", dims: shape.map((dim) => dim ?? "") }] : [];
  });
  const chosen = merged.filter(({ name }) => !options.shape && !options.shapes?.[name]);
  return resolveShapes(chosen, { size: options.size });
}

/** What either port declares, or undefined where the second adds nothing to the first. */
function both(first: ModelPort, second: ModelPort): Dim[] | undefined {
  const [mine, theirs] = [first.shape, second.shape];
  if (!mine || !theirs) return undefined;
  const conflict = mine.length !== theirs.length ||
    mine.some((dim, axis) => typeof dim === "number" && typeof theirs[axis] === "number" && dim !== theirs[axis]);
  if (conflict) {
    throw new UsageError(
      `input ${first.name}: BEFORE takes [${declared(mine)}], AFTER takes [${declared(theirs)}]. No input fits both.`,
    );
  }
  if (mine.every((dim, axis) => typeof dim === "number" || typeof theirs[axis] !== "number")) return undefined;
  return mine.map((dim, axis) => typeof theirs[axis] === "number" ? theirs[axis] : dim);
}

function declared(shape: readonly Dim[]): string {
  return shape.map((dim) => dim ?? "?").join(", ");
}
