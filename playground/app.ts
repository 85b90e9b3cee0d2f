/**
 * The page: a model is dropped, fused in the page, shown, and timed where that is asked for. Nothing is sent anywhere.
 *
 * @module
 */
/// <reference lib="dom" />
import type { Model } from "../src/fusion/model.ts";
import type { FusionReport } from "../src/rewrite/report.ts";
import { SKIP_CODES } from "../src/ops/skip.ts";
import { duration } from "../src/bench/decide.ts";
import { escapeMarkup, formatMs, formatPower, formatVerdict } from "../src/plot/format.ts";
import { htmlApplied, htmlPictures, htmlSkipped } from "../src/plot/fusion_parts.ts";
import { htmlInterval, htmlNotes, htmlTable } from "../src/plot/parts.ts";
import { wroteSentence } from "../src/cli/wrote_sentence.ts";
import type { Fusion } from "./fusion.ts";
import type { TimerAnswer, TimerRequest } from "./timer.ts";
import type { TimedLevel, TimingPlan } from "./timing.ts";

declare const layerfuse: Fusion;
/** Operators that the page's rewriter does not know. */
declare const LEFT_ALONE: readonly string[];

const part = (id: string) => document.getElementById(id)!;
const say = (text: string) => part("status").textContent = text;

/** The model that is shown. */
let shown: { before: Model; after: Model; name: string } | undefined;

/** Fuses the model among files that came together, the one called .onnx; the others are its data. */
async function take(files: readonly File[]): Promise<void> {
  const file = files.find(({ name }) => /\.onnx$/i.test(name)) ?? files[0],
    others = files.filter((one) => one !== file);
  stop?.();
  part("result").hidden = true;
  say(`Reading ${file.name} …`);
  try {
    const data = new Map(await Promise.all(others.map(async (one) => [one.name, await bytesOf(one)] as const)));
    const before = await layerfuse.open(await bytesOf(file), { name: file.name, files: data });
    const { model: after, report } = await layerfuse.fuse(before);
    await show(file, before, after, report);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    say(text.startsWith(file.name) ? text : `${file.name}: ${text}`);
  }
}

async function bytesOf(file: File): Promise<Uint8Array> {
  return new Uint8Array(await file.arrayBuffer());
}

async function show(file: File, before: Model, after: Model, report: FusionReport): Promise<void> {
  const name = file.name.replace(/\.onnx$/i, ".fused.onnx"), bytes = await after.bytes();
  shown = { before, after, name };
  part("table").innerHTML = htmlApplied(report);
  part("pictures").innerHTML = htmlPictures(report, { before, after });
  part("reasons").innerHTML = htmlSkipped({ ...report, codes: SKIP_CODES });
  part("times").innerHTML = "";
  part("progress").textContent = "";
  part("left").innerHTML = htmlNotes(leftAlone(file.name, before));
  offer("download", bytes, name);
  offer("report", JSON.stringify(report, null, 2), name.replace(/(\.onnx)?$/i, ".json"));
  const isDynamic = before.inputs.some(({ shape }) => shape?.slice(1).some((dim) => typeof dim !== "number"));
  part("size-field").hidden = !isDynamic;
  part("result").hidden = false;
  say(wroteSentence(name, file.name, report).replace(/^Wrote /, ""));
}

/** Lets a link download something. */
function offer(id: string, content: string | Uint8Array, name: string): void {
  const link = part(id) as HTMLAnchorElement;
  URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([content as Uint8Array<ArrayBuffer>]));
  link.download = name;
}

/** What to say of operators that the page's rewriter lacks, and the library has. */
function leftAlone(file: string, model: Model): string[] {
  const known = new Set(LEFT_ALONE), found = Object.keys(model.ops).filter((op) => known.has(op));
  if (found.length === 0) return [];
  return [
    `For room this page does not know ${
      found.join(", ")
    }, and leaves such nodes and what stands beside them as they are. ` +
    `The command line may do more: layerfuse explain ${file}`,
  ];
}

/** Ends the timing under way. */
let stop: (() => void) | undefined;

/** Times the model that is shown, in a thread of its own; ends that where it is under way. */
async function time(): Promise<void> {
  if (!shown || stop) return stop?.();
  const { before, after, name } = shown, levels: TimedLevel[] = [], ending = new AbortController();
  stop = () => ending.abort();
  part("time").textContent = "Stop";
  part("times").innerHTML = "";
  let plan: TimingPlan | undefined, failure = "";
  const said = (version?: string) => {
    if (shown?.name === name) part("times").innerHTML = timesShown(levels, plan?.note, version);
  };
  try {
    const request = await requestOf(before, after);
    await inThread(request, ending.signal, (answer) => {
      if (answer.kind === "plan") {
        plan = answer;
        const slow = plan.seconds > 1.5 * 2 * request.seconds ? ", the least that tells something" : "";
        part("plan").textContent = `One inference takes ${formatMs(plan.runMs)} here. All will take about ${
          duration(plan.seconds)
        }${slow}.`;
      } else if (answer.kind === "progress") part("progress").textContent = progressText(answer.fraction, answer.text);
      else if (answer.kind === "level") {
        levels.push(answer.level);
        said();
      } else said(answer.version);
    });
  } catch (error) {
    failure = ending.signal.aborted
      ? "Stopped."
      : `It cannot be timed here: ${
        `${error instanceof Error ? error.message : error}`.replace(/; give them .*/s, ".")
      }`; // to the command line
  }
  stop = undefined;
  part("time").textContent = TIME;
  part("plan").textContent = "";
  part("progress").textContent = failure;
}

/** What to time. Throws where an input is no tensor. */
async function requestOf(before: Model, after: Model): Promise<TimerRequest> {
  const inputs = before.inputs.map(({ name, type, shape }) => {
    if (!type) throw new Error(`input ${name} is a sequence, an optional value or a map, and only tensors can be fed.`);
    return { name, type, dims: (shape ?? []).map((dim) => dim ?? "") };
  });
  return {
    before: await before.bytes(),
    after: await after.bytes(),
    inputs,
    size: Number((part("size") as HTMLInputElement).value) || undefined,
    seconds: Number((part("seconds") as HTMLInputElement).value) || 5,
  };
}

/** Asks a new thread to time; resolves when it is done. Throws what it fails with, and where the signal is aborted. */
async function inThread(
  request: TimerRequest,
  signal: AbortSignal,
  hear: (answer: Exclude<TimerAnswer, { kind: "failed" }>) => void,
): Promise<void> {
  const script = URL.createObjectURL(new Blob([`(${await loadTimer()})()`], { type: "text/javascript" }));
  const thread = new Worker(script);
  try {
    await new Promise<void>((resolve, reject) => {
      signal.onabort = () => reject(signal.reason);
      if (signal.aborted) reject(signal.reason);
      thread.onerror = ({ message }) => reject(new Error(message || "this browser starts no thread for it"));
      thread.onmessage = ({ data: answer }: { data: TimerAnswer }) => {
        if (answer.kind === "failed") return reject(new Error(answer.message));
        hear(answer);
        if (answer.kind === "done") resolve();
      };
      thread.postMessage(request);
    });
  } finally {
    thread.terminate(); // at once, whatever it does
    URL.revokeObjectURL(script);
  }
}

let begun = 0;

/** How far it is, and how long the rest will take where that can be told. */
function progressText(fraction: number, text: string): string {
  if (fraction === 0) begun = performance.now();
  const left = fraction > 0.02
    ? `, ${duration((performance.now() - begun) / 1000 * (1 - fraction) / fraction)} left`
    : "";
  return `${Math.round(100 * fraction)}% ${text}${left}`;
}

/** What was measured, until now or in all. */
function timesShown(levels: readonly TimedLevel[], note: string | undefined, version: string | undefined): string {
  if (levels.length === 0) return "";
  const rows = levels.map(({ level, beforeMs, afterMs, speedup, verdict }) => [
    level,
    formatMs(beforeMs),
    formatMs(afterMs),
    htmlInterval(speedup),
    `<span class="verdict ${verdict}">${formatVerdict(verdict)}</span>`,
  ]);
  const how = levels.map(({ level, rounds, relativeL2 }) =>
    `${level}: ${rounds} paired rounds in random order; the outputs differ by ${formatPower(relativeL2)} of their norm.`
  );
  const runtime = version === undefined ? "" : `ONNX Runtime ${version}, WebAssembly, one thread.`;
  return htmlTable(["level", "before", "after", "speed-up (95% CI)", "verdict"], rows, {
    numbers: [1, 2],
    className: "stack",
  }) + `<p class="meaning">${escapeMarkup([...how, note ?? "", runtime].filter(Boolean).join(" "))}</p>`;
}

/** The text of the function that a thread runs. Its file lies beside the page: one from a file share may load scripts, not fetch. */
function loadTimer(): Promise<string> {
  const loaded = () => (globalThis as unknown as { layerfuseTimer?: () => void }).layerfuseTimer;
  const known = loaded();
  if (known) return Promise.resolve(`${known}`);
  part("progress").textContent = "Loading ONNX Runtime …";
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = "runtime.js";
    script.onload = () => resolve(`${loaded()}`);
    script.onerror = () => reject(new Error("runtime.js is not beside this page"));
    document.head.append(script);
  });
}

const TIME = part("time").textContent!;
const drop = part("drop"), input = part("file") as HTMLInputElement;
input.onchange = () => input.files?.length && take([...input.files]);
// a file that misses the field would otherwise take the page's place
document.ondragover = (event) => {
  event.preventDefault();
  drop.classList.add("over");
};
document.ondragleave = () => drop.classList.remove("over");
document.ondrop = (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  const files = event.dataTransfer?.files;
  if (files?.length) take([...files]);
};
part("time").onclick = time;
