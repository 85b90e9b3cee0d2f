import { compare, type CompareOptions, type ModelSource } from "../bench/mod.ts";
import { fuse, type FusionReport, open } from "../fusion/mod.ts";
import { comparisonText, renderReport } from "../plot/mod.ts";
import { type Command, text, UsageError } from "./command.ts";
import { MEASURE_OPTIONS, measureOptions } from "./measure_options.ts";
import { startProgress } from "./progress.ts";

/** Options without those that were not given, so that defaults stand. */
function given<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** Compares with a progress bar; Ctrl-C stops it and keeps what was measured. */
export async function compareAloud(before: ModelSource, after: ModelSource, options: CompareOptions) {
  const progress = await startProgress(), abort = new AbortController();
  const interrupt = () => abort.abort();
  Deno.addSignalListener("SIGINT", interrupt);
  try {
    return await compare(before, after, {
      ...given(options),
      signal: abort.signal,
      onProgress: (fraction, text) => progress.update(fraction, text),
    });
  } finally {
    progress.stop();
    Deno.removeSignalListener("SIGINT", interrupt);
  }
}

/** Writes a text file whole or not at all. */
export async function writeWhole(path: string, content: string): Promise<void> {
  const temporary = `${path}.part`;
  try {
    await Deno.writeTextFile(temporary, content);
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw new UsageError(`${path}: cannot be written (${(error as Error).message})`);
  }
}

/** `layerfuse compare BEFORE [AFTER]`. */
export const compareCommand: Command = {
  name: "compare",
  usage: "BEFORE [AFTER] [--levels A,B] [--provider NAME] [--seconds S] [--json FILE] [--report FILE.html]",
  summary: "Time two models against each other and compare their outputs. Without AFTER it fuses BEFORE first.",
  positionals: [1, 2],
  options: {
    ...MEASURE_OPTIONS,
    json: { type: "string", help: "FILE write everything measured as JSON (- for standard output)" },
    report: { type: "string", help: "FILE.html write a report to look at" },
  },
  async run(args) {
    const [first, second] = args.positionals;
    const options = measureOptions(args);
    const before = await open(first);
    const fusion: FusionReport | undefined = second === undefined ? (await fuse(before)).report : undefined;
    const after = second === undefined ? (await fuse(before)).model : await open(second);
    const comparison = await compareAloud(before, after, options);
    const json = text(args, "json"), report = text(args, "report");
    const content = JSON.stringify({ ...comparison, ...fusion ? { fusion } : {} }, null, 2);
    if (json === "-") console.log(content);
    else console.log(comparisonText(comparison));
    if (json !== undefined && json !== "-") await writeWhole(json, content);
    if (report !== undefined) await writeWhole(report, renderReport({ comparison, fusion, graphs: { before, after } }));
    return 0;
  },
};
