import { checked } from "../host/options.ts";
import { escapeMarkup } from "./format.ts";
import { renderPage } from "./page.ts";
import { htmlTable } from "./parts.ts";

/** Several pairs of models and what each came to. */
export interface PairsPage {
  /** Heads of the columns; the first is the pair's name. */
  columns: readonly string[];
  /** A row for each pair. */
  rows: readonly (readonly string[])[];
  /** Addresses of the pairs' own pages; undefined for one that could not be measured. */
  links: readonly (string | undefined)[];
  /** All of them in one sentence. */
  sentence: string;
}

/** The page of several pairs: the table, with a link to the page of each. */
export function renderPairs(pairs: PairsPage): string {
  const names = { columns: true, rows: true, links: true, sentence: true } as const;
  const { columns, rows, links, sentence } = checked("renderPairs", pairs, names);
  const cells = rows.map(([name, ...others], i) => {
    const link = links[i];
    return [
      link === undefined ? escapeMarkup(name) : `<a href="${escapeMarkup(link)}">${escapeMarkup(name)}</a>`,
      ...others.map(escapeMarkup),
    ];
  });
  return renderPage({
    title: `${rows.length} pairs of models`,
    kicker: "Layer fusion, before and after",
    lede: sentence,
    body: htmlTable([...columns], cells, { className: "stack" }),
  });
}
