/**
 * Reading an executed notebook (nbformat 4).
 *
 * @module
 */
import type { Comparison } from "../src/bench/mod.ts";
import { DATA_TYPE } from "../src/plot/mod.ts";

/** Text as notebooks keep it: whole, or in lines. */
export type Text = string | string[];

/** One output of a cell. */
export interface Output {
  /** `execute_result`, `display_data`, `stream` or `error`. */
  output_type: string;
  /** By MIME type. */
  data?: Record<string, Text>;
  /** Of a stream. */
  text?: Text;
  /** Of an error. */
  traceback?: string[];
}

/** One cell. */
export interface ExecutedCell {
  /** `markdown`, `code` or `raw`. */
  cell_type: string;
  /** Its source. */
  source: Text;
  /** What it showed. */
  outputs?: Output[];
}

/** A notebook with its outputs. */
export interface Executed {
  /** Its cells, in order. */
  cells: ExecutedCell[];
  /** Its title and authors, where they are given; and much that is not read here. */
  metadata?: { title?: string; authors?: { name: string }[] };
}

/** A text in one piece, without the colours of a terminal. */
export function plain(text: Text | undefined): string {
  // deno-lint-ignore no-control-regex
  return [text ?? ""].flat().join("").replace(/\x1b\[[0-9;]*m/g, "");
}

/** A cell's source in one piece. */
export function sourceOf(cell: ExecutedCell): string {
  return plain(cell.source);
}

/**
 * Takes the heading off a notebook: its title (`metadata.title`, or the first `# ` line), and the paragraph in italics
 * after it as the lede. What is left of the first cell stays in place.
 */
export function titled(notebook: Executed): { title: string; lede?: string; cells: ExecutedCell[] } {
  const [first, ...rest] = notebook.cells;
  const heading = first?.cell_type === "markdown" ? /^\s*# +(.+)\n*/.exec(sourceOf(first)) : null;
  if (!heading) return { title: notebook.metadata?.title ?? "Notebook", cells: notebook.cells };
  const text = sourceOf(first).slice(heading[0].length);
  const italics = /^([_*])(?!\1)([\s\S]+?)\1(?:\n\s*\n|\s*$)/.exec(text);
  const left = text.slice(italics?.[0].length ?? 0);
  return {
    title: notebook.metadata?.title ?? heading[1].trim(),
    lede: italics?.[2].replace(/\s+/g, " ").trim(),
    cells: left.trim() === "" ? rest : [{ ...first, source: left }, ...rest],
  };
}

/** The raw data in a cell's outputs. */
export function dataOf(cell: ExecutedCell): unknown[] {
  return (cell.outputs ?? []).flatMap(({ data }) => data?.[DATA_TYPE] ? [JSON.parse(plain(data[DATA_TYPE]))] : []);
}

/** Every comparison anywhere in the data of a notebook's outputs, in order. */
export function comparisonsIn(data: unknown): Comparison[] {
  if (Array.isArray(data)) return data.flatMap(comparisonsIn);
  if (typeof data !== "object" || data === null) return [];
  if ("schemaVersion" in data && "environment" in data && "levels" in data) return [data as Comparison];
  return Object.values(data).flatMap(comparisonsIn);
}
