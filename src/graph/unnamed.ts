import type { Dim, Shape } from "./graph.ts";

/** A name of our own for a dimension without one, so that it is known to be equal to itself further on. */
export function unnamedDim(input: string, axis: number): string {
  return `\0${input}.${axis}`;
}

/** Whether a dimension has such a name. */
export function isUnnamed(dim: Dim): boolean {
  return typeof dim === "string" && dim.startsWith("\0");
}

/** The shape as the file has it: without names of our own. */
export function shapeOfFile(shape: Shape | undefined): Shape | undefined {
  return shape?.map((dim) => isUnnamed(dim) ? null : dim);
}
