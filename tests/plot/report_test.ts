import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseHTML } from "linkedom";
import {
  comparisonDisplay,
  comparisonMarkdown,
  comparisonText,
  fusionMarkdown,
  fusionText,
  renderPage,
  renderReport,
  reportDisplay,
} from "../../src/plot/mod.ts";
import { HOSTILE, sampleComparison, sampleFusion, sampleRules } from "./sample.ts";
import { assertSnapshotFile } from "./snapshot.ts";

function sampleReport(): string {
  return renderReport({
    comparison: sampleComparison(),
    fusion: sampleFusion(),
    rules: sampleRules(),
    title: "A synthetic report",
    author: "Nobody",
  });
}

// linkedom's types need the DOM library, which a Deno program does not have.
// deno-lint-ignore no-explicit-any
function parse(html: string): any {
  // deno-lint-ignore no-explicit-any
  return (parseHTML(html) as any).document;
}

Deno.test("renderReport() of the synthetic comparison is the committed page", async () => {
  await assertSnapshotFile(sampleReport(), "report.html");
});

Deno.test("comparisonText(), comparisonMarkdown(), fusionText() and fusionMarkdown() are the committed texts", async () => {
  await assertSnapshotFile(`${comparisonText(sampleComparison())}\n`, "comparison.txt");
  await assertSnapshotFile(comparisonMarkdown(sampleComparison()), "comparison.md");
  await assertSnapshotFile(`${fusionText(sampleFusion())}\n`, "fusion.txt");
  await assertSnapshotFile(fusionMarkdown(sampleFusion()), "fusion.md");
});

Deno.test("a report gives the article's three facts in its order, the error with the output's norm", () => {
  const facts = parse(sampleReport()).querySelectorAll(".fact");
  assertEquals([...facts].map((fact) => fact.querySelector("dt").textContent), ["Time before", "Time after", "Error"]);
  const { levels: [level], error } = sampleComparison();
  assertStringIncludes(facts[0].textContent, `${Math.round(level.before.medianMs)} ms`);
  assertStringIncludes(facts[1].textContent, `${Math.round(level.after.medianMs)} ms`);
  assertStringIncludes(facts[2].textContent, "L2 norm of the output difference; the output’s own norm is 52.3");
  assertEquals(error.norm, 52.31);
});

Deno.test('a report\'s level table has level, before, after, speed-up and verdict, and says what "all" means', () => {
  const document = parse(sampleReport());
  const table = document.querySelector(".stack table");
  assertEquals([...table.querySelectorAll("thead th")].map((cell) => cell.textContent), [
    "level",
    "before (ms)",
    "after (ms)",
    "speed-up (95% CI)",
    "verdict",
  ]);
  assertEquals([...table.querySelectorAll("tbody tr")].map((row) => row.querySelector("th").textContent), [
    "disabled",
    "basic",
    "all",
  ]);
  assertEquals([...table.querySelectorAll(".verdict")].map((cell) => cell.textContent), [
    "▲ faster",
    "= same",
    "? inconclusive",
  ]);
  const meaning = document.querySelector(".meaning").textContent;
  assertStringIncludes(meaning, "from “basic” up ONNX Runtime folds Conv + BatchNormalization itself");
  assertStringIncludes(meaning, "what fusing beforehand adds to what the runtime does anyway");
  assertStringIncludes(meaning, "0 of its 104 BatchNormalization nodes left");
});

Deno.test("the levels' meaning is left out where only disabled was measured", () => {
  const comparison = sampleComparison();
  comparison.levels = comparison.levels.slice(0, 1);
  assert(!comparisonText(comparison).includes("What “"));
  assert(!renderReport({ comparison }).includes("What “"));
});

Deno.test("the noise floor is said, and that one above the band leaves differences untold", () => {
  const comparison = sampleComparison();
  assertStringIncludes(
    comparisonText(comparison).replace(/\s+/g, " "),
    "Noise floor: what could not be told from 1 is below ±0.8% at “disabled” (8 openings, ±0.41% from one to the next)",
  );
  assert(!comparisonText(comparison).includes("the difference that counts"));
  comparison.levels[0].control!.speedup = { estimate: 1, low: 0.966, high: 1.035 };
  assertStringIncludes(comparisonMarkdown(comparison), "below ±3.5% at “disabled”");
  assertStringIncludes(renderReport({ comparison }), "At “disabled” that is more than the difference that counts");
});

Deno.test("terminal, Markdown and page give the reason of each verdict, and the rule", () => {
  const comparison = sampleComparison();
  for (const said of [comparisonText(comparison), comparisonMarkdown(comparison), renderReport({ comparison })]) {
    const text = said.replace(/\s+/g, " ");
    assertStringIncludes(text, "“all” is inconclusive: a made-up reason for inconclusive.");
    assertStringIncludes(text, "The rule: Faster or slower: the 99.5% interval lies wholly on that side of 1");
  }
});

Deno.test("a comparison that was stopped early, without samples, profile or control, still makes a report", () => {
  const comparison = sampleComparison();
  const [level] = comparison.levels;
  delete level.control;
  level.lnRatios = [];
  level.speedup = { estimate: NaN, low: NaN, high: NaN };
  level.before = { ...level.before, samplesMs: [], medianMs: NaN, opTimesMs: undefined, opsRun: {}, providers: {} };
  comparison.error.histogram = { log10Edges: [], counts: [], zero: 0 };
  comparison.error.ulpHistogram = [];
  for (const levels of [comparison.levels, [level], []]) {
    const page = renderReport({ comparison: { ...comparison, levels } }).replace(/<script[^]*?<\/script>/g, "");
    assert(!/NaN|Infinity|undefined/.test(page), "a missing number reached the page");
    assert(!/NaN|undefined/.test(comparisonText({ ...comparison, levels })));
  }
});

Deno.test("a report embeds the raw data, whole", () => {
  const document = parse(sampleReport());
  assertEquals(
    JSON.parse(document.querySelector("script#comparison").textContent),
    JSON.parse(JSON.stringify(sampleComparison())),
  );
  assertEquals(
    JSON.parse(document.querySelector("script#fusion").textContent),
    JSON.parse(JSON.stringify(sampleFusion())),
  );
});

Deno.test("a report runs no script and fetches nothing", () => {
  const html = sampleReport();
  const document = parse(html);
  for (const script of document.querySelectorAll("script")) {
    assertEquals(script.getAttribute("type"), "application/json");
  }
  assertStringIncludes(document.querySelector("meta[http-equiv]").getAttribute("content"), "default-src 'none'");
  const addresses = [...document.querySelectorAll("[src],[href]:not(a)")].map((node) =>
    node.getAttribute("src") ?? node.getAttribute("href")
  );
  assertEquals(addresses, ["data:,"]);
  assert(!/url\(|@import|\son[a-z]+=/.test(html), "something could be fetched or run");
});

Deno.test("a report's links lead to the article, the project, where a number comes from, and the data as files", () => {
  const document = parse(sampleReport());
  const links = [...document.querySelectorAll("main a")].map((link) => link.getAttribute("href") as string);
  assertEquals(links.filter((link) => /^https/.test(link)), [
    "https://zshn25.github.io/Layers-fusion-for-faster-inference",
    "https://jsr.io/@layerfuse/layerfuse",
  ]);
  const inner = links.filter((link) => link.startsWith("#"));
  assert(inner.length >= 3, "no fact leads to where it comes from");
  for (const link of inner) assert(document.querySelector(link), `${link} leads nowhere`);
  const downloads = [...document.querySelectorAll("a[download]")].map((link) => [
    link.getAttribute("download"),
    JSON.parse(
      new TextDecoder().decode(Uint8Array.from(atob(link.getAttribute("href").split(",")[1]), (c) => c.charCodeAt(0))),
    ),
  ]);
  assertEquals(downloads.map(([name]) => name), ["comparison.json", "fusion.json", "rules.json"]);
  assertEquals(downloads[0][1], JSON.parse(JSON.stringify(sampleComparison())));
});

Deno.test("a report says the CPU time's speed-up beside that of the wall clock where it was measured, and the method and rule", () => {
  const comparison = sampleComparison(), [first] = comparison.levels;
  const levels = [{ ...first, cpuSpeedup: { estimate: 1.234, low: 1.2, high: 1.25 } }, ...comparison.levels.slice(1)];
  const document = parse(renderReport({ comparison: { ...comparison, levels } }));
  const rows = [...document.querySelectorAll("#by-optimization-level tr")].map((row) => row.textContent);
  assertStringIncludes(rows[0], "speed-up of CPU time (95% CI)");
  assertStringIncludes(rows[1], "1.23×");
  assertStringIncludes(rows[2], "–");
  const cells = document.querySelectorAll("#by-optimization-level tbody tr:first-child td");
  assertEquals([...cells].map((cell) => cell.getAttribute("data-label")).at(-1), "verdict");
  const text = document.querySelector("#how-it-was-measured").textContent;
  assertStringIncludes(text, "Student’s t over openings");
  assertStringIncludes(text, "(A made-up rule.)");
  assert(!parse(sampleReport()).querySelector("#by-optimization-level").textContent.includes("CPU time"));
});

Deno.test("a report lists every rewrite and every refusal with its reason", () => {
  const document = parse(sampleReport());
  assertEquals(document.querySelectorAll("tr[id^=applied-]").length, 104);
  assertStringIncludes(document.querySelector("#applied-7").textContent, "/layer7/conv + /layer7/bn");
  assertEquals([...document.querySelectorAll("tr[id^=skipped-]")].map((row) => row.textContent), [
    "/aux/bn",
    "/aux/bn_2",
    "/head/bn",
  ]);
  assertStringIncludes(
    document.body.textContent,
    "BatchNormalization is in training mode: its statistics are not final",
  );
});

Deno.test("a report cites the article and names where it was measured", () => {
  const text = parse(sampleReport()).body.textContent;
  for (
    const words of [
      "Layers fusion for faster neural network inference",
      "Z. K. Suri",
      "2021",
      "Synthetic CPU",
      "Deno 2.9.6",
      "1.30.0",
      "a".repeat(64),
    ]
  ) {
    assertStringIncludes(text, words);
  }
});

Deno.test("names out of a model cannot become markup anywhere in a report or a display", () => {
  const comparison = sampleComparison();
  comparison.before.name = HOSTILE;
  comparison.after.ops[HOSTILE] = 3;
  comparison.inputs[0].name = HOSTILE;
  comparison.error.outputs = { [HOSTILE]: comparison.error.outputs.logits, other: comparison.error.outputs.logits };
  comparison.environment.cpu = HOSTILE;
  comparison.notes = [HOSTILE];
  const fusion = sampleFusion();
  fusion.applied[0] = { rule: HOSTILE, nodes: [HOSTILE], result: HOSTILE };
  fusion.skipped[0] = { rule: HOSTILE, node: HOSTILE, reason: HOSTILE };
  const pages = [
    renderReport({
      comparison,
      fusion,
      rules: [{ rule: HOSTILE, speedup: { estimate: 1, low: 0.9, high: 1.1 } }],
      title: HOSTILE,
      author: HOSTILE,
    }),
    comparisonDisplay(comparison)["text/html"],
    reportDisplay(fusion)["text/html"],
  ];
  for (const page of pages) {
    const markup = page.replace(/<script type="application\/json"[^>]*>[^<]*<\/script>/g, "");
    assert(!/<(script|img)/i.test(markup), "markup of a name reached the page");
    // deno-lint-ignore no-control-regex
    assert(!/[\u0000-\u0008]/.test(markup), "a control character reached the page");
    assertStringIncludes(markup, "&lt;img src=x onerror=&quot;");
  }
  assertEquals(JSON.parse(parse(pages[0]).querySelector("script#comparison").textContent).before.name, HOSTILE);
  for (const markdown of [comparisonMarkdown(comparison), fusionMarkdown(fusion)]) {
    assert(!/<(script|img)|\[x\]/i.test(markdown), "markup of a name reached the Markdown");
    for (const line of markdown.split("\n").filter((each) => each.startsWith("|"))) {
      assert([3, 4, 5, 6, 8].includes(line.split("|").length - 1), `a name broke a table row: ${line}`);
    }
  }
  const terminal = comparisonText(comparison) + fusionText(fusion);
  // deno-lint-ignore no-control-regex
  assert(!/[\u0000-\u0008]/.test(terminal), "a control character reached the terminal");
});

Deno.test("displays have plain text, Markdown and HTML", () => {
  for (const bundle of [comparisonDisplay(sampleComparison()), reportDisplay(sampleFusion())]) {
    assertEquals(Object.keys(bundle), ["text/plain", "text/markdown", "text/html"]);
    for (const value of Object.values(bundle)) assert(value.length > 100);
  }
});

Deno.test("comparisonText() keeps to 96 columns", () => {
  for (const line of comparisonText(sampleComparison()).split("\n")) assert(line.length <= 110, line);
});

Deno.test("renderPage() refuses an id that could break out of its attribute", () => {
  let message = "";
  try {
    renderPage({ title: "t", body: "", json: { 'a"><b': 1 } });
  } catch (error) {
    message = (error as Error).message;
  }
  assertStringIncludes(message, "use letters, digits and hyphens");
});
