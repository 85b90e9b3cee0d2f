/**
 * Parsers of option values, for commander's `option(flags, description, parser)`. What they throw names the option as it was
 * given and what was expected.
 *
 * @module
 */
import { parseShare } from "../bench/share.ts";
import { UsageError } from "./usage_error.ts";

/** A comma-separated list. */
export function list(given: string): string[] {
  return given.split(",").map((part) => part.trim()).filter((part) => part !== "");
}

/** A number as people write it: no 0x10, which JavaScript takes for 16. */
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Parses a number of at least `least` and below `end`; the parser throws a {@link UsageError} for anything else. */
export function number(option: string, least = 0, end = Infinity): (given: string) => number {
  return (given) => {
    const value = DECIMAL.test(given.trim()) ? Number(given) : NaN;
    if (!Number.isFinite(value) || value < least || value >= end) {
      const below = end < Infinity ? ` and below ${end}` : "";
      throw new UsageError(`${option} ${given}: expected a number of at least ${least}${below}`);
    }
    return value;
  };
}

/** Parses a whole number of at least `least`; the parser throws a {@link UsageError} for anything else. */
export function whole(option: string, least = 0): (given: string) => number {
  const parse = number(option, least);
  return (given) => {
    const value = parse(given);
    if (!Number.isSafeInteger(value)) throw new UsageError(`${option} ${value}: expected a whole number`);
    return value;
  };
}

/** Parses a share above 0 such as `2%`; the parser throws a {@link UsageError} for anything else, a number without % too. */
export function share(option: string): (given: string) => number {
  return (given) => {
    try {
      const value = parseShare(given);
      if (value > 0) return value;
    } catch (error) {
      throw new UsageError(`${option} ${(error as Error).message}`);
    }
    throw new UsageError(`${option} ${given}: expected a share above 0, such as 1%`);
  };
}

/** A parser of an option that may be given once only: of two limits the looser would win unseen. */
export function once<T>(option: string, parse: (given: string) => T): (given: string, previous?: T) => T {
  return (given, previous) => {
    if (previous !== undefined) throw new UsageError(`${option} ${given}: given twice; expected one`);
    return parse(given);
  };
}

/** Collects an option that may be given several times. */
export function collect(given: string, previous: string[] = []): string[] {
  return [...previous, given];
}

/** Options without those that were not given, so that defaults stand. */
export function given<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
