import { SKIP_CODES } from "../ops/skip.ts";
import type { FusionReport, SkippedRewrite } from "../rewrite/report.ts";

/** What the codes of these refusals mean, each once. */
export function meaningsOf(skipped: readonly SkippedRewrite[]): FusionReport["codes"] {
  return Object.fromEntries(skipped.map(({ code }) => [code, SKIP_CODES[code]]));
}
