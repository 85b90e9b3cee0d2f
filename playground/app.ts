/**
 * The page: a model is dropped, fused in the page, shown, and timed where that is asked for. Nothing is sent anywhere.
 *
 * @module
 */
/// <reference lib="dom" />
import type { Model } from "../src/fusion/model.ts";
import type { FusionReport } from "../src/rewrite/report.ts";
import { SKIP_CODES } from "../src/ops/skip.ts";
import { escapeMarkup, formatMs, formatVerdict } from "../src/plot/format.ts";
import { htmlApplied, htmlPictures, htmlSkipped } from "../src/plot/fusion_parts.ts";
import { htmlInterval, htmlTable } from "../src/plot/parts.ts";
import { wroteSentence } from "../src/cli/wrote_sentence.ts";
import type { Fusion } from "./fusion.ts";
import { type Runtime, timeInPage } from "./timing.ts";

declare const layerfuse: Fusion;

const part = (id: string) => document.getElementById(id)!;
const say = (text: string) => part("status").textContent = text;

/** The model that is shown. */
let shown: { before: Model; after: Model; name: string } | undefined;

/** Fuses the model among files that came together, the one called .onnx; the others are its data. */
async function take(files: readonly File[]): Promise<void> {
  const file = files.find(({ name }) => /\.onnx$/i.test(name)) ?? files[0],
    others = files.filter((one) => one !== file);
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
  const link = part("download") as HTMLAnchorElement;
  URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  link.download = name;
  const isDynamic = before.inputs.some(({ shape }) => shape?.slice(1).some((dim) => typeof dim !== "number"));
  part("size-field").hidden = !isDynamic;
  part("result").hidden = false;
  say(wroteSentence(name, file.name, report).replace(/^Wrote /, ""));
}

async function time(): Promise<void> {
  if (!shown) return;
  const button = part("time") as HTMLButtonElement, { before, after } = shown;
  button.disabled = true;
  try {
    const runtime = await loadRuntime();
    const inputs = before.inputs.map(({ name, type, shape }) => {
      if (!type) {
        throw new Error(`input ${name} is a sequence, an optional value or a map, and only tensors can be fed.`);
      }
      return { name, type, dims: (shape ?? []).map((dim) => dim ?? "") };
    });
    const { levels, note } = await timeInPage(runtime, {
      before: await before.bytes(),
      after: await after.bytes(),
      inputs,
      size: Number((part("size") as HTMLInputElement).value) || undefined,
      seconds: Number((part("seconds") as HTMLInputElement).value) || 5,
      onProgress: (fraction, text) => part("progress").textContent = `${Math.round(100 * fraction)}% ${text}`,
    });
    const rows = levels.map(({ level, beforeMs, afterMs, speedup, verdict }) => [
      level,
      formatMs(beforeMs),
      formatMs(afterMs),
      htmlInterval(speedup),
      `<span class="verdict ${verdict}">${formatVerdict(verdict)}</span>`,
    ]);
    part("times").innerHTML = htmlTable(["level", "before", "after", "speed-up (95% CI)", "verdict"], rows, {
      numbers: [1, 2],
      className: "stack",
    }) +
      `<p class="meaning">${
        levels.map(({ level, rounds, relativeL2 }) =>
          `${escapeMarkup(level)}: ${rounds} paired rounds in random order; the outputs differ by ${
            relativeL2.toExponential(2)
          } of their norm.`
        ).join(" ")
      }${note ? ` ${escapeMarkup(note)}` : ""} ONNX Runtime ${
        escapeMarkup(runtime.env.versions.web ?? "")
      }, WebAssembly, one thread.</p>`;
    part("progress").textContent = "";
  } catch (error) {
    part("progress").textContent = `It cannot be timed here: ${
      `${error instanceof Error ? error.message : error}`.replace(/; give them .*/s, ".") // to the command line
    }`;
  } finally {
    button.disabled = false;
  }
}

/** Loads the runtime's script, which lies beside the page, once. A page from a file share may load scripts, not fetch. */
function loadRuntime(): Promise<Runtime> {
  const loaded = () => (globalThis as unknown as { layerfuseRuntime?: Runtime }).layerfuseRuntime;
  const known = loaded();
  if (known) return Promise.resolve(known);
  part("progress").textContent = "Loading ONNX Runtime …";
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = "runtime.js";
    script.onload = () => resolve(loaded()!);
    script.onerror = () => reject(new Error("runtime.js is not beside this page"));
    document.head.append(script);
  });
}

const drop = part("drop"), input = part("file") as HTMLInputElement;
input.onchange = () => input.files?.length && take([...input.files]);
drop.ondragover = (event) => {
  event.preventDefault();
  drop.classList.add("over");
};
drop.ondragleave = () => drop.classList.remove("over");
drop.ondrop = (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  const files = event.dataTransfer?.files;
  if (files?.length) take([...files]);
};
part("time").onclick = time;
