import type { Model } from "./model.ts";
import type { AppliedRewrite } from "../rewrite/report.ts";

/** What measuring a model against another says of the second. */
export type MeasuredVerdict = "faster" | "slower" | "same" | "inconclusive";

/** Times two models, the second with some rewrites that the first is without. */
export type Measure = (without: Model, withRewrites: Model) => Promise<MeasuredVerdict>;

/** A model with all rewrites but some. */
export interface Attempt {
  /** The model. */
  readonly model: Model;
  /** The rewrites that were done. */
  readonly applied: readonly AppliedRewrite[];
}

/** What measuring found. */
export interface Measured {
  /** Rewrites to leave out, as {@linkcode vetoOf} names them. */
  readonly vetoes: ReadonlySet<string>;
  /** What was said of each rule as a whole. */
  readonly verdicts: Record<string, MeasuredVerdict>;
}

/** Most measurements per rule that is slower as a whole. */
const MOST_MEASUREMENTS = 24;

/** The name of one application of a rule. */
function vetoOf({ rule, result }: Pick<AppliedRewrite, "rule" | "result">): string {
  return `${rule}\n${result}`;
}

/**
 * Which rewrites make a model slower: each rule of `rules` that did something is measured as a whole, and where it is slower its
 * applications by halves, down to single ones. Where no half is slower by itself, all of them are left out.
 */
export async function measureRules(
  rules: readonly string[],
  attempt: (vetoes: ReadonlySet<string>) => Attempt,
  measure: Measure,
): Promise<Measured> {
  const verdicts: Record<string, MeasuredVerdict> = {}, vetoes = new Set<string>();
  for (const rule of rules) {
    const own = attempt(vetoes).applied.filter((rewrite) => rewrite.rule === rule).map(vetoOf);
    if (own.length === 0) continue;
    let left = MOST_MEASUREMENTS;
    const isSlower = async (part: readonly string[]) => {
      left--;
      const without = attempt(new Set([...vetoes, ...part])), withPart = attempt(vetoes);
      const verdict = await measure(without.model, withPart.model);
      if (part === own) verdicts[rule] = verdict;
      return verdict === "slower";
    };
    const leaveOut = async (part: readonly string[]): Promise<void> => {
      const middle = part.length >> 1, halves = [part.slice(0, middle), part.slice(middle)];
      let isFound = false;
      if (part.length > 1) {
        for (const half of halves) {
          if (left <= 0 || !await isSlower(half)) continue;
          isFound = true;
          await leaveOut(half);
        }
      }
      if (!isFound) { for (const one of part) vetoes.add(one); }
    };
    if (await isSlower(own)) await leaveOut(own);
  }
  return { vetoes, verdicts };
}
