import type { CommandFile } from "../command.ts";
import { addJson, checkJson, type JsonOption, show } from "../output.ts";
import { onDemand } from "../on_demand.ts";

/** `layerfuse rules`. */
export const command: CommandFile = {
  define(command) {
    addJson(command.description("List the rules, one line each."));
  },
  async run(command) {
    const { json } = command.opts<{ json?: JsonOption }>();
    await checkJson(json);
    const { listRules } = await onDemand("fusion/mod");
    const rules = listRules(), width = Math.max(...rules.map(({ name }) => name.length));
    await show(
      json,
      rules,
      () => rules.map((rule) => `${rule.name.padEnd(width)}  ${rule.summary}${when(rule)}`).join("\n"),
    );
    return 0;
  },
};

/** When a rule is applied, where that is not always. */
function when({ runtimes, isForMeasuring }: { runtimes?: readonly string[]; isForMeasuring?: true }): string {
  const conditions = [
    ...runtimes ? [`--runtime ${runtimes.join(" or ")}`] : [],
    ...isForMeasuring ? ["--measure, or named by --rules"] : [],
  ];
  return conditions.length > 0 ? ` (with ${conditions.join("; ")})` : "";
}
