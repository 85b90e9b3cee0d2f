import { mkdir } from "node:fs/promises";
import { basename } from "node:path";
import { RULE } from "../../bench/decision_rule.ts";
import type { CommandFile } from "../command.ts";
import { labelsBeforeAndAfter, labelsText, readPicture, requireClassifier } from "../image_labels.ts";
import { addMeasureOptions, type MeasureChoice, measureOptions } from "../measure_options.ts";
import { addJson, checkJson, type JsonOption, show } from "../output.ts";
import { addSourceOptions, openModel, type SourceChoice } from "../source_options.ts";
import { UsageError } from "../usage_error.ts";
import { addWeightOptions } from "../weight_options.ts";
import { writeWhole } from "../write_whole.ts";
import { onDemand } from "../on_demand.ts";

const ARTICLE = { model: "resnet101", size: 256, seconds: 60 };
/** How many times the seconds asked for the 30 rounds may take on a slow machine. */
const PATIENCE = 1.7;

interface Options extends MeasureChoice, SourceChoice {
  model?: string;
  weights?: string;
  strict?: boolean;
  image?: string;
  reports: string;
  json?: JsonOption;
}

/** `layerfuse reproduce [MODEL]`: the article, on ONNX. */
export const command: CommandFile = {
  define(command) {
    command
      .description("The article: time ResNet-101 (or your model) before and after fusion, and compare the outputs.")
      .argument("[MODEL]", "a model of yours in place of the article's")
      .option("--model <ARCH>", `the architecture to build (layerfuse build --list), default ${ARTICLE.model}`)
      .option("--image <FILE>", "a PNG or JPEG: the five likeliest of ImageNet's classes before and after fusion")
      .option("--reports <FOLDER>", "where to write the report", "reports");
    addJson(addWeightOptions(addSourceOptions(addMeasureOptions(command))))
      .addHelpText("after", `\nVerdicts: ${RULE}`);
  },
  async run(command) {
    const [path] = command.args, chosen = command.opts<Options>(), { model: architecture, reports: folder } = chosen;
    if (path !== undefined && architecture !== undefined) {
      throw new UsageError("reproduce: both a file and --model. Give one of them.");
    }
    if (path !== undefined && chosen.weights !== undefined) {
      throw new UsageError("reproduce: both a file and --weights. The file has its weights; give one of them.");
    }
    await checkJson(chosen.json);
    const picture = chosen.image === undefined ? undefined : await readPicture(chosen.image);
    const options = measureOptions(chosen), seconds = chosen.seconds ?? ARTICLE.seconds;
    const { fuse, layersOf } = await onDemand("fusion/mod");
    const { comparisonText, renderReport } = await onDemand("plot/mod");
    const { buildWithProgress } = await onDemand("cli/build_with_progress");
    const { compareWithProgress } = await onDemand("cli/compare_with_progress");
    const model = path === undefined
      ? await buildWithProgress(architecture ?? ARTICLE.model, chosen)
      : await openModel(path, chosen);
    if (picture) requireClassifier(model);
    const { readInputFiles } = await onDemand("cli/input_folder");
    const { inputs } = await readInputFiles(chosen.inputs, model, options, chosen.sampleRate);
    const { model: fused, report: fusion } = await fuse(model);
    const comparison = await compareWithProgress(model, fused, {
      ...options,
      inputs,
      size: options.size ?? (path === undefined ? ARTICLE.size : undefined),
      seconds,
      limitSeconds: PATIENCE * seconds,
    });
    const labels = picture && await labelsBeforeAndAfter(model, fused, picture, comparison.inputs[0].dims.at(-1));
    const name = path === undefined ? model.name : basename(path, ".onnx"),
      result = { ...comparison, fusion, ...labels && { labels } };
    await mkdir(folder, { recursive: true });
    await writeWhole(`${folder}/${name}.json`, JSON.stringify(result, null, 2));
    await writeWhole(
      `${folder}/${name}.html`,
      renderReport({
        comparison,
        fusion,
        graphs: { before: model, after: fused },
        layers: { before: layersOf(model, comparison.inputs), after: layersOf(fused, comparison.inputs) },
        title: `${name}: before and after fusion`,
      }),
    );
    const files = `All samples: ${folder}/${name}.json\nThe report:  ${folder}/${name}.html`;
    await show(
      chosen.json,
      result,
      () => [comparisonText(comparison), ...labels ? [labelsText(labels)] : [], files].join("\n\n"),
    );
    return 0;
  },
};
