import { basename } from "node:path";

/** A short name for a file for each of several pairs, of the last part of their own names; equal ones get their number. */
export function fileNames(names: readonly string[]): string[] {
  const short = names.map((name) =>
    basename(name).replace(/\.onnx$/i, "").replaceAll(/[^\w.-]+/g, "-").replaceAll(/^[.-]+|[.-]+$/g, "") || "pair"
  );
  return short.map((name, i) => short.indexOf(name) === short.lastIndexOf(name) ? name : `${name}-${i + 1}`);
}
