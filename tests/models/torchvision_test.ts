import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { assemble, learnedShapes } from "../../src/models/build.ts";
import { type Architecture, architectures, defaultInputShape } from "../../src/models/mod.ts";
import { TORCHVISION } from "../../src/models/torchvision.ts";
import { STATE_DICTS } from "./state_dicts.ts";

const isParameter = (name: string) => !/\.running_(mean|var)$/.test(name);
const count = (shapes: Iterable<readonly number[]>) =>
  [...shapes].reduce((sum, dims) => sum + dims.reduce((a, b) => a * b, 1), 0);

for (const name of Object.keys(TORCHVISION) as Architecture[]) {
  Deno.test(`${name} has the names, shapes and parameters of torchvision's state dict`, () => {
    const learned = learnedShapes(name), lines = [...learned].map(([key, dims]) => `${key} [${dims}]`).sort();
    const { parameters, entries, sha256 } = STATE_DICTS[name];
    assertEquals(count([...learned].filter(([key]) => isParameter(key)).map(([, dims]) => dims)), parameters);
    assertEquals(lines.length, entries);
    assertEquals(createHash("sha256").update(lines.join("\n")).digest("hex"), sha256, lines.join("\n"));
  });
}

Deno.test("every network of torchvision's table is one of build()'s", () => {
  assertEquals(Object.keys(STATE_DICTS).filter((name) => !architectures.includes(name as Architecture)), []);
});

Deno.test("every architecture declares the output that its layers have at the usual input", () => {
  for (const name of architectures) {
    const model = assemble(name, 0, new Map()), [output] = model.outputs;
    assert(output.shape!.length > 0, name);
    assertEquals(model.inputs[0].shape!.length, defaultInputShape(name).length, name);
  }
});
