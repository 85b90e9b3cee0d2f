/**
 * Gate files: several pairs of models with their limits, in JSON.
 *
 * @module
 */
import { type CompareOptions, LEVELS } from "./compare_options.ts";
import { ERROR_LIMIT, isErrorLimit } from "./error_limit.ts";
import type { GateLimits } from "./gate.ts";
import { repeatedKey } from "./repeated_key.ts";
import { MOST_THREADS } from "./session.ts";
import { nearest } from "../host/options.ts";
import { parseShare } from "./share.ts";
import type { Level } from "./types.ts";

/** What a gate file says of one pair. */
export interface GateFilePair extends GateLimits {
  /** What to call it. */
  name: string;
  /** The first model, a path as the file has it. */
  before: string;
  /** The second model; absent where the first is to be fused. */
  after?: string;
  /** How to measure it. */
  options: Pick<CompareOptions, "levels" | "seconds" | "threads" | "provider" | "seed" | "size" | "shapes" | "values">;
}

type Check = (value: unknown) => string | undefined;

const isPositive: Check = (value) =>
  typeof value === "number" && value > 0 && value < Infinity ? undefined : "a number above 0";
const isWhole = (least: number, most = Infinity): Check => (value) =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
    ? undefined
    : `a whole number of at least ${least}${most < Infinity ? ` and at most ${most}` : ""}`;
const isText: Check = (value) => typeof value === "string" && value !== "" ? undefined : "a text";
const isShape: Check = (value) =>
  Array.isArray(value) && value.every((dim) => Number.isSafeInteger(dim) && dim >= 0) ? undefined : "";

const isValue = (value: unknown) => ["number", "boolean", "string"].includes(typeof value);

/** Keys that a pair, or the file for all pairs, may have. */
const SHARED: Readonly<Record<string, Check>> = {
  failIfSlower: (value) => typeof value === "string" ? undefined : 'a share such as "2%"',
  maxError: (value) => isErrorLimit(value) ? undefined : ERROR_LIMIT,
  levels: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((level) => LEVELS.includes(level as Level))
      ? undefined
      : `a list of ${LEVELS.join(", ")}`,
  seconds: isPositive,
  threads: isWhole(1, MOST_THREADS),
  provider: isText,
  seed: isWhole(0),
  size: isWhole(1),
};

const OF_A_PAIR: Readonly<Record<string, Check>> = {
  ...SHARED,
  name: isText,
  before: isText,
  after: isText,
  shapes: (value) =>
    isObject(value) && Object.values(value).every((shape) => isShape(shape) === undefined)
      ? undefined
      : 'shapes by input name, such as {"image": [1, 3, 224, 224]}',
  values: (value) =>
    isObject(value) && Object.values(value).every((given) => [given].flat().every(isValue))
      ? undefined
      : 'values by input name, such as {"sr": 16000, "scales": [1, 0.5]}',
};

/**
 * Reads a gate file. What stands beside `pairs` holds for each pair that does not say otherwise:
 *
 * ```json
 * {
 *   "failIfSlower": "2%", "maxError": 1e-4, "seconds": 20,
 *   "pairs": [
 *     { "before": "detector.onnx", "after": "detector.fused.onnx" },
 *     { "name": "reader", "before": "reader.onnx", "maxError": 1e-3, "shapes": { "x": [1, 3, 48, 320] } }
 *   ]
 * }
 * ```
 *
 * @param name Where it came from, for messages.
 * @throws {Error} If it is not JSON, has no pairs, or anything in it is unknown, said twice or of another type: with where and what was expected.
 */
export function parseGateFile(json: string, name = "gate file"): GateFilePair[] {
  let file: unknown;
  try {
    file = JSON.parse(json.replace(/^\ufeff/, "")); // some editors begin a file with that mark
  } catch (error) {
    throw new Error(`${name}: not JSON (${error instanceof Error ? error.message : error})`);
  }
  const repeated = repeatedKey(json);
  if (repeated !== undefined) throw new Error(`${name}: ${JSON.stringify(repeated)} stands twice in one object`);
  if (!isObject(file)) throw new Error(`${name}: expected an object with "pairs"`);
  const { pairs, ...shared } = file;
  check(shared, SHARED, name);
  if (!Array.isArray(pairs) || pairs.length === 0) {
    throw new Error(`${name}: "pairs": expected a list of at least one pair`);
  }
  return pairs.map((pair, i) => {
    const where = `${name}: pairs[${i}]`;
    if (!isObject(pair)) {
      throw new Error(`${where}: expected an object such as {"before": "a.onnx", "after": "b.onnx"}`);
    }
    check(pair, OF_A_PAIR, where);
    if (pair.before === undefined) throw new Error(`${where}: "before" is missing; expected the path of a model`);
    return toPair({ ...shared, ...pair }, where);
  });
}

function toPair(settings: Record<string, unknown>, where: string): GateFilePair {
  const { name, before, after, failIfSlower, maxError, ...options } = settings;
  let share: number | undefined;
  try {
    share = failIfSlower === undefined ? undefined : parseShare(failIfSlower as string);
  } catch (error) {
    throw new Error(`${where}: "failIfSlower": ${(error as Error).message}`);
  }
  return {
    name: (name ?? before) as string,
    before: before as string,
    ...(after === undefined ? {} : { after: after as string }),
    ...(share === undefined ? {} : { failIfSlower: share }),
    ...(maxError === undefined ? {} : { maxError: maxError as number }),
    options: options as GateFilePair["options"],
  };
}

function check(found: Record<string, unknown>, known: Readonly<Record<string, Check>>, where: string): void {
  for (const [key, value] of Object.entries(found)) {
    if (!Object.hasOwn(known, key)) {
      const near = nearest(key, Object.keys(known));
      throw new Error(
        `${where}: ${JSON.stringify(key)} is unknown; ${near ? `did you mean "${near}"? E` : "e"}xpected ${
          Object.keys(known).join(", ")
        }`,
      );
    }
    const expected = known[key](value);
    if (expected !== undefined) {
      throw new Error(
        `${where}: "${key}" is ${typeof value === "number" ? value : JSON.stringify(value)}; expected ${expected}`,
      );
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
