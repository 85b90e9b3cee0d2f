/**
 * Tables and paragraphs in plain text and Markdown.
 *
 * @module
 */

/** Columns of a terminal that text keeps to. */
const WIDTH = 96;

/** A table in columns padded to the same width, with a rule under its head. */
export function textTable(head: string[], rows: string[][]): string[] {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column].length)));
  const line = (cells: string[]) => cells.map((cell, column) => cell.padEnd(widths[column])).join("   ").trimEnd();
  return [line(head), widths.map((width) => "─".repeat(width)).join("   "), ...rows.map(line)];
}

/** A Markdown table. Cells are taken as they are: escape names before. */
export function markdownTable(head: string[], rows: string[][]): string[] {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

/** Breaks text into lines of at most 96 columns, where its words allow it, each after the same indent. */
export function fold(text: string, indent = ""): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(indent + word);
  }
  return lines;
}
