/**
 * Order statistics for drawing.
 *
 * @module
 */

import { quantileSorted } from "simple-statistics";

/** First quartile, median and third quartile. */
export function quartiles(samples: readonly number[]): { first: number; median: number; third: number } {
  const sorted = [...samples].sort((a, b) => a - b);
  return { first: quantile(sorted, 0.25), median: quantile(sorted, 0.5), third: quantile(sorted, 0.75) };
}

/** The value below which a share of the sorted samples lies. */
export function quantile(sorted: readonly number[], share: number): number {
  return quantileSorted(sorted as number[], share);
}

/** Tukey's fences: one and a half interquartile ranges outside the quartiles. */
export function tukeyFences(samples: readonly number[]): { low: number; high: number } {
  const { first, third } = quartiles(samples);
  const reach = 1.5 * (third - first);
  return { low: first - reach, high: third + reach };
}
