import type { ComparisonDiff } from "../bench/mod.ts";

/** What changed between saved comparisons, one line per level with its reason, then what cannot be known. */
export function diffText({ levels, relativeL2, unknown }: ComparisonDiff): string {
  const lines = levels.map(({ level, oldSpeedup, newSpeedup, change, verdict, reason }) =>
    `${level.padEnd(8)}  speed-up ${oldSpeedup.estimate.toFixed(3)} → ${newSpeedup.estimate.toFixed(3)}, ` +
    `change ${change.estimate.toFixed(3)} (95% CI ${change.low.toFixed(3)}–${change.high.toFixed(3)}): ${verdict}\n${
      "".padEnd(10)
    }${reason}`
  );
  const { old, new: now } = relativeL2;
  return [
    ...lines,
    `relative L2 error ${old.toExponential(2)} → ${now.toExponential(2)}`,
    ...(unknown ? [unknown] : []),
  ].join("\n");
}
