import type { CommandFile } from "../command.ts";
import { addFusionOptions, type FusionChoice, fusionOptions, reportText } from "../fusion_options.ts";
import { checkJson, show } from "../output.ts";
import { moreForCpu } from "../more_for_cpu.ts";
import { addSourceOptions, openModel, type SourceChoice } from "../source_options.ts";
import { onDemand } from "../on_demand.ts";

/** `layerfuse explain MODEL`. */
export const command: CommandFile = {
  define(command) {
    command
      .description("Say what fuse would do to MODEL, and why it would leave the rest. Nothing is written.")
      .argument("<MODEL>", "an ONNX model: a path, a URL, or - for standard input");
    addSourceOptions(addFusionOptions(command));
  },
  async run(command) {
    const [path] = command.args, options = command.opts<FusionChoice & SourceChoice>();
    await checkJson(options.json);
    const { explain } = await onDemand("fusion/mod");
    const model = await openModel(path, options), chosen = fusionOptions(options);
    const report = await explain(model, chosen), text = await reportText(report, options.verbose);
    const isForCpuToo = !options.json && !options.rules && options.runtime === "onnxruntime";
    const more = isForCpuToo ? await moreForCpu(model, chosen) : undefined;
    await show(options.json, report, () => more ? `${text}\n\n${more}` : text);
    return 0;
  },
};
