import { assertEquals, assertStringIncludes } from "@std/assert";
import { endsInValue, hasError, problems } from "../../tasks/notebook_problems.ts";

const shown = [{ output_type: "execute_result" }];
const code = (source: string, outputs: { output_type: string; evalue?: string }[], tags: string[] = []) => ({
  cell_type: "code",
  source: source.split(/(?<=\n)/),
  outputs,
  metadata: { tags },
});

Deno.test("problems() finds none in a notebook whose cells show what they should", () => {
  const cells = [
    { cell_type: "markdown", source: "# Title" },
    code("import { fuse } from '../mod.ts';", []),
    code("const report = await fuse(\n  model,\n);\nreport;", shown),
  ];
  assertEquals(problems({ cells }), []);
});

Deno.test("problems() names a cell that lost its output", () => {
  const cells = [code("const a = 1;", []), code("await compare(model, {\n  shape: [1, 3, 64, 64],\n});", [])];
  const found = problems({ cells });
  assertEquals(found.length, 1);
  assertStringIncludes(found[0], "cell 2 of 2: shows nothing");
  assertStringIncludes(found[0], "| await compare(model, {");
});

Deno.test("problems() lets a cell tagged silent show nothing", () => {
  assertEquals(problems({ cells: [code("await model.save('x.onnx');", [], ["silent"])] }), []);
});

Deno.test("problems() reports an error and not the cells that never ran after it", () => {
  const error = [{ output_type: "error", ename: "TypeError", evalue: "no such model" }];
  const notebook = { cells: [code("open('x');", error), code("report;", [])] };
  const found = problems(notebook);
  assertEquals([hasError(notebook), hasError({ cells: [code("report;", shown)] })], [true, false]);
  assertEquals(found.length, 1);
  assertStringIncludes(found[0], "cell 1 of 2: TypeError: no such model");
});

Deno.test("endsInValue() is true where the kernel shows a value", () => {
  const sources = [
    "1 + 1",
    "report;",
    "await f({\n a: `}`\n})",
    "report; const next = 1;",
    "let t: number = 1;\nt.toFixed()",
  ];
  for (const source of sources) assertEquals(endsInValue(source), true, source);
});

Deno.test("endsInValue() is false for declarations, imports, assignments and empty cells", () => {
  const sources = [
    "const a: number = 1;",
    "import * as x from './x.ts';",
    "a = 2",
    "i++",
    "function f() {}",
    "",
    "// note",
  ];
  for (const source of sources) assertEquals(endsInValue(source), false, source);
});
