import type { CommandFile } from "../command.ts";
import { addFusionOptions, type FusionChoice, fusionOptions, reportText } from "../fusion_options.ts";
import { checkJson, show } from "../output.ts";
import { moreForCpu } from "../more_for_cpu.ts";
import { addSourceOptions, isWebAddress, openModel, reading, type SourceChoice } from "../source_options.ts";
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
    const { explain } = await onDemand("fusion/mod"), chosen = fusionOptions(options);
    const model = isWebAddress(path) ? undefined : await openModel(path, options); // of a server's only what is needed is loaded
    const report = model
      ? await explain(model, chosen)
      : await reading(path, options, (source) => explain(path, { ...source, ...chosen }));
    const text = await reportText(report, options.verbose);
    const isForCpuToo = !options.json && !options.rules && options.runtime === "onnxruntime";
    const more = model && isForCpuToo ? await moreForCpu(model, chosen) : undefined;
    await show(options.json, report, () => more ? `${text}\n\n${more}` : text);
    return 0;
  },
};
