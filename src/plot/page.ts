/**
 * One self-contained HTML page: no script, no font, no image from elsewhere. Reports of comparisons and of notebooks
 * are made of the same parts.
 *
 * @module
 */

import { checked, type OptionNames } from "../host/options.ts";
import { escapeMarkup } from "./format.ts";
import { PAGE_STYLE } from "./page_style.ts";
import { ARTICLE_ADDRESS, CITATION, HOME_ADDRESS } from "./words.ts";

/** What goes into a page. */
export interface Page {
  /** Heading and window title. Plain text. */
  title: string;
  /** A line above the title. Plain text. */
  kicker?: string;
  /** Who made it. Plain text. */
  author?: string;
  /** When, as ISO 8601; its day is shown. */
  date?: string;
  /** The first paragraph, in larger type. Plain text. */
  lede?: string;
  /** The content: trusted HTML, made of escaped parts. */
  body: string;
  /** Further CSS, trusted; its fonts must be data. */
  style?: string;
  /** Data embedded as `<script type="application/json" id="…">`, by id: letters, digits and hyphens. */
  json?: Record<string, unknown>;
  /** BCP 47 tag of the language, `en` when absent. */
  language?: string;
}

/** Every part of a {@linkcode Page}. */
const PAGE_PARTS: OptionNames<Page> = {
  title: true,
  kicker: true,
  author: true,
  date: true,
  lede: true,
  body: true,
  style: true,
  json: true,
  language: true,
};

// Nothing may be fetched and nothing may run, whatever a model's names contain.
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/**
 * Writes a page. Throws a TypeError where an id of `json` is not letters, digits and hyphens.
 *
 * @example
 * ```ts
 * import { renderPage } from "@layerfuse/layerfuse/plot";
 *
 * const html = renderPage({ title: "Tom & Jerry", body: "<p>Hello</p>", json: { data: { a: "</script>" } } });
 * if (!html.includes("<h1>Tom &amp; Jerry</h1>")) throw new Error("not escaped");
 * if (html.split("</script>").length !== 2) throw new Error("the data ended their element");
 * ```
 */
export function renderPage(page: Page): string {
  const { title, kicker, author, date, lede, body, style = "", json = {}, language = "en" } = checked(
    "renderPage",
    page,
    PAGE_PARTS,
  );
  const policy = style ? `${POLICY}; font-src data:` : POLICY;
  const byline = [author, date && day(date)].filter((part) => part !== undefined && part !== "").map((part) =>
    escapeMarkup(part!)
  );
  return `<!doctype html>
<html lang="${escapeMarkup(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${escapeMarkup(policy)}">
<link rel="icon" href="data:,">
<title>${escapeMarkup(title)}</title>${author ? `\n<meta name="author" content="${escapeMarkup(author)}">` : ""}
<style>
${PAGE_STYLE}${style && `\n${style}`}
</style>
</head>
<body class="lf">
<main>
<header>
${kicker ? `<p class="kicker">${escapeMarkup(kicker)}</p>\n` : ""}<h1>${escapeMarkup(title)}</h1>
${byline.length ? `<p class="byline">${byline.join(" · ")}</p>\n` : ""}${
    lede ? `<p class="lede">${escapeMarkup(lede)}</p>\n` : ""
  }</header>
${body}
<footer>
<p>After <a href="${ARTICLE_ADDRESS}">${escapeMarkup(CITATION)}</a></p>
${Object.entries(json).map(([id, data]) => downloadButton(id, data)).join("\n")}
<p>Made with <a href="${HOME_ADDRESS}">layerfuse</a>. This page is complete in itself and opens offline${
    Object.keys(json).length
      ? `; the raw data are embedded in it (${Object.keys(json).map((id) => `<code>script#${id}</code>`).join(", ")})`
      : ""
  }.</p>
</footer>
</main>
${Object.entries(json).map(([id, data]) => embedJson(id, data)).join("\n")}
</body>
</html>
`;
}

/** A link that looks like a button and saves the data as a file: no script is needed for it. */
function downloadButton(id: string, data: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(data));
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return `<p><a class="button" download="${escapeMarkup(id)}.json" href="data:application/json;base64,${base64}">` +
    `Download the data: ${escapeMarkup(id)}.json</a></p>`;
}

/** Data as an inert script element: `<` is written as `\\u003c`, so that nothing in it can end the element. */
function embedJson(id: string, data: unknown): string {
  if (!/^[A-Za-z][A-Za-z0-9-]*$/.test(id)) throw new TypeError(`"${id}" is not an id; use letters, digits and hyphens`);
  const text = JSON.stringify(data).replace(
    /[<>\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `<script type="application/json" id="${id}">${text}</script>`;
}

/** The day of an ISO 8601 time: `15 January 2026`; anything else as it is. */
function day(date: string): string {
  const time = new Date(date);
  if (Number.isNaN(time.getTime())) return date;
  return time.toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
}
