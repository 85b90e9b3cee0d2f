/**
 * The views of every operator against ONNX Runtime, without being named here: as an affine map, a layer and a carrier a node is
 * what a run shows, over operator sets, attributes and random inputs. A view of which no example is compared fails.
 */
import { assert } from "@std/assert";
import { OPS } from "../../src/ops/table.ts";
import { examplesOf } from "./examples/mod.ts";
import type { Views } from "../../src/ops/view.ts";
import { checkViews, lastRefusal, type ViewCounts } from "./view_conformance.ts";

/** Operator sets that differ in the forms of operators that have views. */
const OPSETS: Record<string, number[]> = {
  "": [7, 11, 13, 18, 24],
  "ai.onnx.ml": [1],
  "com.microsoft": [1],
};

const all: [string, ViewCounts][] = [];

for (const [domain, ops] of Object.entries(OPS)) {
  for (const [opType, views] of Object.entries<Views>(ops)) {
    if (!views.affine && !views.linear && !views.together && !views.carry) continue;
    const name = `${domain || "ai.onnx"}.${opType}`;
    Deno.test(`${name} is the affine map, the layer or the carrier that its entry says`, async () => {
      const counts: ViewCounts = { affine: 0, linear: 0, together: 0, up: 0, down: 0 };
      all.push([name, counts]);
      for (const opset of OPSETS[domain]) {
        for (const example of examplesOf({ domain, opType }, { opset, seed: opset })) {
          await checkViews(views, { name: { domain, opType }, opset, example, counts });
        }
      }
      const refused = lastRefusal && `; the last that ONNX Runtime did not run: ${lastRefusal}`;
      const last = ` in tests/ops/examples/${refused}`;
      assert(!views.affine || counts.affine > 0, `no example of it is an affine map${last}`);
      assert(!views.linear || counts.linear > 0, `no example of it is a layer${last}`);
      assert(!views.together || counts.together > 0, `no example of it, with the nodes before it, is a layer${last}`);
      assert(!views.carry || counts.up > 0 && counts.down > 0, `no example of it lets a map past, up and down${last}`);
    });
  }
}

Deno.test("how much was compared", () => {
  const sum = (key: keyof ViewCounts) => all.reduce((total, [, counts]) => total + counts[key], 0);
  console.log(
    `${all.length} operators: ${sum("affine")} affine maps, ${sum("linear")} layers, ${
      sum("together")
    } of several nodes, ${sum("up")} maps carried up, ` +
      `${sum("down")} down`,
  );
});
