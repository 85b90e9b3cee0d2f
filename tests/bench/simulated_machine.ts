/**
 * A machine whose clock advances only by what runs on it: for timing with a known truth. What disturbs it is made up by a seeded
 * generator, one scenario after the other.
 *
 * @module
 */
import { normalSource, randomSource } from "../../src/bench/random.ts";
import { type Contestants, timePair, type TimePairOptions } from "../../src/bench/timing.ts";
import type { PairTiming } from "../../src/bench/timing.ts";

/** What disturbs the machine, all shares: 0.01 is 1%. */
export interface Disturbance {
  /** Standard deviation of ln(time) of each call. */
  jitter?: number;
  /** Share of calls that take two to ten times as long. */
  spikes?: number;
  /** How much slower everything is at the end of the time than at its begin. */
  drift?: number;
  /** Everything becomes this much slower or faster at random times, about ten times in the run. */
  steps?: number;
  /** Half of the calls are slower by this. */
  bimodal?: number;
  /** Standard deviation of ln(time) of one session, as long as it is open. */
  session?: number;
  /** How much of a session's deviation its next opening keeps, 0 to 1. */
  resemblance?: number;
  /** What runs first after an opening is faster by this for as long as the opening lasts. */
  firstRun?: number;
}

/** What is timed. */
export interface Job {
  /** Milliseconds a call of the second model. */
  ms: number;
  /** Time of the first over time of the second. */
  ratio: number;
  /** What opening both takes, milliseconds. */
  openMs: number;
}

/** Runs `timePair` itself on such a machine. */
export async function simulate(
  seed: number,
  { ms, ratio, openMs }: Job,
  disturbance: Disturbance,
  options: TimePairOptions = {},
  renewing = true,
): Promise<PairTiming> {
  const seconds = options.seconds ?? 1;
  const { jitter = 0, spikes = 0, drift = 0, steps = 0, bimodal = 0, session = 0, resemblance = 0, firstRun = 0 } =
    disturbance;
  const uniform = randomSource(seed, 11), normal = normalSource(randomSource(seed, 12));
  let timeMs = 0, pace = 1, nextStep = steps ? 100 * seconds * -Math.log(1 - uniform()) : Infinity;
  const deviations: (number | undefined)[] = [undefined, undefined];
  const job = (index: number, base: number, isFirst: () => boolean) => {
    const before = deviations[index], own = normal();
    deviations[index] = before === undefined ? own : resemblance * before + Math.sqrt(1 - resemblance ** 2) * own;
    const lasting = Math.exp(session * deviations[index]);
    return () => {
      if (timeMs > nextStep) {
        pace = Math.exp(steps * normal());
        nextStep = timeMs + 100 * seconds * -Math.log(1 - uniform());
      }
      let call = base * lasting * pace * (1 + drift * timeMs / (1000 * seconds)) * Math.exp(jitter * normal());
      if (firstRun && isFirst()) call *= 1 - firstRun;
      if (spikes && uniform() < spikes) call *= 2 + 8 * uniform();
      if (bimodal && uniform() < 0.5) call *= 1 + bimodal;
      timeMs += call;
    };
  };
  const open = (): Contestants => {
    timeMs += openMs;
    let first: number | undefined;
    const runs = [0, 1].map((index) => job(index, index === 0 ? ms * ratio : ms, () => (first ??= index) === index));
    return { before: runs[0], after: runs[1] };
  };
  const { before, after } = open();
  return await timePair(before, after, {
    now: () => timeMs += 1e-4,
    seconds,
    seed,
    ...(renewing ? { renew: () => Promise.resolve(open()), renewMs: openMs } : {}),
    ...options,
  });
}
