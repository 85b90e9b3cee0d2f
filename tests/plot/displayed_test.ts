import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  architectures,
  compare,
  explain,
  fuse,
  fusionPicture,
  layersOf,
  listRules,
  open,
  SKIP_CODES,
} from "../../mod.ts";
import { Model } from "../../src/fusion/mod.ts";
import { displayed } from "../../src/plot/displayed.ts";
import { listDisplay, recordDisplay } from "../../src/plot/record_display.ts";
import { fixture } from "../bench/fixture.ts";
import { HOSTILE } from "./sample.ts";

const DISPLAY = Symbol.for("Jupyter.display");

/** What a notebook shows of a value. */
function shown(value: unknown, what: string): Record<string, string> {
  const display = (value as Record<symbol, () => Record<string, string>>)[DISPLAY];
  assertEquals(typeof display, "function", `${what} does not display itself`);
  return display.call(value);
}

const model = await open(fixture("fashion_resnet"));
const result = await fuse(model), report = await explain(model);
const comparison = await compare(model, result.model, { seconds: 0.2, levels: ["all"], isolate: false });

Deno.test("everything that a cell can end with displays itself: HTML, Markdown and text", () => {
  const { levels } = comparison;
  const values: Record<string, unknown> = {
    model,
    "model.stats": model.stats,
    "model.ops": model.ops,
    "model.inputs": model.inputs,
    "model.nodes": model.nodes,
    "model.named()": model.named("other"),
    "the result of fuse": result,
    "result.model": result.model,
    "result.report": result.report,
    "report of explain": report,
    "report.applied": report.applied,
    "a rewrite": report.applied[0],
    "report.skipped": report.skipped,
    "report.before": report.before,
    "listRules()": listRules(),
    "a rule": listRules()[0],
    architectures,
    "layersOf()": layersOf(model, comparison.inputs),
    comparison,
    levels,
    "a level": levels[0],
    "a level's timing": levels[0].before,
    "a speed-up": levels[0].speedup,
    "an error": comparison.error,
    environment: comparison.environment,
    inputs: comparison.inputs,
    notes: comparison.notes,
    "some rewrites": report.applied.filter(({ rule }) => rule === "fuse-affine-into-layer"),
    "the first rewrites, others first": report.applied.slice(0, 3).toReversed(),
    "a rewrite's cost": report.applied[0].before,
    "some levels": levels.slice(0, 1),
    "the machine while a level was timed": levels[0].machine,
    "the noise floor": levels[0].control,
    "errors by output": comparison.error.outputs,
    "an output's error": comparison.error.outputs.logits,
    "the worst errors": comparison.error.worst,
    settings: comparison.settings,
    SKIP_CODES,
  };
  for (const [what, value] of Object.entries(values)) {
    const bundle = shown(value, what);
    for (const form of ["text/plain", "text/markdown", "text/html"]) {
      assert(bundle[form].length > 3, `${what}: ${form}`);
    }
  }
  assertStringIncludes(shown(listRules(), "rules")["text/plain"], "compose-layers");
  assertStringIncludes(shown(levels[0], "level")["text/plain"], "verdict");
});

Deno.test("what a notebook shows has no links in its pictures, which JupyterLab takes for an error", () => {
  for (const value of [result, result.report, fusionPicture(model, result.model, result.report)]) {
    const html = shown(value, "a picture")["text/html"];
    assertStringIncludes(html, "<svg");
    assert(!/<a\b/.test(html), "a link");
  }
  assertStringIncludes(fusionPicture(model, result.model, result.report)!.svg, "<a href="); // pages have them
});

Deno.test("console.log of a result is short, and what displays itself is data as before", () => {
  for (const value of [model, result, report, comparison, comparison.levels, comparison.levels[0], listRules()]) {
    const lines = Deno.inspect(value).split("\n").length;
    assert(lines <= 24, `${lines} lines`);
  }
  assertEquals(Object.keys(result), ["model", "report"]);
  assertEquals(Object.keys(model).includes("stats"), false);
  assertEquals(JSON.parse(JSON.stringify(comparison)).levels.length, 1);
  assertEquals({ ...report }.before, report.before);
  assertEquals(JSON.stringify(report.applied.slice(1, 3)), JSON.stringify([report.applied[1], report.applied[2]]));
  assertEquals(Object.keys(report.applied.slice(0, 2)), ["0", "1"]);
});

Deno.test("importing changes no class, and displays belong to values", () => {
  assertEquals(Object.getOwnPropertySymbols(Model.prototype), []);
  const list = displayed([1], () => ({ "text/plain": Array.from({ length: 99 }, (_, i) => `line ${i}`).join("\n") }));
  assertEquals(Deno.inspect(list).split("\n").at(-1), "… 76 more lines");
});

Deno.test("tables of records escape names, shorten long lists and count what they leave out", () => {
  const many = Array.from(
    { length: 70 },
    (_, i) => ({ name: i === 0 ? HOSTILE : `n${i}`, samples: new Array(9).fill(1), part: { a: 1 } }),
  );
  const bundle = listDisplay(many);
  assertStringIncludes(bundle["text/plain"], "… and 10 more");
  assertStringIncludes(bundle["text/plain"], "9 values");
  assertStringIncludes(bundle["text/plain"], "a 1");
  assert(!/<(script|img)/i.test(bundle["text/html"] + bundle["text/markdown"]), "markup of a name reached a display");
  assertStringIncludes(listDisplay([])["text/plain"], "none");
  assertStringIncludes(listDisplay(["a"], "note")["text/plain"], "note");
  assertStringIncludes(recordDisplay({ nodes: 1234, ratio: 0.5, none: null })["text/plain"], "1,234");
});
