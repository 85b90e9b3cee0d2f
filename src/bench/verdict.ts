import { compare } from "./compare.ts";
import { COMPARE_OPTIONS, type CompareOptions } from "./compare_options.ts";
import type { ModelSource } from "./source.ts";
import type { Verdict } from "./types.ts";
import { checked } from "../host/options.ts";

/**
 * Whether the second model is faster than the first, at one optimization level (`all` by default) and as far as it can be
 * told in the time given.
 *
 * @throws {Error} As {@linkcode compare} does.
 */
export async function verdictOf(
  before: ModelSource,
  after: ModelSource,
  options: CompareOptions = {},
): Promise<Verdict> {
  checked("verdictOf", options, COMPARE_OPTIONS);
  const { levels } = await compare(before, after, { levels: ["all"], profile: false, ...options });
  return levels[0]?.verdict ?? "inconclusive";
}
