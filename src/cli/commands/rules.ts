import type { CommandFile } from "../command.ts";
import { addJson, checkJson, type JsonOption, show } from "../output.ts";

/** `layerfuse rules`. */
export const command: CommandFile = {
  define(command) {
    addJson(command.description("List the rules, one line each."));
  },
  async run(command) {
    const { json } = command.opts<{ json?: JsonOption }>();
    await checkJson(json);
    const { listRules } = await import("../../fusion/mod.ts");
    const rules = listRules(), width = Math.max(...rules.map(({ name }) => name.length));
    await show(json, rules, () => rules.map(({ name, summary }) => `${name.padEnd(width)}  ${summary}`).join("\n"));
    return 0;
  },
};
