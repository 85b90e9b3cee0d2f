/**
 * The tables of bench/CALIBRATION.md: one per rule, channels by sizes.
 *
 * @module
 */
import type { Interval } from "../src/bench/types.ts";
import { type CalibrationCase, titleOf } from "./calibration_cases.ts";

/** What was measured at one number of channels and one size. */
export interface CalibrationCell {
  /** Channels. */
  readonly channels: number;
  /** Size. */
  readonly size: number;
  /** Time before over time with the rule; undefined where the rule, even without its gate, does nothing. */
  readonly speedup?: Interval;
  /** Whether the rule is applied by default. */
  readonly isApplied: boolean;
}

/** The least that may be lost where a rule is applied by default. */
export const LEAST = 0.99;

/** The section of a rule: its network, its table, and the least of what is applied. */
export function sectionFor(one: CalibrationCase, cells: readonly CalibrationCell[]): string {
  const { rule, network, channels, sizes } = one;
  const textAt = (row: number, size: number): string => {
    const cell = cells.find((cell) => cell.channels === row && cell.size === size);
    if (!cell?.speedup) return "–";
    const ratio = `${cell.speedup.estimate.toFixed(2)}×`;
    return cell.isApplied ? `**${ratio}**` : ratio;
  };
  const rows = channels.map((row) => [`${row}`, ...sizes.map((size) => textAt(row, size))]);
  const head = ["C \\ S", ...sizes.map(String)];
  const lines = [head, head.map(() => "---:"), ...rows].map((row) => `| ${row.join(" | ")} |`);
  const runtimes = rule.runtimes ? ` For the runtime ${rule.runtimes.join(", ")}.` : "";
  const asked = rule.isForMeasuring ? " Done only under `--measure`, or where it is named." : "";
  return [
    `## ${titleOf(one)}`,
    `${rule.summary}.${runtimes}${asked}`,
    `${network}.`,
    lines.join("\n"),
    summaryOf(cells),
  ]
    .join("\n\n");
}

function summaryOf(cells: readonly CalibrationCell[]): string {
  const applied = cells.filter(({ isApplied, speedup }) => isApplied && speedup);
  if (applied.length === 0) return "Applied by default: nowhere in this table.";
  const least = applied.reduce((a, b) => b.speedup!.estimate < a.speedup!.estimate ? b : a);
  const { estimate, low, high } = least.speedup!;
  // below the limit is what no chance explains
  const verdict = high < LEAST ? ` below ${LEAST}×: the gate lets too much through` : "";
  return `Least of what is applied by default: ${estimate.toFixed(3)}× (${low.toFixed(3)}–${high.toFixed(3)}) at ` +
    `${least.channels} channels, size ${least.size}${verdict}.`;
}

/** The sections of an earlier file by their headings. */
export function sectionsIn(text: string): Map<string, string> {
  const [, ...sections] = text.split(/^(?=## )/m);
  return new Map(sections.map((section) => [section.slice(3, section.indexOf("\n")).trim(), section.trim()]));
}
