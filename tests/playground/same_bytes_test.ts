/** The page's script is made of src/ with parts left out: what it does must be the same, byte by byte, where it does the same. */
import { assert, assertEquals, assertGreater } from "@std/assert";
import * as esbuild from "esbuild";
import fc from "fast-check";
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import type { Fusion } from "../../playground/fusion.ts";
import { fuse } from "../../src/fusion/mod.ts";
import { SIGNAL_OPS } from "../../src/ops/signal.ts";
import { TEXT_OPS } from "../../src/ops/text.ts";
import { OPS } from "../../src/ops/table.ts";
import { browserScript } from "../../tasks/playground/browser.ts";
import { arbitraryRecipe, modelOf as randomModel } from "../fuzz/arbitrary_graph.ts";
import { modelBytes, type TestModel } from "../onnx_model.ts";
import { modelOf } from "../ops/conformance.ts";
import { examplesOf } from "../ops/examples/mod.ts";

const script = await browserScript(fileURLToPath(new URL("../../playground/fusion.ts", import.meta.url)));
await esbuild.stop();
const page: Fusion = new Function(`${script}; return layerfuse`)();

/** Operator sets of the examples, by domain; the operators of ai.onnx.ml, text, spectra and losses the page leaves as they are. */
const OPSETS: Record<string, readonly number[]> = { "": [11, 21], "com.microsoft": [1] };
/** Random graphs. */
const GRAPHS = 150;

/** What fusing a model gives: the report and the new file, or what is wrong with the model. */
async function outcome(fused: typeof fuse, bytes: Uint8Array): Promise<{ does: string; result: string }> {
  try {
    const { model, report } = await fused(bytes);
    return { does: JSON.stringify(report.applied), result: Buffer.from(await model.bytes()).toString("hex") };
  } catch (error) {
    return { does: "refuses it", result: (error as Error).message };
  }
}

/** Asserts that what is done to a model is done alike; false where the page does other things, for it lacks some of them. */
async function isSame(bytes: Uint8Array, what: string): Promise<boolean> {
  const [own, known] = [await outcome(page.fuse, bytes), await outcome(fuse, bytes)];
  if (own.does !== known.does) return false;
  assertEquals(own.result, known.result, what);
  return true;
}

/** The model with the shape of each result as an output: what is known of it becomes a constant. */
function withShapes(model: TestModel): TestModel {
  const names = Object.keys(model.outputs), shapes = names.map((name) => `${name}.shape`);
  return {
    ...model,
    nodes: [...model.nodes, ...names.map((name, at) => ({ op: "Shape", inputs: [name], outputs: [shapes[at]] }))],
    outputs: { ...model.outputs, ...Object.fromEntries(shapes.map((name) => [name, null])) },
    types: { ...model.types, ...Object.fromEntries(shapes.map((name) => [name, 7])) },
  };
}

for (const [domain, opsets] of Object.entries(OPSETS)) {
  const names = Object.keys(OPS[domain]).filter((name) => !Object.hasOwn({ ...SIGNAL_OPS, ...TEXT_OPS }, name));
  Deno.test(`the page knows every operator of ${domain || "ai.onnx"} as the library does`, async () => {
    let count = 0;
    for (const opType of names) {
      for (const opset of opsets) {
        for (const [at, example] of examplesOf({ domain, opType }, { opset, seed: opset }).entries()) {
          for (const given of ["fed", "named", "constant"] as const) {
            const test = modelOf({ domain, opType }, opset, example, (index) => {
              return example.parameters?.includes(index) ? "constant" : given;
            });
            if (await isSame(modelBytes(withShapes(test)), `${opType} ${opset}, example ${at}, ${given}`)) count++;
          }
        }
      }
    }
    assertGreater(count, names.length);
  });
}

Deno.test("the page fuses random graphs and the fixtures to the bytes that the library makes of them", async () => {
  let count = 0;
  for (const [at, recipe] of fc.sample(arbitraryRecipe(14), { seed: 17, numRuns: GRAPHS }).entries()) {
    if (await isSame(modelBytes(randomModel(recipe)), `graph ${at}`)) count++;
  }
  assertGreater(count, GRAPHS / 2);
  const fixtures = new URL("../fixtures/", import.meta.url);
  for await (const { name } of Deno.readDir(fixtures)) {
    if (!name.endsWith(".onnx")) continue;
    const bytes = await Deno.readFile(new URL(name, fixtures));
    assert(await isSame(bytes, name), name);
  }
});
