import { basename } from "node:path";
import process from "node:process";
import type { CompareOptions } from "../../bench/mod.ts";
import type { MeasuredVerdict, Model } from "../../fusion/mod.ts";
import { RULE } from "../../bench/decision_rule.ts";
import type { CommandFile } from "../command.ts";
import { addFusionOptions, type FusionChoice, fusionOptions, reportText } from "../fusion_options.ts";
import { addInputOptions, type InputChoice, inputOptions } from "../measure_options.ts";
import { whole } from "../values.ts";
import { checkJson, isJsonPrinted, requireOut, show } from "../output.ts";
import { interruptible } from "../interruption.ts";
import { startProgress } from "../progress.ts";
import { addSourceOptions, openModel, type SourceChoice } from "../source_options.ts";
import { UsageError } from "../usage_error.ts";
import { unwritable } from "../../io/errors.ts";
import { onDemand } from "../on_demand.ts";

interface Options extends FusionChoice, InputChoice, SourceChoice {
  externalData?: string;
  force?: boolean;
  output?: string;
  measure?: boolean;
  provider?: string;
  threads?: number;
  verify?: boolean;
}

/** What is fed to `--measure` and `--verify`. */
type Feeds = Pick<CompareOptions, "shape" | "shapes" | "values" | "size" | "inputs">;

async function inputsOf(model: Model, { inputs, ...options }: Options): Promise<Pick<Feeds, "inputs">> {
  if (inputs === undefined) return {};
  const { readInputFiles } = await onDemand("cli/input_folder");
  return await readInputFiles(inputs, model, inputOptions({ ...options, inputs }), options.sampleRate);
}

/** Times models on this machine, as `compare` does by default at level `all`. */
async function measured(before: Model, after: Model, options: Options, feeds: Feeds): Promise<MeasuredVerdict> {
  const { verdictOf } = await onDemand("bench/mod");
  const { provider, threads } = options;
  return await interruptible(async (signal) => {
    const verdict = await verdictOf(before, after, { ...feeds, provider, threads, signal });
    signal.throwIfAborted();
    return verdict;
  });
}

/** `layerfuse fuse MODEL -o OUT`. */
export const command: CommandFile = {
  define(command) {
    command
      .description("Fuse consecutive linear layers of MODEL and write the result to OUT. MODEL itself is not changed.")
      .argument("<MODEL>", "an ONNX model: a path, a URL, or - for standard input")
      .option("-o, --output <OUT>", "the file to write, which may be MODEL; - for standard output")
      .option(
        "--external-data <FILE>",
        "data file for the weights, beside OUT; none: in the model; auto (default): a file where MODEL had one or above 1.5 GiB",
      )
      .option("--force", "overwrite read-only files, and a data file that is not OUT's own");
    addFusionOptions(command)
      .option("--measure", "time every rule here, single rewrites where one is slower, and leave out what is")
      .option("--provider <NAME>", "where --measure runs: auto (default), cpu, cuda, tensorrt, webgpu, coreml or dml")
      .option("--threads <N>", "threads of --measure; default the physical cores", whole("--threads", 1))
      .option("--verify", "run both models first; write nothing unless the outputs agree");
    addSourceOptions(addInputOptions(command))
      .addHelpText("after", `\n--measure: ${RULE}`);
  },
  async run(command) {
    const [path] = command.args, options = command.opts<Options>();
    const out = requireOut(command.name(), options.output);
    await checkJson(options.json);
    if (out === "-" && isJsonPrinted(options.json)) {
      throw new UsageError("fuse: the model and JSON, both to standard output. Give --json=FILE.");
    }
    if (out === "-" && !["none", "auto", undefined].includes(options.externalData)) {
      throw new UsageError("fuse: a model on standard output has no data file. Leave --external-data out.");
    }
    const { fuse } = await onDemand("fusion/mod");
    const model = await openModel(path, options);
    const feeds = { ...inputOptions(options), ...await inputsOf(model, options) };
    const { model: fused, report } = await fuse(model, {
      ...fusionOptions(options),
      measure: options.measure ? (before, after) => measured(before, after, options, feeds) : undefined,
    });
    if (options.verify) {
      const { verify } = await onDemand("cli/verify");
      const { isSame, sentence } = await interruptible((signal) => verify(model, fused, { ...feeds, signal }));
      console.error(sentence);
      if (!isSame) return 1;
    }
    await write(fused, out, options);
    const { wroteSentence } = await onDemand("cli/wrote_sentence");
    const text = await reportText(report, options.verbose),
      wrote = wroteSentence(
        out === "-" ? "standard output" : out,
        path === "-" ? "the model read" : basename(path),
        report,
      );
    if (out === "-") console.error(`${text}\n\n${wrote}`);
    else await show(options.json, report, () => `${text}\n\n${wrote}`);
    return 0;
  },
};

/** Writes the model to a file, with a progress bar, or to standard output. */
async function write(model: Model, out: string, { externalData, force }: Options): Promise<void> {
  if (out === "-") return await writeToStdout(model.stream());
  const progress = await startProgress();
  try {
    const onProgress = (fraction: number) => progress.update(fraction, `writing ${out}`);
    await interruptible((signal) => model.save(out, { externalData, force, signal, onProgress }));
  } finally {
    progress.stop();
  }
}

/** Writes bytes to standard output. Throws a {@linkcode unwritable} error where nobody takes them, or a full disk. */
async function writeToStdout(stream: ReadableStream<Uint8Array>): Promise<void> {
  const { stdout } = process,
    written = (chunk: Uint8Array) =>
      new Promise<void>((resolve, reject) => {
        stdout.once("error", reject); // told twice: to the callback, and as an event that ends the process where nobody listens
        stdout.write(chunk, (error) => {
          if (error) return reject(error);
          stdout.off("error", reject);
          resolve();
        });
      });
  try {
    for await (const chunk of stream) await written(chunk);
  } catch (error) {
    throw unwritable("standard output", error);
  }
}
