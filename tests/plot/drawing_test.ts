import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { renderPng } from "../../src/plot/mod.ts";
import { allDrawings } from "./drawings.ts";
import { HOSTILE, sampleComparison, sampleLayers } from "./sample.ts";
import {
  errorHistogram,
  layerCosts,
  levelBars,
  opCounts,
  opTimes,
  ruleSpeedups,
  ulpHistogram,
} from "../../src/plot/mod.ts";
import { assertSnapshotFile } from "./snapshot.ts";

for (const width of [640, 340]) {
  for (const { name, drawing, titles } of allDrawings(width)) {
    Deno.test(`the plot ${name} is the committed SVG at ${width} px`, async () => {
      await assertSnapshotFile(`${drawing.svg}\n`, `${name}_${width}.svg`);
    });

    Deno.test(`the plot ${name} has titled axes with units at ${width} px`, () => {
      for (const title of titles) assertStringIncludes(drawing.svg, `>${title}</text>`);
    });

    Deno.test(`no two lines of text overlap in the plot ${name} at ${width} px, and none leaves it`, () => {
      const boxes = textBoxes(drawing.svg);
      for (const [index, box] of boxes.entries()) {
        assert(
          box.left >= 0 && box.right <= width,
          `"${box.text}" leaves the plot: ${box.left}…${box.right} of ${width}`,
        );
        for (const other of boxes.slice(index + 1)) {
          const apart = box.right <= other.left || other.right <= box.left || box.bottom <= other.top ||
            other.bottom <= box.top;
          assert(apart, `"${box.text}" and "${other.text}" overlap`);
        }
      }
    });
  }
}

Deno.test("a plot drawn twice is the same, and does not depend on what was drawn before", () => {
  const once = allDrawings(500).map(({ drawing }) => drawing.svg);
  const twice = allDrawings(500).toReversed().map(({ drawing }) => drawing.svg).toReversed();
  assertEquals(once, twice);
});

Deno.test("every plot is well-formed SVG, in both themes", async () => {
  for (const { drawing } of allDrawings(340)) {
    for (const theme of ["light", "dark"] as const) {
      const png = await renderPng(drawing.svg, { theme, scale: 0.5 });
      assertEquals([...png.slice(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
    }
  }
});

Deno.test("a plot gives a notebook HTML, SVG, Markdown and plain text", () => {
  const drawing = levelBars(sampleComparison().levels);
  const bundle = drawing[Symbol.for("Jupyter.display") as unknown as keyof typeof drawing] as unknown as () => Record<
    string,
    string
  >;
  const shown = bundle.call(drawing);
  assertEquals(Object.keys(shown), ["text/plain", "text/markdown", "text/html", "image/svg+xml"]);
  assert(shown["image/svg+xml"].startsWith('<svg xmlns="http://www.w3.org/2000/svg"'));
  assertStringIncludes(shown["text/plain"], "At disabled:");
});

Deno.test("in a notebook every plot is drawn for wide and for narrow pages, with the options it was drawn with", () => {
  for (const { drawing, name } of allDrawings(640)) {
    const display = drawing[Symbol.for("Jupyter.display") as unknown as "title"] as unknown as () => Record<
      string,
      string
    >;
    const html = display.call(drawing)["text/html"];
    assertStringIncludes(html, 'width="345"', name);
    assertEquals(html.split(drawing.svg.split("\n").at(-2)!).length > 1, true, name);
  }
  const few = opCounts(sampleComparison(), { limit: 2 });
  const display = few[Symbol.for("Jupyter.display") as unknown as "title"] as unknown as () => Record<string, string>;
  const others = (markup: string) => markup.match(/\d others</g)?.length ?? 0;
  assert(others(few.svg) > 0);
  assertEquals(others(display.call(few)["text/html"]), 2 * others(few.svg));
});

Deno.test("names out of a model are escaped in plots and stay well-formed XML", async () => {
  const comparison = sampleComparison();
  comparison.before.ops[HOSTILE] = 70;
  comparison.levels[0].before.opTimesMs![HOSTILE] = 400;
  const layers = sampleLayers();
  layers.before[0].name = HOSTILE;
  const drawings = [
    opCounts(comparison),
    opTimes(comparison.levels[0])!,
    layerCosts(layers),
    ruleSpeedups([{ rule: HOSTILE, speedup: { estimate: 1.1, low: 1.05, high: 1.15 } }]),
  ];
  for (const { svg } of drawings) {
    assert(!/<(script|img)/i.test(svg), "markup of a name reached the SVG");
    assertStringIncludes(svg, "&lt;/script&gt;");
    await renderPng(svg, { scale: 0.5 });
  }
});

Deno.test("errorHistogram() and ulpHistogram() of equal outputs say that every value is equal", () => {
  const histogram = { log10Edges: [-9, -8], counts: [0], zero: 1000 };
  const drawing = errorHistogram({ histogram, maxAbs: 0 });
  assertStringIncludes(drawing.svg, "every value is exactly equal");
  assertStringIncludes(drawing.svg, "100% of 1,000 output values are exactly equal; the largest difference is 0");
  assertStringIncludes(
    ulpHistogram([{ upTo: 0, count: 1000 }, { upTo: 1, count: 0 }]).svg,
    "100% of 1,000 output values",
  );
});

Deno.test("opTimes() is undefined where no profile was taken", () => {
  const [level] = sampleComparison().levels;
  assertEquals(opTimes({ ...level, after: { ...level.after, opTimesMs: undefined } }), undefined);
});

Deno.test("opCounts() adds up the operators beyond its limit", () => {
  const { svg } = opCounts(sampleComparison(), { limit: 3, level: "disabled" });
  assertStringIncludes(svg, ">BatchNormalization<");
  assertStringIncludes(svg, ">6 others<");
  assertStringIncludes(svg, "as run at “disabled”");
});

interface Box {
  text: string;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/**
 * Where text lies, by its anchor and a careful guess at its width. Panels are nested SVGs with their own origin.
 * Widths are guessed 8% under what layout allows for, heights at 80% of the font size, which is what letters and
 * digits cover.
 */
function textBoxes(svg: string): Box[] {
  const boxes: Box[] = [];
  const groups: { x: number; y: number; attributes: string }[] = [];
  for (const [, close, name, attributes, content] of svg.matchAll(/<(\/?)(svg|g|text)\b([^>]*?)\/?>([^<]*)/g)) {
    const number = (key: string) => Number(new RegExp(`\\s${key}="(-?[\\d.]+)`).exec(attributes)?.[1] ?? 0);
    const translate = /transform="translate\((-?[\d.]+)(?:,\s*(-?[\d.]+))?\)/.exec(attributes);
    const own = { x: Number(translate?.[1] ?? 0), y: Number(translate?.[2] ?? 0) };
    if (name !== "text") {
      if (close) groups.pop();
      else {groups.push({
          x: own.x + (name === "svg" ? number("x") : 0),
          y: own.y + (name === "svg" ? number("y") : 0),
          attributes,
        });}
    } else if (!close && content.trim() !== "") {
      const inherited = (key: string) =>
        [attributes, ...groups.map((group) => group.attributes).toReversed()].map((each) =>
          new RegExp(`\\s${key}="([^"]*)"`).exec(each)?.[1]
        )
          .find((value) => value !== undefined);
      const size = Number(inherited("font-size"));
      const width = [...content.replace(/&[a-z#0-9]+;/g, "x")].length * size * 0.52;
      const x = groups.reduce((sum, group) => sum + group.x, own.x + number("x"));
      const em = /\sy="(-?[\d.]+)em"/.exec(attributes);
      const y = groups.reduce((sum, group) => sum + group.y, own.y + (em ? Number(em[1]) * size : number("y")));
      const anchor = inherited("text-anchor");
      const left = anchor === "start" ? x : anchor === "end" ? x - width : x - width / 2;
      boxes.push({ text: content, left, right: left + width, top: y - size * 0.7, bottom: y + size * 0.1 });
    }
  }
  return boxes;
}

Deno.test("ruleSpeedups() colours by the verdict where there is one, not by the 95% interval", () => {
  const speedup = { estimate: 1.004, low: 1.001, high: 1.007 };
  const faster = ruleSpeedups([{ rule: "a-rule", speedup, verdict: "faster" }]).svg;
  const same = ruleSpeedups([{ rule: "a-rule", speedup, verdict: "same" }]).svg;
  assert(faster !== same);
  assertEquals(ruleSpeedups([{ rule: "a-rule", speedup }]).svg, faster);
});
