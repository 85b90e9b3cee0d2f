import { parse } from "@babel/parser";

/** The part of a notebook file (nbformat 4) that is looked at here. */
export interface Notebook {
  cells: Cell[];
}

interface Cell {
  cell_type: string;
  source: string | string[];
  metadata?: { tags?: string[] };
  outputs?: { output_type: string; ename?: string; evalue?: string; traceback?: string[] }[];
}

/** A cell with this tag may end in an expression and yet show nothing, as one that ends in `await model.save(path)` does. */
const SILENT = "silent";

/**
 * What is wrong with an executed notebook, one text a problem: cells that raised an error, and cells that show nothing though
 * the kernel shows the value of their last expression. (Tag a cell `silent` when that value is undefined.)
 */
export function problems(notebook: Notebook): string[] {
  const code = notebook.cells.filter((cell) => cell.cell_type === "code");
  const found: string[] = [];
  for (const [index, cell] of code.entries()) {
    const source = [cell.source].flat().join("");
    const place = `cell ${index + 1} of ${code.length}:`;
    const outputs = cell.outputs ?? [];
    const errors = outputs.filter((output) => output.output_type === "error");
    for (const { ename, evalue, traceback } of errors) {
      found.push(`${place} ${ename}: ${evalue}\n${excerpt(source)}\n${(traceback ?? []).join("\n")}`);
    }
    if (errors.length > 0) break; // what follows was not executed
    if (outputs.length === 0 && !cell.metadata?.tags?.includes(SILENT) && endsInValue(source)) {
      found.push(`${place} shows nothing, but should show the value of its last expression\n${excerpt(source)}`);
    }
  }
  return found;
}

/** Whether a cell raised an error: that is where the notebook ended. */
export function hasError(notebook: Notebook): boolean {
  return notebook.cells.some((cell) => cell.outputs?.some((output) => output.output_type === "error"));
}

/** Whether the kernel has a value to show: the cell has an expression at top level that is not just an assignment. */
export function endsInValue(source: string): boolean {
  const program = parse(source, {
    sourceType: "module",
    plugins: ["typescript"],
    errorRecovery: true,
  }).program;
  const last = program.body.findLast((statement) => statement.type === "ExpressionStatement")?.expression;
  return last !== undefined && last.type !== "AssignmentExpression" && last.type !== "UpdateExpression";
}

function excerpt(source: string): string {
  const lines = source.trim().split("\n");
  return lines.slice(0, 8).map((line) => `  | ${line}`).join("\n") + (lines.length > 8 ? "\n  | …" : "");
}
