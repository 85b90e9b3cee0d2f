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

// `deno fmt --check` of Deno 2.9 calls every notebook with a cell unformatted, so deno.json leaves them out of it.
Deno.test("committed notebooks are formatted", async () => {
  for (const path of await notebookPaths()) {
    const formatter = new Deno.Command(Deno.execPath(), {
      args: ["fmt", "--ext", "ipynb", "-"],
      cwd: new URL("../", import.meta.url),
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const source = await Deno.readTextFile(path);
    await new Blob([source]).stream().pipeTo(formatter.stdin);
    const { stdout } = await formatter.output();
    assertEquals(new TextDecoder().decode(stdout), source, `${path}: deno fmt --ext ipynb - < … formats it`);
  }
});
