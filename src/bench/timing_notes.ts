/**
 * What a reader must not miss of how a level was timed.
 *
 * @module
 */
import { watchWarnings } from "./machine_watch.ts";
import { MIN_OPENINGS } from "./statistics.ts";
import type { Interval, LevelComparison } from "./types.ts";

/** How much slower than a hot loop calls in turns may be before it is said. */
const WARM = 0.05;

/** Sentences on one level: few openings, a busy machine, cold caches, medians that say another thing than the pairs. */
export function timingNotes(level: LevelComparison): string[] {
  const { stopped, lnRatios, openings = [0], seconds = 0, machine, decision } = level;
  const notes = [];
  if (decision?.evidence.unit === "opening" && openings.length < MIN_OPENINGS) {
    const few = openings.length === 1 ? "one opening" : `only ${openings.length} openings`;
    const needed = Math.ceil(MIN_OPENINGS * seconds / openings.length);
    notes.push(
      `${few}: ${lnRatios.length} rounds${
        stopped === "limit" ? " fitted into the time allowed" : ""
      }, and what differs from ` +
        `opening to opening is assumed to be ±2%; the interval is wider for it. About ${needed} s at this level would do for ` +
        `${MIN_OPENINGS} openings.`,
    );
  } else if (stopped === "limit") {
    notes.push(`only ${lnRatios.length} rounds fitted into the time allowed; the interval is wider for it.`);
  }
  const busy = machine ? watchWarnings(machine) : [];
  if (busy.length > 0) {
    notes.push(
      `the machine was busy: ${busy.join("; ")}. Times are higher for it${
        decision?.basis === "cpu" ? "; CPU time decided" : ", and intervals wider"
      }.`,
    );
  }
  const [before, after] = [warmth(level.before), warmth(level.after)];
  if (Math.max(before, after) > WARM) {
    notes.push(
      `taking turns costs calls ${percent(before)} (before) and ${
        percent(after)
      } (after) over a hot loop of the same model, ` +
        `since each finds the other's data in the caches.`,
    );
  }
  const contradiction = medianSentence(level);
  if (contradiction) notes.push(contradiction);
  return notes.map((note) => `Level ${level.level}: ${note}`);
}

/**
 * Where the two median times say another thing than the paired estimate: a sentence that says which to believe. Undefined where they
 * agree: the medians' ratio lies in the interval, or on the same side of 1 within 1% of it.
 */
export function medianSentence({ before, after, speedup }: {
  before: { medianMs: number };
  after: { medianMs: number };
  speedup: Interval;
}): string | undefined {
  const ratio = before.medianMs / after.medianMs;
  const isInside = ratio >= speedup.low && ratio <= speedup.high;
  const isAlike = (ratio - 1) * (speedup.estimate - 1) >= 0 && Math.abs(Math.log(ratio / speedup.estimate)) <= 0.01;
  if (isInside || isAlike) return undefined;
  return `the two median times have the ratio ${ratio.toFixed(3)}, the pairs ${
    speedup.estimate.toFixed(3)
  }: the machine's pace changed between rounds, which the medians mix and the pairs do not. The pairs are what counts.`;
}

function warmth({ hotMs, medianMs }: { hotMs?: number; medianMs: number }): number {
  return hotMs === undefined ? 0 : medianMs / hotMs - 1;
}

function percent(share: number): string {
  return `${share < 0 ? "−" : "+"}${Math.abs(100 * share).toFixed(0)}%`;
}
