import { basename } from "node:path";
import { fuse, layersOf, type Model, open } from "../fusion/mod.ts";
import { comparisonText, renderReport } from "../plot/mod.ts";
import { buildAloud } from "./build.ts";
import { type Command, number, text, UsageError, whole } from "./command.ts";
import { compareAloud } from "./compare_aloud.ts";
import { MEASURE_OPTIONS, measureOptions } from "./measure_options.ts";
import { writeWhole } from "./write_whole.ts";

const ARTICLE = { model: "resnet101", size: 256, seconds: 60 };
/** How many times the seconds asked for the 30 rounds may take on a slow machine. */
const PATIENCE = 1.7;

/** `layerfuse reproduce [MODEL]`: the article, on ONNX. */
export const reproduceCommand: Command = {
  name: "reproduce",
  usage: "[MODEL.onnx] [--model ARCH] [--size N] [--seed N] [--provider NAME] [--seconds S] [--reports FOLDER]",
  summary: "The article: time ResNet-101 (or your model) before and after fusion, and compare the outputs.",
  positionals: [0, 1],
  options: {
    model: { type: "string", help: `ARCH the architecture to build, default ${ARTICLE.model}` },
    ...MEASURE_OPTIONS,
    reports: { type: "string", help: "FOLDER where to write the report, default reports" },
  },
  async run(args) {
    const [path] = args.positionals, architecture = text(args, "model");
    if (path !== undefined && architecture !== undefined) {
      throw new UsageError("reproduce: both a file and --model. Give one of them.");
    }
    const options = measureOptions(args);
    const model: Model = path === undefined
      ? await buildAloud(architecture ?? ARTICLE.model, whole(args, "seed"))
      : await open(path);
    const { model: fused, report: fusion } = await fuse(model);
    const seconds = number(args, "seconds") ?? ARTICLE.seconds;
    const comparison = await compareAloud(model, fused, {
      ...options,
      size: options.size ?? (path === undefined ? ARTICLE.size : undefined),
      seconds,
      limitSeconds: PATIENCE * seconds,
    });
    console.log(comparisonText(comparison));

    const folder = text(args, "reports") ?? "reports", name = path === undefined ? model.name : basename(path, ".onnx");
    await Deno.mkdir(folder, { recursive: true });
    await writeWhole(`${folder}/${name}.json`, JSON.stringify({ ...comparison, fusion }, null, 2));
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
    console.log(`\nAll samples: ${folder}/${name}.json\nThe report:  ${folder}/${name}.html`);
    return 0;
  },
};
