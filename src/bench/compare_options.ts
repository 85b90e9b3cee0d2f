import type { OptionNames } from "../host/options.ts";
import { DELTA } from "./decision_rule.ts";
import { FEED_OPTIONS, type FeedOptions } from "./feeds.ts";
import { MOST_THREADS } from "./session.ts";
import type { Level, Settings } from "./types.ts";

/** ONNX Runtime's graph optimization levels, from nothing to everything. */
export const LEVELS: readonly Level[] = ["disabled", "basic", "extended", "all"];

/** How to compare. Every default is printed with the result. */
export interface CompareOptions extends FeedOptions {
  /** Optimization levels, default `disabled` and `all`. */
  levels?: readonly Level[];
  /** Execution provider by name, default `auto`: cuda where it is installed and starts, else cpu. */
  provider?: string;
  /** Time to spend on timing, openings included, over all levels, seconds; default 20. */
  seconds?: number;
  /**
   * Rounds at each level at least, default 30, even where that takes longer than {@link CompareOptions.seconds}. Six openings of
   * both sessions are made regardless, too, unless opening alone would take longer than that.
   */
  minRounds?: number;
  /** Seconds of timing, over all levels, after which a level stops even with fewer rounds (a note says so); default never. */
  limitSeconds?: number;
  /** Stop a level when the 95% interval's half-width in ln is at most this, after ten openings or more; default delta / 2. */
  precision?: number;
  /** Half-width of the band called `same`, default 0.01 (1%); see {@link decide}. */
  delta?: number;
  /** Intra-op threads of each session, default the physical cores. */
  threads?: number;
  /** Whether to compare every value that both models name, default false: {@linkcode Comparison.layers}. */
  layers?: boolean;
  /** Whether to report time by operator, default true. */
  profile?: boolean;
  /**
   * Whether to load and run each model in a process of its own first, default true: a model that ONNX Runtime dies of becomes an
   * error, and peak memory is measured. Left out where no process may be started.
   */
  isolate?: boolean;
  /** Called as the work goes on with the share done (0…1) and what is under way. */
  onProgress?: (fraction: number, text: string) => void;
  /** Aborting stops the work; what was measured is kept, and a note says so. */
  signal?: AbortSignal;
}

/** Every option of {@linkcode compare}. */
export const COMPARE_OPTIONS: OptionNames<CompareOptions> = {
  levels: true,
  provider: true,
  seconds: true,
  minRounds: true,
  limitSeconds: true,
  precision: true,
  delta: true,
  threads: true,
  layers: true,
  profile: true,
  isolate: true,
  onProgress: true,
  signal: true,
  ...FEED_OPTIONS,
};

/** What timing needs of them. */
export function settingsOf(
  { seconds = 20, minRounds = 30, delta = DELTA, precision = delta / 2 }: CompareOptions,
): Settings {
  return { seconds, minRounds, delta, precision };
}

/** Throws where there is nothing to measure, or a number is none that can be. */
export function checkOptions(levels: readonly Level[], seconds: number, threads: number): void {
  if (levels.length === 0) throw new Error(`levels: expected at least one of ${LEVELS.join(", ")}`);
  const unknown = levels.find((level) => !LEVELS.includes(level));
  if (unknown !== undefined) {
    throw new Error(`level ${JSON.stringify(unknown)}: unknown; expected ${LEVELS.join(", ")}`);
  }
  if (!(seconds > 0)) throw new Error(`seconds ${seconds}: expected a number above 0`);
  if (!(Number.isSafeInteger(threads) && threads >= 1 && threads <= MOST_THREADS)) {
    throw new Error(`threads ${threads}: expected a whole number of at least 1 and at most ${MOST_THREADS}`);
  }
}
