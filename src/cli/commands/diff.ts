import { readFile } from "node:fs/promises";
import type { ComparisonDiff } from "../../bench/mod.ts";
import type { CommandFile } from "../command.ts";
import { addJson, checkJson, type JsonOption, show } from "../output.ts";
import { UsageError } from "../usage_error.ts";

/** `layerfuse diff OLD.json NEW.json`. */
export const command: CommandFile = {
  define(command) {
    command
      .description(
        "Compare two saved comparisons: how each level's speed-up changed. Exit 1 where one became surely worse.",
      )
      .argument("<OLD.json>", "what compare --json wrote")
      .argument("<NEW.json>", "what it wrote later");
    addJson(command);
  },
  async run(command) {
    const [oldPath, newPath] = command.args, { json } = command.opts<{ json?: JsonOption }>();
    await checkJson(json);
    const { diffComparisons, parseComparison } = await import("../../bench/mod.ts");
    const diff = diffComparisons(
      parseComparison(await saved(oldPath), oldPath),
      parseComparison(await saved(newPath), newPath),
    );
    await show(json, diff, () => diffText(diff));
    for (const warning of diff.warnings) console.error(`Warning: ${warning}`);
    return diff.levels.some(({ verdict }) => verdict === "worse") ? 1 : 0;
  },
};

async function saved(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") throw new UsageError(`${path}: there is no such file.`);
    throw error;
  }
}

function diffText({ levels, relativeL2 }: ComparisonDiff): string {
  const lines = levels.map(({ level, oldSpeedup, newSpeedup, change, verdict }) =>
    `${level.padEnd(8)}  speed-up ${oldSpeedup.estimate.toFixed(3)} → ${newSpeedup.estimate.toFixed(3)}, ` +
    `change ${change.estimate.toFixed(3)} (95% CI ${change.low.toFixed(3)}–${change.high.toFixed(3)}): ${verdict}`
  );
  const { old, new: now } = relativeL2;
  return [...lines, `relative L2 error ${old.toExponential(2)} → ${now.toExponential(2)}`].join("\n");
}
