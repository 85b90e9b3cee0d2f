/**
 * An executed notebook as Markdown, with its figures as SVG files beside it.
 *
 * @module
 */
import { PART_STYLE } from "../src/plot/page_style.ts";
import { STYLE } from "../src/plot/svg.ts";
import { CITATION } from "../src/plot/words.ts";
import type { Environment } from "../src/bench/mod.ts";
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

/** A Markdown document and the files it refers to. */
export interface MarkdownReport {
  /** The document. */
  text: string;
  /** Figures by their path as the document refers to it. */
  files: Map<string, string>;
}

/**
 * The notebook as Markdown; figures are named `FOLDER/figure-N.svg`. `environment` is where it ran, used where no output has
 * that.
 */
export function notebookMarkdown(
  notebook: Executed,
  { author, environment, folder }: { author: string; environment: Environment; folder: string },
): MarkdownReport {
  const { title, lede, cells } = titled(notebook);
  const measured = comparisonsIn(cells.flatMap(dataOf))[0]?.environment ?? environment;
  const files = new Map<string, string>();
  const figure = (svg: string, title: string): string => {
    const path = `${folder}/figure-${files.size + 1}.svg`;
    files.set(path, svg.includes("<style>") ? svg : svg.replace(/(<svg [^>]*>)/, `$1<style>${STYLE}</style>`));
    return `![${title.replace(/[[\]]/g, "")}](${path})`;
  };
  const parts = cells.flatMap((cell) => [
    cell.cell_type === "code"
      ? `<details><summary>Code</summary>\n\n\`\`\`ts\n${sourceOf(cell)}\n\`\`\`\n\n</details>`
      : sourceOf(cell).replace(/\]\(([\w./-]+)\.ipynb\)/g, "]($1.md)"),
    ...outputsOf(cell).map((output) => outputMarkdown(output, figure)),
  ]);
  const head = [`# ${title}`, [author, measured.date.slice(0, 10)].filter((part) => part !== "").join(", ")];
  const { cpu, cores, os, deno, onnxruntime, provider, threads } = measured;
  parts.unshift(...head, lede ? `_${lede}_` : "");
  parts.push(
    `## Where this ran\n\n${cpu}, ${cores} cores, ${os}; Deno ${deno}, ONNX Runtime ${onnxruntime}, ${provider}, ${threads} threads.`,
    `After ${CITATION}`,
  );
  return { text: parts.filter((part) => part.trim() !== "").join("\n\n") + "\n", files };
}

function outputsOf(cell: ExecutedCell): Output[] {
  return cell.cell_type === "code" ? cell.outputs ?? [] : [];
}

function outputMarkdown(output: Output, figure: (svg: string, title: string) => string): string {
  if (output.output_type === "stream") return fenced(plain(output.text));
  if (output.output_type === "error") return fenced(plain(output.traceback));
  const { data = {} } = output;
  if (data["image/svg+xml"]) return figure(plain(data["image/svg+xml"]), plain(data["text/plain"]).split("\n")[0]);
  const words = data["text/markdown"] ? plain(data["text/markdown"]) : fenced(plain(data["text/plain"]));
  const html = plain(data["text/html"]).replace(`<style>${PART_STYLE}</style>`, "");
  const figures = [...html.matchAll(/<div class="wide">(<svg [\s\S]*?<\/svg>)<\/div>/g)]
    .map(([, svg]) => figure(svg, /<title[^>]*>([^<]*)<\/title>/.exec(svg)?.[1] ?? "figure"));
  return [...figures, words].filter((part) => part.trim() !== "").join("\n\n");
}

function fenced(text: string): string {
  return text.trim() === "" ? "" : `\`\`\`\n${text.trimEnd()}\n\`\`\``;
}
