/**
 * How the time is shared between opening sessions and timing rounds.
 *
 * @module
 */
import { AIM_OPENINGS, MIN_OPENINGS } from "./statistics.ts";

/** Rounds at least on one opening. */
const MIN_ROUNDS = 5;

/** Openings take up to this, milliseconds, even where less time is asked for. */
const OPENING_ALLOWANCE_MS = 2000;

/** What things cost, milliseconds. */
export interface Costs {
  /** Opening everything anew, warm-up included. */
  openingMs: number;
  /** One round. */
  roundMs: number;
}

/** What to do. */
export interface OpeningPlan {
  /** Rounds on each opening. */
  rounds: number;
  /** Openings to aim at; the least of them, {@link MIN_OPENINGS}, even where that takes longer than asked for. */
  openings: number;
}

/**
 * Plans the openings: rounds take two thirds of the time where that leaves {@link AIM_OPENINGS} openings or more, else as many
 * as those leave room for, but {@link MIN_ROUNDS}.
 *
 * {@link MIN_OPENINGS} openings are made even where that takes longer than asked for, as long as the opening itself takes no
 * longer than that (or two seconds) and the limit allows it.
 */
export function planOpenings(
  { openingMs, roundMs }: Costs,
  { seconds, limitSeconds = Infinity, minRounds }: { seconds: number; limitSeconds?: number; minRounds: number },
): OpeningPlan {
  const timeMs = 1000 * seconds;
  const fitting = (rounds: number, within = timeMs) => Math.floor(within / (openingMs + rounds * roundMs));
  const ample = Math.max(MIN_ROUNDS, Math.ceil(2 * openingMs / roundMs));
  if (fitting(ample) >= AIM_OPENINGS) return { rounds: ample, openings: AIM_OPENINGS };
  const spare = Math.floor((timeMs / AIM_OPENINGS - openingMs) / roundMs);
  if (spare >= MIN_ROUNDS) return { rounds: spare, openings: AIM_OPENINGS };
  const affordable = Math.min(
    Math.floor(Math.max(timeMs, OPENING_ALLOWANCE_MS) / openingMs),
    fitting(MIN_ROUNDS, 1000 * limitSeconds),
  );
  const openings = Math.max(
    1,
    Math.min(AIM_OPENINGS, Math.max(fitting(MIN_ROUNDS), Math.min(MIN_OPENINGS, affordable))),
  );
  return { rounds: Math.max(MIN_ROUNDS, Math.ceil(minRounds / openings)), openings };
}
