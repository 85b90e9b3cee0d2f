/**
 * Which pairs of models `compare` is asked for: `A B -- C D`, or those of a gate file.
 *
 * @module
 */
import { dirname, isAbsolute, join } from "node:path";
import type { CompareOptions, GateLimits } from "../bench/mod.ts";
import { UsageError } from "./usage_error.ts";
import { onDemand } from "./on_demand.ts";
import { readText } from "./read_text.ts";

/** One pair that is asked for. */
export interface AskedPair {
  /** What to call it. */
  name: string;
  /** The first model: a path, a URL, or `-`. */
  before: string;
  /** The second; absent where the first is to be fused. */
  after?: string;
  /** Limits of its own, which win over those of the command line. */
  limits: GateLimits;
  /** Options of its own, which win over those of the command line. */
  options: Partial<CompareOptions>;
}

/** How models are given on the command line. */
const USAGE = "Usage: layerfuse compare [options] <BEFORE> [AFTER] [-- BEFORE [AFTER]]…";

/**
 * The pairs of a command line.
 *
 * @param operands What is no option, as commander gives it: without the first `--`.
 * @param raw The command line as it was typed, to know where the first `--` stood.
 * @param gateFile The file of `--gate`.
 * @throws {UsageError} If there are no models, more than two in one pair, or both models and a gate file.
 */
export async function askedPairs(
  operands: readonly string[],
  raw: readonly string[],
  gateFile: string | undefined,
): Promise<AskedPair[]> {
  if (gateFile !== undefined) {
    if (operands.length > 0) throw new UsageError(`compare: both models and --gate ${gateFile}. Give one of them.`);
    return await pairsOfFile(gateFile);
  }
  const separator = raw.indexOf("--");
  const first = separator < 0 ? operands.length : operands.length - (raw.length - separator - 1);
  const groups = separator < 0 ? [operands] : [operands.slice(0, first), ...split(operands.slice(first))];
  return groups.map((group) => {
    if (group.length < 1 || group.length > 2) {
      throw new UsageError(
        `compare: ${group.length} arguments${groups.length > 1 ? " in one pair" : ""}, expected 1 to 2. ${USAGE}`,
      );
    }
    const option = groups.length > 1 ? group.find((each) => /^-./.test(each)) : undefined;
    if (option !== undefined) {
      throw new UsageError(`compare: option ${option} stands after --. Options come first. ${USAGE}`);
    }
    const [before, after] = group;
    return { name: before, before, ...(after === undefined ? {} : { after }), limits: {}, options: {} };
  });
}

function split(operands: readonly string[]): string[][] {
  const groups: string[][] = [[]];
  for (const operand of operands) {
    if (operand === "--") groups.push([]);
    else groups.at(-1)!.push(operand);
  }
  return groups;
}

async function pairsOfFile(path: string): Promise<AskedPair[]> {
  const { parseGateFile } = await onDemand("bench/mod");
  const text = await readText(path, "a gate file");
  const beside = (model: string) =>
    isAbsolute(model) || /^[a-z]+:\/\//i.test(model) ? model : join(dirname(path), model);
  return parseGateFile(text, path).map(({ name, before, after, options, ...limits }) => ({
    name,
    before: beside(before),
    ...(after === undefined ? {} : { after: beside(after) }),
    limits,
    options,
  }));
}
