/**
 * What each part of a change contributes: a model without it against the model with everything.
 *
 * @module
 */
import { compare } from "./compare.ts";
import { COMPARE_OPTIONS, type CompareOptions } from "./compare_options.ts";
import type { LazyModelSource } from "./deno_bench.ts";
import type { ModelSource } from "./source.ts";
import type { Contribution } from "./types.ts";
import { checked } from "../host/options.ts";

/**
 * Times a model against versions that each lack one thing, such as one fusion rule.
 *
 * Leaving one out of the whole shows what it adds to the others; contributions need not multiply to the whole speed-up.
 *
 * @param full The model with everything.
 * @param without The model without each thing, by its name.
 * @param options As of {@linkcode compare}; by default level `all` only, and `seconds` for each variant.
 * @returns One entry a variant, in order; fewer where it was aborted.
 * @throws {Error} As {@linkcode compare} does.
 */
export async function contributions(
  full: ModelSource,
  without: Readonly<Record<string, LazyModelSource>>,
  options: CompareOptions = {},
): Promise<Contribution[]> {
  checked("contributions", options, COMPARE_OPTIONS);
  const variants = Object.entries(without);
  const results: Contribution[] = [];
  for (const [index, [rule, source]] of variants.entries()) {
    if (options.signal?.aborted) break;
    const model = typeof source === "function" ? await source() : source;
    const { levels: [measured] } = await compare(model, full, {
      levels: ["all"],
      profile: false,
      ...options,
      layers: false,
      onProgress: (fraction, text) => options.onProgress?.((index + fraction) / variants.length, `${rule}: ${text}`),
    });
    if (measured) results.push({ rule, speedup: measured.speedup, verdict: measured.verdict });
  }
  return results;
}
