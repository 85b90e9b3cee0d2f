import type { BuildChoice } from "../build_with_progress.ts";
import type { CommandFile } from "../command.ts";
import { addJson, checkJson, type JsonOption, requireOut, show } from "../output.ts";
import { interruptible } from "../interruption.ts";
import { UsageError } from "../usage_error.ts";
import { whole } from "../values.ts";
import { addWeightOptions } from "../weight_options.ts";
import { onDemand } from "../on_demand.ts";

interface Options extends BuildChoice {
  output?: string;
  list?: boolean;
  json?: JsonOption;
}

/** `layerfuse build ARCH -o OUT`, `layerfuse build --list`. */
export const command: CommandFile = {
  define(command) {
    command
      .description(
        "Build a known architecture, unfused, with seeded weights and calibrated statistics, or with trained ones.",
      )
      .argument("[ARCH]", "its name; --list shows them")
      .option("-o, --output <OUT>", "the file to write")
      .option("--list", "list the architectures: the input each is usually run at, parameters, multiply-accumulates")
      .option("--seed <N>", "seed of the weights, default 0", whole("--seed"))
      .option("--opset <N>", "version of the operator set, 13 to 23, default 17", whole("--opset"));
    addJson(addWeightOptions(command));
  },
  async run(command) {
    const [name] = command.args, { output, list, json, ...choice } = command.opts<Options>();
    await checkJson(json);
    if (list) {
      const { zoo, zooText } = await onDemand("cli/zoo");
      const rows = zoo();
      await show(json, rows, () => zooText(rows));
      return 0;
    }
    if (name === undefined) {
      throw new UsageError("build: 0 arguments, expected 1: ARCH. layerfuse build --list shows them.");
    }
    const out = requireOut(command.name(), output);
    const { buildWithProgress } = await onDemand("cli/build_with_progress");
    const model = await buildWithProgress(name, choice);
    await interruptible((signal) => model.save(out, { signal }));
    const { nodes, parameters, bytes } = model.stats;
    await show(
      json,
      { path: out, ...model.stats },
      () => `${out}: ${nodes} nodes, ${parameters} parameters, ${bytes} bytes`,
    );
    return 0;
  },
};
