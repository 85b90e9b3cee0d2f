import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { jsrEnvironment } from "../../tasks/jsr.ts";
import { installKernel, KERNEL } from "../../tasks/kernel.ts";
import { NOTEBOOK_NEEDS } from "../../tasks/notebooks.ts";
import { pythonWith } from "../../tasks/python.ts";
import { root } from "../../tasks/root.ts";

const python = Deno.build.os === "windows"
  ? { missing: "Windows interrupts by message" }
  : await pythonWith(NOTEBOOK_NEEDS);
if (!python.path) console.warn(`Interrupting a notebook is not tested: ${python.missing}.`);

/** What each cell showed; those with seconds are interrupted that long after their start. */
async function shown(cells: readonly (readonly [seconds: number, code: string])[]): Promise<string[][]> {
  const script = fileURLToPath(new URL("interrupt.py", import.meta.url));
  const { stdout } = await new Deno.Command(python.path!, {
    args: [script, KERNEL, fileURLToPath(new URL("notebooks/", root)), ...cells.flat().map(String)],
    env: { ...await jsrEnvironment(), ...await installKernel() },
    stderr: "null",
  }).output();
  return JSON.parse(
    stripVTControlCharacters(new TextDecoder().decode(stdout)).replaceAll(/\\u001b\[\d+m/g, "") || "[]",
  );
}

Deno.test({
  name: "interrupting a cell stops the call, keeps what was measured, and the kernel with its variables",
  ignore: !python.path,
  fn: async () => {
    const models = `import { build, compare, fuse, open, stopOnInterrupt } from "../mod.ts";
stopOnInterrupt();
const model = await open("../tests/fixtures/fashion_resnet.onnx"), { model: fused } = await fuse(model);`;
    const [, ...cells] = await shown([
      [0, models],
      [10, "const result = await compare(model, fused, { seconds: 600, levels: ['all'] }); result.interrupted"],
      [0, "`${result.levels.length} level, ${result.notes.at(-1)}`"],
      [0, "const large = await build('resnet50'); 'built'"],
      [0.2, "await compare(large, large, { seconds: 600 })"],
      [0.5, "await build('resnet152')"],
      [0, "(await compare(model, fused, { seconds: 0.2, levels: ['all'] })).interrupted ?? 'whole'"],
    ]);
    assertEquals(cells, [
      ["true"],
      ['"1 level, Interrupted: this is what was measured until then."'],
      ['"built"'],
      ["AbortError"],
      ["AbortError"],
      ['"whole"'],
    ]);
  },
});

Deno.test({
  name: "interrupting a cell that knows nothing of layerfuse ends nothing",
  ignore: !python.path,
  fn: async () => {
    const wait = "await new Promise((resolve) => setTimeout(resolve, 1500)); 'waited'";
    assertEquals(await shown([[0, "const x = 41; x"], [0.5, wait], [0, "x + 1"]]), [["41"], ['"waited"'], ["42"]]);
  },
});
