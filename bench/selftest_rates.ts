/**
 * What the readings of bench/selftest.ts say: rates with their binomial intervals.
 *
 * @module
 */
// @ts-types="../src/bench/jstat.d.ts"
import jStat from "jstat";
import { type Comparison, decide, diffComparisons, gateSpeed, type LevelComparison } from "../src/bench/mod.ts";

/** What one process measured: a level without its samples. */
export type Reading =
  & Omit<LevelComparison, "before" | "after">
  & Record<"before" | "after", { medianMs: number; hotMs?: number }>;

/** All readings of one pair under one condition. */
export interface Condition {
  /** `quiet` or `loaded`. */
  name: string;
  /** The model. */
  model: string;
  /** Threads. */
  threads: number;
  /** The pair: `A/A` or how much slower the second is. */
  pair: string;
  /** Seconds of each comparison. */
  seconds: number;
  /** One a process. */
  readings: Reading[];
}

/** One rate, written, and whether it is surely beyond its limit. */
export interface Rate {
  /** A line for the console. */
  text: string;
  /** What is counted. */
  what: string;
  /** How often it was. */
  count: number;
  /** How often it could have been. */
  of: number;
  /** Condition, model, threads, seconds, pair with its true speed-up, what is counted, how often, the share with its interval. */
  cells: string[];
  /** What is asked for: at most, for power at least. */
  limit?: number;
  /** Whether the whole binomial interval is beyond the limit. */
  isBroken: boolean;
}

/** What is asked for: at most, or at least for power. */
const LIMITS = {
  "interval leaves out 1": 0.07,
  "false verdicts": 0.02,
  "diff: false": 0.05,
  "gate: false": 0.01,
  power: 0.9,
};

/** The limits in a sentence. */
export function limits(): string {
  const percent = (share: number) => `${(100 * share).toFixed(0)}%`;
  return `Asked for: the interval of A/A leaves out 1 in at most ${
    percent(LIMITS["interval leaves out 1"])
  }, false verdicts at most ` +
    `${percent(LIMITS["false verdicts"])}, diff of equal runs at most ${
      percent(LIMITS["diff: false"])
    }, the gate at its own ` +
    `limit at most ${percent(LIMITS["gate: false"])}; power at least ${
      percent(LIMITS.power)
    } (2% in 10 s, 5% in 3 s; ResNet-101: 5% in 60 s).`;
}

/** All rates of all conditions, and of all models and threads together. */
export function summarise(conditions: readonly Condition[]): Rate[] {
  const each = conditions.filter(({ readings }) => readings.length > 0).map((condition) => ({
    condition,
    rates: ratesOf(condition),
  }));
  const alike = Map.groupBy(each, ({ condition: { name, seconds, pair } }) => [name, seconds, pair].join());
  const together = [...alike.values()].filter(({ length }) => length > 1).flatMap((group) => {
    const { name, seconds, pair } = group[0].condition, rates = group.flatMap(({ rates }) => rates);
    return [...Map.groupBy(rates, ({ what }) => what)].map(([what, ones]) => {
      const total = (key: "count" | "of") => ones.reduce((sum, one) => sum + one[key], 0);
      return written([name, "together", "", `${seconds} s`, pair], what, total("count"), total("of"), ones[0].limit);
    });
  });
  return [...each.flatMap(({ rates }) => rates), ...together];
}

function ratesOf(condition: Condition): Rate[] {
  const { readings, pair } = condition;
  // by the clock that decided: under load the wall clock's median of few runs may lie on the other side of 1
  const speedups = readings.map(({ decision }) => decision!.shown.estimate).sort((a, b) => a - b);
  const truth = pair === "A/A" ? 1 : speedups[speedups.length >> 1];
  const limit = Math.max(0, 1 / truth - 1);
  const called = (reading: Reading) => strictVerdict(reading) === "faster" || strictVerdict(reading) === "slower";
  const rate = (what: string, count: number, of: number) => rateOf(condition, what, count, of, truth);
  const covered = readings.map(({ speedup, decision }) => pair === "A/A" ? speedup : decision!.shown)
    .filter(({ low, high }) => low > truth || high < truth).length;
  const rates = [
    rate(pair === "A/A" ? "interval leaves out 1" : "interval leaves out the median", covered, readings.length),
  ];
  if (pair === "A/A") rates.push(rate("false verdicts", readings.filter(called).length, readings.length));
  else {
    rates.push(rate("power", readings.filter((each) => strictVerdict(each) === "slower").length, readings.length));
    const failed = readings.filter((each) => gateSpeed(comparisonOf(each, condition), limit).failures.length > 0);
    rates.push(rate("gate: false", failed.length, readings.length));
  }
  if (readings.length > 1) rates.push(rate("diff: false", changes(condition), readings.length - 1));
  return rates;
}

/** The verdict with the plain band, also where the same operators run. */
function strictVerdict({ decision }: Reading) {
  return decide(decision!.evidence, { basis: decision!.basis }).verdict;
}

/** How often `diff` of a run and the next of the same pair calls a change. */
function changes(condition: Condition): number {
  const { readings } = condition;
  return readings.slice(1).filter((reading, i) => {
    const [older, newer] = [readings[i], reading].map((each) => comparisonOf(withoutBand(each), condition));
    const { verdict } = diffComparisons(older, newer).levels[0];
    return verdict === "better" || verdict === "worse";
  }).length;
}

function withoutBand(reading: Reading): Reading {
  const { sameOperators: _same, ...decision } = reading.decision!;
  return { ...reading, decision };
}

/** As much of a comparison as diff and gate look at. */
function comparisonOf(level: Reading, { threads }: Condition): Comparison {
  return {
    levels: [level],
    environment: { threads },
    before: {},
    after: {},
    inputs: [],
    error: {},
  } as unknown as Comparison;
}

function rateOf(condition: Condition, what: string, count: number, of: number, truth: number): Rate {
  const { name, model, threads, pair, seconds } = condition;
  const enough = model === "ResNet-101" ? { "+2%": Infinity, "+5%": 60 } : { "+2%": 10, "+5%": 3 };
  const isAsked = what !== "power" || seconds >= enough[pair as keyof typeof enough] && name === "quiet";
  const cells = [name, model, `${threads}`, `${seconds} s`, `${pair} (${truth.toFixed(3)})`];
  return written(cells, what, count, of, isAsked ? LIMITS[what as keyof typeof LIMITS] : undefined);
}

/** A rate with its share and whether that is surely beyond the limit: above it, for power below. */
function written(about: string[], what: string, count: number, of: number, limit: number | undefined): Rate {
  const [low, high] = binomialInterval(count, of);
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
  const cells = [...about, what, `${count} of ${of}`, `${percent(count / of)} (${percent(low)}–${percent(high)})`];
  const widths = [7, 10, 1, 4, 11, 30, 10, 0];
  return {
    ...{ what, count, of, limit, cells },
    text: cells.map((cell, i) => cell.padEnd(widths[i])).join("  "),
    isBroken: limit !== undefined && (what === "power" ? high < limit : low > limit),
  };
}

/** The rates as a table of a Markdown page. */
export function ratesTable(rates: readonly Rate[]): string {
  const titles = ["condition", "model", "threads", "time", "pair (speed-up)", "what", "how often", "share (95% CI)"];
  return [titles, titles.map(() => "---"), ...rates.map(({ cells }) => cells)].map((row) => `| ${row.join(" | ")} |`)
    .join("\n");
}

/** Clopper and Pearson's exact 95% interval of a rate. */
export function binomialInterval(count: number, of: number): [number, number] {
  return [
    count === 0 ? 0 : jStat.beta.inv(0.025, count, of - count + 1),
    count === of ? 1 : jStat.beta.inv(0.975, count + 1, of - count),
  ];
}
