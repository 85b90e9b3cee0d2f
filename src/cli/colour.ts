import process from "node:process";
import { styleText } from "node:util";
import { variable } from "./variable.ts";

/** A colour of {@link colour}. */
export type Colour = "red" | "green" | "yellow";

/** Colours text for standard error, where that is a terminal and NO_COLOR is not set. */
export function colour(name: Colour, text: string): string {
  return process.stderr.isTTY && !variable("NO_COLOR") ? styleText(name, text) : text;
}
