import { readFile } from "node:fs/promises";
import { unreadable } from "../io/errors.ts";

/** A file as text. What it throws names the path, and where nothing is there what was `expected`. */
export async function readText(path: string, expected: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw unreadable(path, error, expected);
  }
}
