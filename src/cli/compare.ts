import { gate, parseShare, toGithubActionBenchmark, toMarkdown } from "../bench/mod.ts";
import { fuse, type FusionReport, layersOf, open } from "../fusion/mod.ts";
import { comparisonText, renderReport } from "../plot/mod.ts";
import { byRule } from "./by_rule.ts";
import { type Arguments, type Command, number, text, UsageError } from "./command.ts";
import { compareAloud } from "./compare_aloud.ts";
import { MEASURE_OPTIONS, measureOptions } from "./measure_options.ts";
import { readInputFiles } from "./input_folder.ts";
import { checkFolder, writeWhole } from "./write_whole.ts";

/** Options that name a file to write. */
const FILES = ["json", "report", "markdown", "benchmark"] as const;

/** Reads the limits of the gate. Throws a {@link UsageError} where one is no number. */
function limits(args: Arguments): { failIfSlower?: number; maxError?: number } {
  const slower = text(args, "fail-if-slower");
  try {
    return { failIfSlower: slower === undefined ? undefined : parseShare(slower), maxError: number(args, "max-error") };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`--fail-if-slower ${(error as Error).message}`);
  }
}

/** `layerfuse compare BEFORE [AFTER]`. */
export const compareCommand: Command = {
  name: "compare",
  usage: "BEFORE [AFTER] [--levels A,B] [--provider NAME] [--seconds S] [--json FILE] [--report FILE.html] " +
    "[--fail-if-slower 2%] [--max-error 1e-4] [--by-rule]",
  summary: "Time two models against each other and compare their outputs. Without AFTER it fuses BEFORE first.",
  positionals: [1, 2],
  options: {
    ...MEASURE_OPTIONS,
    inputs: { type: "string", help: "FOLDER feed these .npy, .pb, .png or .jpg files in place of random numbers" },
    "by-rule": { type: "boolean", help: "also time the fused model without each rule (only without AFTER)" },
    json: { type: "string", help: "FILE write everything measured as JSON (- for standard output)" },
    report: { type: "string", help: "FILE.html write a report to look at" },
    markdown: { type: "string", help: "FILE.md write a table for a pull request" },
    benchmark: { type: "string", help: "FILE.json write github-action-benchmark's custom format (smaller is better)" },
    "fail-if-slower": { type: "string", help: "2% exit 1 where AFTER is surely slower by more than this" },
    "max-error": { type: "string", help: "1e-4 exit 1 where the relative L2 error is larger" },
  },
  async run(args) {
    const [first, second] = args.positionals, isFused = second === undefined;
    const options = measureOptions(args), gateLimits = limits(args);
    if (args.values["by-rule"] && !isFused) {
      throw new UsageError("--by-rule: there are no rules between two given models.");
    }
    for (const option of FILES) await checkFolder(text(args, option));
    const before = await open(first);
    const fused = isFused ? await fuse(before) : undefined;
    const fusion: FusionReport | undefined = fused?.report, after = fused?.model ?? await open(second);
    const folder = text(args, "inputs");
    if (folder !== undefined) options.inputs = await readInputFiles(folder, before, options);
    const comparison = await compareAloud(before, after, options);
    if (fusion && args.values["by-rule"]) comparison.rules = await byRule(before, after, fusion, options);

    const write = async (option: typeof FILES[number], content: () => string) => {
      const path = text(args, option);
      if (path !== undefined && path !== "-") await writeWhole(path, content());
    };
    const json = () => JSON.stringify({ ...comparison, ...fusion ? { fusion } : {} }, null, 2);
    console.log(text(args, "json") === "-" ? json() : comparisonText(comparison));
    await write("json", json);
    await write(
      "report",
      () => {
        const layers = { before: layersOf(before, comparison.inputs), after: layersOf(after, comparison.inputs) };
        return renderReport({ comparison, fusion, graphs: { before, after }, layers, rules: comparison.rules });
      },
    );
    await write("markdown", () => toMarkdown(comparison));
    await write("benchmark", () => JSON.stringify(toGithubActionBenchmark(comparison), null, 2));
    if (gateLimits.failIfSlower === undefined && gateLimits.maxError === undefined) return 0;
    const { passed, sentence, warnings } = gate(comparison, gateLimits);
    for (const line of [...warnings, sentence]) console.error(line);
    return passed ? 0 : 1;
  },
};
