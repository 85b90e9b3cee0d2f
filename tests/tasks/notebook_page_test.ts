import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { comparisonsIn, type Executed, titled } from "../../tasks/executed.ts";
import { notebookMarkdown } from "../../tasks/notebook_markdown.ts";
import { notebookPage } from "../../tasks/notebook_page.ts";
import { DATA_TYPE } from "../../src/plot/mod.ts";
import { sampleComparison } from "../plot/sample.ts";

const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><title>Dots</title><defs><clipPath id="c"/></defs>' +
  '<a href="#c"><g clip-path="url(#c)"/></a><a href="#nowhere"><text>dot</text></a></svg>';

function sample(): Executed {
  return {
    metadata: { authors: [{ name: "A. Author" }] },
    cells: [
      {
        cell_type: "markdown",
        source: [
          "# On $x$ & more\n",
          "\n",
          "_Said\n",
          "shortly._\n",
          "\n",
          "The rest, with $a_1^2$ and\n",
          "\n",
          "$$\\frac{1}{2}$$\n",
        ],
      },
      {
        cell_type: "code",
        source: "const a = 1 < 2;\na;",
        outputs: [
          { output_type: "stream", text: ["\x1b[33mprinted\x1b[39m <b>\n"] },
          { output_type: "display_data", data: { "text/plain": "" } },
          {
            output_type: "execute_result",
            data: { "image/svg+xml": SVG, "text/plain": "Dots\nA dot." },
          },
        ],
      },
      { cell_type: "markdown", source: "See [the next](02_next.ipynb).\n\n| a | b |\n| --- | --- |\n| 1 | 2 |" },
      {
        cell_type: "code",
        source: "result;",
        outputs: [
          {
            output_type: "execute_result",
            data: {
              "text/plain": "plain",
              "text/markdown": "| words |\n| --- |",
              "text/html": `<div><div class="wide">${SVG}</div></div>`,
              [DATA_TYPE]: JSON.stringify({ comparison: sampleComparison() }),
            },
          },
        ],
      },
    ],
  };
}

const facts = { author: "A. Author", environment: sampleComparison().environment };

Deno.test("notebookPage() has title, author, day, lede, prose, equations, code folded, outputs and what they were measured on", () => {
  const html = notebookPage(sample(), facts);
  assertStringIncludes(html, "<h1>On $x$ &amp; more</h1>");
  assertStringIncludes(html, '<meta name="author" content="A. Author">');
  assertStringIncludes(html, "15 January 2026");
  assertStringIncludes(html, '<p class="lede">Said shortly.</p>');
  assertStringIncludes(html, "<msubsup><mi>a</mi><mn>1</mn><mn>2</mn></msubsup>");
  assertStringIncludes(html, 'display="block"');
  assertStringIncludes(html, '<details class="code"><summary><span class="count">2 lines</span>Code</summary>');
  assertStringIncludes(html, "<pre><code>const a = 1 &lt; 2;\na;</code></pre>");
  assertStringIncludes(html, '<pre class="output">printed &lt;b&gt;</pre>');
  assertStringIncludes(html, 'href="02_next.html"');
  assertStringIncludes(html, sampleComparison().environment.cpu);
  assertStringIncludes(html, sampleComparison().before.sha256);
  assertEquals(html.match(/<details class="code">/g)!.length, 2);
});

Deno.test("notebookPage() embeds the data of the outputs, fetches nothing and runs nothing", () => {
  const html = notebookPage(sample(), facts);
  const [, json] = /<script type="application\/json" id="results">([^<]*)<\/script>/.exec(html)!;
  assertEquals(JSON.parse(json), [{ comparison: sampleComparison() }]);
  assertEquals(html.match(/<script/g)!.length, 1);
  assert(!/src="(https?:)?\/\//.test(html) && !/<(?!a )[a-z]+ [^>]*href="(https?:)?\/\//.test(html));
  assertStringIncludes(html, '<a href="https://zshn25.github.io/Layers-fusion-for-faster-inference">');
  assertStringIncludes(html, "Faster or slower: the 99.5% interval");
  assertStringIncludes(html, "default-src &#39;none&#39;");
});

Deno.test("notebookPage() keeps the ids of outputs apart and takes away links that lead nowhere", () => {
  const html = notebookPage(sample(), facts);
  assertStringIncludes(html, '<clipPath id="cell-0-2-c"/>'.replace("0-2", "1-2"));
  assertStringIncludes(html, 'clip-path="url(#cell-1-2-c)"');
  assertStringIncludes(html, '<a href="#cell-3-0-c">');
  assert(!html.includes("#nowhere"));
});

Deno.test("notebookPage() shows a cell's error", () => {
  const notebook = sample();
  notebook.cells[1].outputs = [{ output_type: "error", traceback: ["Error: <no>"] }];
  assertStringIncludes(notebookPage(notebook, facts), '<pre class="output error">Error: &lt;no&gt;</pre>');
});

Deno.test("notebookPage() without any measurement says where it was made", () => {
  const environment = { ...sampleComparison().environment, cpu: "Another processor" };
  const page = notebookPage({ cells: [{ cell_type: "markdown", source: "# A" }] }, { author: "", environment });
  assertStringIncludes(page, "Another processor");
});

Deno.test("titled() takes the first heading and the italics after it, and leaves other first cells alone", () => {
  const { title, lede, cells } = titled(sample());
  assertEquals([title, lede], ["On $x$ & more", "Said shortly."]);
  assertStringIncludes(String(cells[0].source), "The rest");
  const plain = { cells: [{ cell_type: "code", source: "1" }] };
  assertEquals(titled(plain), { title: "Notebook", cells: plain.cells });
  assertEquals(titled({ cells: [{ cell_type: "markdown", source: "# A\n\n**Bold** text" }] }).lede, undefined);
});

Deno.test("comparisonsIn() finds comparisons wherever they are", () => {
  const comparison = sampleComparison();
  assertEquals(comparisonsIn([{ results: [{ comparison }] }, comparison, null, 3]).length, 2);
});

Deno.test("notebookMarkdown() has words and code, and its figures as SVG files that stand alone", () => {
  const { text, files } = notebookMarkdown(sample(), { ...facts, folder: "on_files" });
  assertStringIncludes(text, "# On $x$ & more\n\nA. Author, 2026-01-15\n\n_Said shortly._");
  assertStringIncludes(text, sampleComparison().environment.cpu);
  assertStringIncludes(text, "```ts\nconst a = 1 < 2;\na;\n```");
  assertStringIncludes(text, "![Dots](on_files/figure-1.svg)");
  assertStringIncludes(text, "![Dots](on_files/figure-2.svg)\n\n| words |");
  assertStringIncludes(text, "[the next](02_next.md)");
  assertStringIncludes(text, "```\nprinted <b>\n```");
  assertEquals([...files.keys()], ["on_files/figure-1.svg", "on_files/figure-2.svg"]);
  for (const svg of files.values()) assertStringIncludes(svg, "<style>");
});
