import { type CompareOptions, type Contribution, contributions } from "../bench/mod.ts";
import { fuse, type FusionReport, type Model } from "../fusion/mod.ts";
import { interruptible } from "./interruption.ts";
import { startProgress } from "./progress.ts";
import { given } from "./values.ts";

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
    return await interruptible((signal) =>
      contributions(after, without, {
        ...given(rest),
        signal,
        onProgress: (fraction, text) => progress.update(fraction, text),
      })
    );
  } finally {
    progress.stop();
  }
}
