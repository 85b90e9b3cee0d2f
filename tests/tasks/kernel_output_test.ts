import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { installKernel, KERNEL } from "../../tasks/kernel.ts";
import { NOTEBOOK_NEEDS } from "../../tasks/notebooks.ts";
import { pythonWith } from "../../tasks/python.ts";
import { root } from "../../tasks/root.ts";

const python = await pythonWith(NOTEBOOK_NEEDS);
if (!python.path) console.warn(`Outputs of the Deno kernel are not tested: ${python.missing}.`);

/** Cells without an output among `count` that end in `cell`. */
async function lost(count: number, prelude: string, cell: string): Promise<number> {
  const script = fileURLToPath(new URL("kernel_output.py", import.meta.url));
  const { stdout } = await new Deno.Command(python.path!, {
    args: [script, KERNEL, fileURLToPath(new URL("notebooks/", root)), String(count), prelude, cell],
    env: await installKernel(),
    stderr: "null",
  }).output();
  return Number(new TextDecoder().decode(stdout).trim() || "NaN");
}

Deno.test({
  name: "nbclient gets the output of each of 150 cells that show a plot",
  ignore: !python.path,
  fn: async () => {
    const prelude = `import { errorHistogram } from "../src/plot/mod.ts";
const plot = errorHistogram({ histogram: { log10Edges: [-7, -6], counts: [9], zero: 1 }, maxAbs: 8.1e-7 });`;
    assertEquals(await lost(150, prelude, "plot;"), 0);
  },
});
