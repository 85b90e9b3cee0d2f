import { type CompareOptions, type Contribution, contributions } from "../bench/mod.ts";
import { fuse, type FusionReport, type Model } from "../fusion/mod.ts";
import { startProgress } from "./progress.ts";

/** Times the fused model against the same one fused without each of the rules that did something. */
export async function byRule(
  before: Model,
  after: Model,
  { applied }: FusionReport,
  options: CompareOptions,
): Promise<Contribution[]> {
  const progress = await startProgress();
  try {
    const rules = [...new Set(applied.map(({ rule }) => rule))];
    const without = Object.fromEntries(
      rules.map((rule) => [rule, async () => (await fuse(before, { skip: [rule] })).model]),
    );
    const { levels: _levels, ...rest } = options;
    const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    return await contributions(after, without, {
      ...given,
      onProgress: (fraction, text) => progress.update(fraction, text),
    });
  } finally {
    progress.stop();
  }
}
