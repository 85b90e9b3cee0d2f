import type { Command } from "commander";
import { RULE } from "../../bench/decision_rule.ts";
import type { CommandFile } from "../command.ts";
import { addJson, checkJson, type JsonOption, show } from "../output.ts";
import { UsageError } from "../usage_error.ts";
import { readText } from "../read_text.ts";
import { onDemand } from "../on_demand.ts";

/** `layerfuse diff OLD.json NEW.json`, `layerfuse diff OLD1.json OLD2.json -- NEW1.json NEW2.json`. */
export const command: CommandFile = {
  define(command) {
    command
      .description(
        "Compare saved comparisons: how each level's speed-up changed. Exit 1 where one became surely worse. Several runs a " +
          "side, with -- between the sides, tell how far runs differ from each other: diff A1.json A2.json -- B1.json B2.json",
      )
      .argument("<OLD.json>", "what compare --json wrote")
      .argument(
        "<NEW.json...>",
        "what it wrote later; with more than one a side: OLD.json OLD.json -- NEW.json NEW.json",
      );
    addJson(command).addHelpText("after", `\nBetter, worse, same: of the change of the speed-up. ${RULE}`);
  },
  async run(command) {
    const { json } = command.opts<{ json?: JsonOption }>();
    await checkJson(json);
    const { diffComparisons, parseComparison } = await onDemand("bench/mod");
    const { diffText } = await onDemand("cli/diff_text");
    const read = async (paths: readonly string[]) =>
      await Promise.all(
        paths.map(async (path) => parseComparison(await readText(path, "a file that compare --json wrote"), path)),
      );
    const { older, newer } = sides(command);
    const diff = diffComparisons(await read(older), await read(newer));
    await show(json, diff, () => diffText(diff));
    for (const warning of diff.warnings) console.error(`Warning: ${warning}`);
    return diff.levels.some(({ verdict }) => verdict === "worse") ? 1 : 0;
  },
};

/** The files before and after `--`, which commander itself leaves out; two files need none. */
function sides(command: Command): { older: string[]; newer: string[] } {
  const raw = (command.parent as Command & { rawArgs: string[] }).rawArgs, files = command.args;
  const at = raw.indexOf("--"), count = at < 0 ? 1 : raw.length - at - 1;
  if (at < 0 && files.length !== 2) {
    throw new UsageError(
      `diff: ${files.length} files and no -- between the older and the newer ones: diff A1.json A2.json -- B1.json B2.json`,
    );
  }
  const older = files.slice(0, files.length - count), newer = files.slice(files.length - count);
  if (older.length === 0 || newer.length === 0) throw new UsageError("diff: no file on one side of --");
  return { older, newer };
}
