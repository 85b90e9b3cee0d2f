import { assert, assertEquals } from "@std/assert";
import { notebookPaths } from "../tasks/notebooks.ts";

interface Cell {
  cell_type: string;
  outputs?: unknown[];
  execution_count?: number | null;
  source: string[];
}

Deno.test("committed notebooks carry no outputs and name the Deno kernel", async () => {
  const paths = await notebookPaths();
  assert(paths.length > 0, "there are notebooks");
  for (const path of paths) {
    const { cells, metadata } = JSON.parse(await Deno.readTextFile(path));
    assertEquals(metadata.kernelspec.name, "deno", path);
    for (const cell of cells.filter((cell: Cell) => cell.cell_type === "code")) {
      assertEquals([cell.outputs, cell.execution_count], [[], null], `${path}: ${cell.source}`);
    }
  }
});
