import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Whether a state dict is of timm's `tf_NAME`, converted from TensorFlow, or of its NAME; undefined where nothing says. Both
 * have the same names and shapes and compute otherwise. What says: a `config.json` beside the file, as the Hugging Face hub lays
 * it out; else the part of the path or address nearest to its end that has the network's name.
 */
export function isFromTensorflow(file: string, timm: string): boolean | undefined {
  const network = new RegExp(`(?<![a-z0-9])(tf_)?${timm}(?![a-z0-9])`);
  for (const text of [configured(file), ...file.split(/[/\\]/).toReversed()]) {
    const match = network.exec(text);
    if (match) return match[1] !== undefined;
  }
}

/** The architecture that a `config.json` beside a local file names, or nothing. */
function configured(file: string): string {
  if (/^https?:/.test(file)) return "";
  try {
    const { architecture } = JSON.parse(readFileSync(join(dirname(file), "config.json"), "utf8"));
    return typeof architecture === "string" ? architecture : "";
  } catch {
    return ""; // there is none, or it is another program's
  }
}
