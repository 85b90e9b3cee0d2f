/**
 * An executed notebook as one page to publish: prose with its equations, which bring their fonts, code folded, outputs in full, the data
 * behind them embedded. It is made of the parts that reports of comparisons are made of, and fetches nothing.
 *
 * @module
 */
import { Marked } from "marked";
import markedKatex from "marked-katex-extension";
import type { Comparison, Environment } from "../src/bench/mod.ts";
import { equationStyle } from "./equation_style.ts";
import { withEquations } from "./equations.ts";
import { escapeMarkup } from "../src/plot/format.ts";
import { htmlMachine, htmlTable, renderPage } from "../src/plot/mod.ts";
import { PART_STYLE } from "../src/plot/page_style.ts";
import { htmlName } from "../src/plot/parts.ts";
import { RULE } from "../src/bench/decision_rule.ts";
import { METHOD } from "../src/plot/words.ts";
import {
  comparisonsIn,
  dataOf,
  type Executed,
  type ExecutedCell,
  type Output,
  plain,
  sourceOf,
  titled,
} from "./executed.ts";

/** What a page says beside the notebook itself. */
export interface PageFacts {
  /** Who made it. */
  author: string;
  /** Where it ran; used where no output of the notebook has it. */
  environment: Environment;
}

const markdown = new Marked(markedKatex({ output: "htmlAndMathml", throwOnError: false, nonStandard: true }));

/** The page of an executed notebook, as HTML. */
export function notebookPage(notebook: Executed, { author, environment }: PageFacts): string {
  const { title, lede, cells } = titled(notebook);
  const data = cells.flatMap(dataOf);
  const comparisons = comparisonsIn(data);
  const measured = comparisons[0]?.environment ?? environment;
  const body = [
    ...cells.map((cell, index) => cell.cell_type === "code" ? codeCell(cell, index) : proseCell(cell)),
    `<section>\n<h2>How it was measured</h2>\n<p>${METHOD}</p>\n<p>${escapeMarkup(RULE)}</p>\n</section>`,
    `<section>\n<h2>Where this ran</h2>\n${htmlMachine(measured)}\n${models(comparisons)}\n</section>`,
  ];
  const content = body.filter((part) => part !== "").join("\n");
  return renderPage({
    title,
    kicker: "Layer fusion, a notebook",
    author,
    date: measured.date,
    lede,
    body: content,
    style: equationStyle(content),
    json: { results: data },
  });
}

function proseCell(cell: ExecutedCell): string {
  const html = markdown.parse(withEquations(sourceOf(cell)), { async: false })
    .replace(/<table>/g, '<div class="scroll"><table>').replace(/<\/table>/g, "</table></div>")
    .replace(/href="([\w./-]+)\.ipynb"/g, 'href="$1.html"');
  return `<div class="prose">${html}</div>`;
}

function codeCell(cell: ExecutedCell, index: number): string {
  const lines = sourceOf(cell).split("\n").length;
  const code = `<details class="code"><summary><span class="count">${lines} line${
    lines === 1 ? "" : "s"
  }</span>Code</summary><pre><code>${escapeLines(sourceOf(cell))}</code></pre></details>`;
  const outputs = (cell.outputs ?? []).map((output, place) => outputHtml(output, `cell-${index}-${place}`));
  return [code, ...outputs.filter((html) => html !== "")].join("\n");
}

function outputHtml(output: Output, id: string): string {
  if (output.output_type === "stream") return printed(plain(output.text), "output");
  if (output.output_type === "error") return printed(plain(output.traceback), "output error");
  const data = output.data ?? {};
  if (data["text/html"]) return apart(plain(data["text/html"]).replace(`<style>${PART_STYLE}</style>`, ""), id);
  if (data["image/svg+xml"]) return `<figure>${apart(plain(data["image/svg+xml"]), id)}</figure>`;
  if (data["image/png"]) {
    return `<figure><img alt="${escapeMarkup(plain(data["text/plain"]))}" src="data:image/png;base64,${
      plain(data["image/png"]).trim()
    }"></figure>`;
  }
  if (data["text/markdown"]) {
    return `<div class="prose">${markdown.parse(plain(data["text/markdown"]), { async: false })}</div>`;
  }
  return printed(plain(data["text/plain"]), "output");
}

function printed(text: string, className: string): string {
  return text.trim() === "" ? "" : `<pre class="${className}">${escapeLines(text.trimEnd())}</pre>`;
}

/** Keeps the ids of one output apart from those of the others, and takes away links that lead nowhere. */
function apart(html: string, id: string): string {
  const ids = new Set([...html.matchAll(/\sid="([^"]+)"/g)].map(([, name]) => name));
  return html.replace(/\sid="([^"]+)"/g, ` id="${id}-$1"`)
    .replace(/url\(#([^)]+)\)/g, (all, name) => ids.has(name) ? `url(#${id}-${name})` : all)
    .replace(/\s(href|xlink:href)="#([^"]+)"/g, (_, kind, name) => ids.has(name) ? ` ${kind}="#${id}-${name}"` : "")
    .replace(
      /\s(aria-labelledby|aria-describedby)="([^"]+)"/g,
      (_, kind, names: string) =>
        ` ${kind}="${names.split(" ").map((name) => ids.has(name) ? `${id}-${name}` : name).join(" ")}"`,
    );
}

/** Every model file that was measured, folded. */
function models(comparisons: Comparison[]): string {
  const cards = new Map(comparisons.flatMap(({ before, after }) => [before, after]).map((card) => [card.sha256, card]));
  if (cards.size === 0) return "";
  const rows = [...cards.values()].map(({ name, bytes, sha256 }) => [
    htmlName(name),
    bytes.toLocaleString("en"),
    htmlName(sha256),
  ]);
  return `<details><summary><span class="count">${cards.size}</span>The model files that were measured</summary>${
    htmlTable(["model", "bytes", "SHA-256"], rows, { numbers: [1] })
  }</details>`;
}

/** Text of several lines: {@linkcode escapeMarkup} takes the end of a line, as any control character in a name, for a mistake. */
function escapeLines(text: string): string {
  return text.split(/\r?\n/).map((line) => escapeMarkup(line.replaceAll("\t", "  "))).join("\n");
}
