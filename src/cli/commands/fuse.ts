import { basename } from "node:path";
import type { MeasuredVerdict, Model } from "../../fusion/mod.ts";
import type { CommandFile } from "../command.ts";
import { addFusionOptions, type FusionChoice, fusionOptions, reportText } from "../fusion_options.ts";
import { addInputOptions, type InputChoice, inputOptions } from "../measure_options.ts";
import { whole } from "../values.ts";
import { checkJson, requireOut, show } from "../output.ts";

interface Options extends FusionChoice, InputChoice {
  output?: string;
  measure?: boolean;
  provider?: string;
  threads?: number;
  verify?: boolean;
}

/** Times models on this machine, as `compare` does by default at level `all`. */
async function measured(before: Model, after: Model, options: Options): Promise<MeasuredVerdict> {
  const { verdictOf } = await import("../../bench/mod.ts");
  return await verdictOf(before, after, {
    ...inputOptions(options),
    provider: options.provider,
    threads: options.threads,
  });
}

/** `layerfuse fuse MODEL -o OUT`. */
export const command: CommandFile = {
  define(command) {
    command
      .description("Fuse consecutive linear layers of MODEL and write the result to OUT. MODEL itself is not changed.")
      .argument("<MODEL>", "an ONNX model: a path or a URL")
      .option("-o, --output <OUT>", "the file to write");
    addFusionOptions(command)
      .option("--measure", "time every rule here, single rewrites where one is slower, and leave out what is")
      .option("--provider <NAME>", "where --measure runs: auto (default), cpu, cuda, tensorrt, webgpu, coreml or dml")
      .option("--threads <N>", "threads of --measure; default the physical cores", whole("--threads", 1))
      .option("--verify", "run both models first; write nothing unless the outputs agree");
    addInputOptions(command);
  },
  async run(command) {
    const [path] = command.args, options = command.opts<Options>();
    const out = requireOut(command.name(), options.output);
    await checkJson(options.json);
    const { fuse, open } = await import("../../fusion/mod.ts");
    const model = await open(path);
    const { model: fused, report } = await fuse(model, {
      ...fusionOptions(options),
      measure: options.measure ? (before, after) => measured(before, after, options) : undefined,
    });
    if (options.verify) {
      const { verify } = await import("../verify.ts");
      const { isSame, sentence } = await verify(model, fused, inputOptions(options));
      console.error(sentence);
      if (!isSame) return 1;
    }
    await fused.save(out);
    const { wroteSentence } = await import("../wrote_sentence.ts");
    const text = await reportText(report, options.verbose);
    await show(options.json, report, () => `${text}\n\n${wroteSentence(out, basename(path), report)}`);
    return 0;
  },
};
