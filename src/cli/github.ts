/**
 * GitHub Actions: annotations at the run, and the job's summary. Elsewhere nothing is done.
 *
 * @module
 */
import { appendFile } from "node:fs/promises";
import { type GatedPair, gateMarkdown, gateSentence, outcomeOf, remarksOf } from "../bench/mod.ts";
import { variable } from "./variable.ts";

/**
 * Annotates the run with what each pair came to (an error where it did not pass, a warning for what could not be told), and adds
 * the table to the job's summary, where the environment is GitHub Actions (`GITHUB_ACTIONS`, `GITHUB_STEP_SUMMARY`).
 *
 * @param say Where workflow commands go: standard error by default, which the runner reads as it does standard output.
 */
export async function tellGithub(
  pairs: readonly GatedPair[],
  say: (line: string) => void = (line) => console.error(line),
): Promise<void> {
  if (variable("GITHUB_ACTIONS") !== "true") return;
  for (const pair of pairs) {
    const outcome = outcomeOf(pair), isBad = outcome !== "passed" && outcome !== "measured";
    const [first, ...rest] = remarksOf(pair);
    if (isBad) say(annotation("error", pair.name, first));
    for (const warning of isBad ? rest : remarksOf(pair)) say(annotation("warning", pair.name, warning));
  }
  say(annotation("notice", "layerfuse compare", gateSentence(pairs)));
  const summary = variable("GITHUB_STEP_SUMMARY");
  if (summary) await appendFile(summary, `${gateMarkdown(pairs)}\n`);
}

/** A workflow command; what would end it, or start another, is escaped. */
function annotation(kind: "error" | "warning" | "notice", title: string, message: string): string {
  const data = (text: string) => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  const property = (text: string) => data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
  return `::${kind} title=${property(title)}::${data(message)}`;
}
