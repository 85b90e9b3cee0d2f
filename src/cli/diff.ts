import { diffComparisons, parseComparison } from "../bench/mod.ts";
import { type Command, UsageError } from "./command.ts";

async function saved(path: string) {
  try {
    return parseComparison(await Deno.readTextFile(path), path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new UsageError(`${path}: there is no such file.`);
    throw error;
  }
}

/** `layerfuse diff OLD.json NEW.json`. */
export const diffCommand: Command = {
  name: "diff",
  usage: "OLD.json NEW.json [--json]",
  summary: "Compare two saved comparisons: how each level's speed-up changed. Exit 1 where one became surely worse.",
  positionals: [2, 2],
  options: { json: { type: "boolean", help: "print JSON" } },
  async run(args) {
    const [older, newer] = [await saved(args.positionals[0]), await saved(args.positionals[1])];
    const diff = diffComparisons(older, newer);
    if (args.values.json) console.log(JSON.stringify(diff, null, 2));
    else {
      for (const { level, oldSpeedup, newSpeedup, change, verdict } of diff.levels) {
        console.log(
          `${level.padEnd(8)}  speed-up ${oldSpeedup.estimate.toFixed(3)} → ${newSpeedup.estimate.toFixed(3)}, ` +
            `change ${change.estimate.toFixed(3)} (95% CI ${change.low.toFixed(3)}–${
              change.high.toFixed(3)
            }): ${verdict}`,
        );
      }
      const { old, new: now } = diff.relativeL2;
      console.log(`relative L2 error ${old.toExponential(2)} → ${now.toExponential(2)}`);
    }
    for (const warning of diff.warnings) console.error(`Warning: ${warning}`);
    return diff.levels.some(({ verdict }) => verdict === "worse") ? 1 : 0;
  },
};
