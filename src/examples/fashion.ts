import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  compare,
  type CompareOptions,
  type Comparison,
  measureError,
  type ModelSource,
  type NamedTensors,
  openSession,
} from "../bench/mod.ts";
import { COMPARE_OPTIONS } from "../bench/compare_options.ts";
import { interruptSignal } from "../host/interrupts.ts";
import { checked } from "../host/options.ts";
import { materialise } from "../bench/source.ts";
import { TemporaryDirectory } from "../host/temporary_directory.ts";
import { fuse, type FusionReport, open } from "../fusion/mod.ts";
import { bundle, type MimeBundle } from "../plot/bundle.ts";
import { formatInterval, formatPower } from "../plot/format.ts";
import { displayed } from "../plot/displayed.ts";
import { progressLine } from "../plot/jupyter.ts";
import { htmlInterval, htmlName, htmlTable } from "../plot/parts.ts";
import { markdownTable, textTable } from "../plot/text_layout.ts";

const SIDE = 28;
/** Images in the batch that is timed. */
const BATCH = 16;

/** One trained network, before and after fusion, on the real images. */
export interface FashionResult {
  /** The file's name without `fashion_` and its ending. */
  readonly name: string;
  /** What was fused. */
  readonly report: FusionReport;
  /** What `score` is: the share of images told right, or the mean squared error of what should be the image again. */
  readonly measure: "accuracy" | "mean squared error";
  /** The score of the network as trained, and of the fused one. */
  readonly score: { readonly before: number; readonly after: number };
  /** Images that both networks put into the same class; null where they do not classify. */
  readonly agree: number | null;
  /** ‖before − after‖₂ / ‖before‖₂ over the outputs for all images. */
  readonly relativeL2: number;
  /** Its speed on a batch of 16. */
  readonly comparison: Comparison;
}

/** All of the trained networks. In a notebook it shows itself as a table. */
export interface FashionOverview {
  /** How many images they were shown. */
  readonly images: number;
  /** One result a network, by name. */
  readonly results: readonly FashionResult[];
}

/**
 * Fuses every `fashion_*.onnx` in a folder and shows both versions all images of `fashion_images.u8` (28 × 28 bytes each,
 * labels in `fashion_labels.u8`), with ONNX Runtime's own optimizations off; then times them. `options.seconds` (default
 * 3) is for each network.
 */
export async function fashionNetworks(folder: string, options: CompareOptions = {}): Promise<FashionOverview> {
  const { signal = interruptSignal() } = checked("fashionNetworks", options, COMPARE_OPTIONS);
  const bytes = await readFile(join(folder, "fashion_images.u8"));
  const labels = await readFile(join(folder, "fashion_labels.u8"));
  const images = Float32Array.from(bytes, (value) => value / 255);
  const names = (await readdir(folder))
    .filter((name) => /^fashion_.*\.onnx$/.test(name)).sort();
  const line = progressLine();
  const results: FashionResult[] = [];
  for (const [index, file] of names.entries()) {
    if (index > 0 && signal?.aborted) break; // what was measured is kept
    const before = await open(join(folder, file)), { model: after, report } = await fuse(before);
    const outputs = [await outputOf(before, images), await outputOf(after, images)];
    const { relativeL2, top1Agreement } = measureError(outputs[0], outputs[1]);
    const isImage = before.outputs[0].shape?.length === 4;
    const [scoreBefore, scoreAfter] = outputs.map((output) => Object.values(output)[0]).map(({ data }) =>
      isImage ? meanSquaredError(data, images) : accuracy(data, labels)
    );
    results.push({
      name: file.replace(/^fashion_|\.onnx$/g, ""),
      report,
      measure: isImage ? "mean squared error" : "accuracy",
      score: { before: scoreBefore, after: scoreAfter },
      agree: top1Agreement === null ? null : Math.round(top1Agreement * labels.length),
      relativeL2,
      comparison: await compare(before, after, {
        shape: [BATCH, 1, SIDE, SIDE],
        seconds: 3,
        onProgress: (fraction) => line((index + Math.min(fraction, 0.99)) / names.length, file),
        ...options,
        signal,
      }),
    });
  }
  line(1, "done");
  return shown({ images: labels.length, results });
}

/** What the network gives for all images at once: its one output. */
async function outputOf(model: ModelSource, images: Float32Array): Promise<NamedTensors> {
  using folder = new TemporaryDirectory();
  const { path } = await materialise(model, folder.path, "network");
  await using session = await openSession(path, { level: "disabled" });
  const dims = [images.length / SIDE ** 2, 1, SIDE, SIDE];
  return await session.run({ [session.inputs[0].name]: { type: "float32", dims, data: images } });
}

/** Share of rows whose largest value is at the label. */
function accuracy(logits: ArrayLike<unknown>, labels: Uint8Array): number {
  const classes = logits.length / labels.length;
  const correct = labels.filter((label, row) => {
    const scores = Array.from({ length: classes }, (_, index) => Number(logits[row * classes + index]));
    return scores.indexOf(Math.max(...scores)) === label;
  });
  return correct.length / labels.length;
}

function meanSquaredError(pixels: ArrayLike<unknown>, images: Float32Array): number {
  return images.reduce((sum, value, index) => sum + (Number(pixels[index]) - value) ** 2, 0) / images.length;
}

function shown(overview: FashionOverview): FashionOverview {
  return displayed(overview, display);
}

function display({ images, results }: FashionOverview): MimeBundle {
  const levels = results[0]?.comparison.levels.map(({ level }) => `speed-up, ${level}`) ?? [];
  const scores = ["network", "accuracy", "same class", "relative L2 error"];
  const scoreRows = results.map(({ name, measure, score, agree, relativeL2 }) => [
    name,
    [score.before, score.after].map((value) =>
      measure === "accuracy" ? `${(100 * value).toFixed(1)}%` : `mse ${value.toFixed(5)}`
    ).join(" → "),
    agree === null ? "–" : `${agree} of ${images}`,
    formatPower(relativeL2),
  ]);
  const speeds = ["network", "nodes", "BatchNorms", ...levels];
  const speedRows = (interval: typeof formatInterval) =>
    results.map(({ name, report, comparison }) => [
      name,
      `${report.before.nodes} → ${report.after.nodes}`,
      `${report.before.ops.BatchNormalization ?? 0} → ${report.after.ops.BatchNormalization ?? 0}`,
      ...comparison.levels.map(({ speedup }) => interval(speedup)),
    ]);
  const plain = speedRows(formatInterval);
  const html = (rows: string[][]) => rows.map(([name, ...rest]) => [htmlName(name), ...rest]);
  return bundle(
    [...textTable(scores, scoreRows), "", ...textTable(speeds, plain)].join("\n"),
    [...markdownTable(scores, scoreRows), "", ...markdownTable(speeds, plain), ""].join("\n"),
    [
      htmlTable(scores, html(scoreRows), { className: "stack" }),
      htmlTable(speeds, html(speedRows(htmlInterval)), { className: "stack" }),
    ],
  );
}
