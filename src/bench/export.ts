/**
 * A comparison for other tools: a Markdown table for a pull request, github-action-benchmark's format, saved JSON.
 *
 * @module
 */
import { quantile } from "simple-statistics";
import type { GateResult } from "./gate.ts";
import type { Comparison, Interval, LevelComparison, Timing } from "./types.ts";

/** One entry of github-action-benchmark's `customSmallerIsBetter` format. */
export interface BenchmarkEntry {
  /** What was measured. */
  name: string;
  /** `ms` or `ratio`. */
  unit: string;
  /** The value; smaller is better. */
  value: number;
  /** Its spread, as the tool prints it. */
  range?: string;
  /** Anything else, shown in a tooltip. */
  extra?: string;
}

/**
 * A Markdown table with one row per level, what the gate said of it where it was asked, the error, then how it was measured.
 *
 * @example
 * ```ts
 * import { compare, toMarkdown } from "@layerfuse/layerfuse/bench";
 *
 * const model = new URL("../../tests/fixtures/fashion_resnet.onnx", import.meta.url);
 * const table = toMarkdown(await compare(model, model, { seconds: 0.2, levels: ["all"] }));
 * if (!table.includes("| all |")) throw new Error(table);
 * ```
 */
export function toMarkdown(comparison: Comparison, verdict?: GateResult): string {
  const { before, after, levels, error, environment, inputs, notes } = comparison;
  const rows = levels.map((level) =>
    `| ${level.level} | ${ms(level.before)} | ${ms(level.after)} | ${interval(level.speedup)} | ${level.verdict} |`
  );
  const shapes = inputs.map(({ name, dims }) => `${name} ${dims.join("×") || "scalar"}`).join(", ");
  const { cpu, cores, os, provider, threads, onnxruntime, deno, node, seed } = environment;
  return [
    `**${escapeMarkdown(before.name)}** → **${escapeMarkdown(after.name)}**`,
    "",
    "| ONNX Runtime's optimizations | before | after | speed-up (95% CI) | verdict |",
    "|---|---:|---:|---:|---|",
    ...rows,
    "",
    ...(verdict ? [`**${escapeMarkdown(verdict.sentence)}**`, ""] : []),
    ...(verdict?.warnings ?? []).flatMap((warning) => [`> ${escapeMarkdown(warning)}`, ""]),
    `Output difference: L2 ${short(error.l2)} of ${short(error.norm)} (relative ${short(error.relativeL2)}), ` +
    `max ${short(error.maxAbs)}${topOne(error)}.`,
    "",
    `<sub>${escapeMarkdown(cpu)}, ${cores} cores, ${
      escapeMarkdown(os)
    }; provider ${provider}, ${threads} threads; input ${escapeMarkdown(shapes)}; ` +
    `ONNX Runtime ${onnxruntime}, ${deno ? `Deno ${deno}` : `Node ${node}`}; seed ${seed}.</sub>`,
    ...notes.flatMap((note) => ["", `> ${escapeMarkdown(note)}`]),
    "",
  ].join("\n");
}

/**
 * github-action-benchmark's `customSmallerIsBetter` format: both median times a level, and their ratio, which unlike the times
 * can be read across machines; then the relative error.
 */
export function toGithubActionBenchmark({ after, levels, error }: Comparison): BenchmarkEntry[] {
  return [
    ...levels.flatMap((level) => [
      time(`${after.name}, level ${level.level}: before`, level.before),
      time(`${after.name}, level ${level.level}: after`, level.after),
      ratio(`${after.name}, level ${level.level}: after/before`, level),
    ]),
    { name: `${after.name}: relative L2 error`, unit: "ratio", value: error.relativeL2 },
  ];
}

function topOne({ top1Agreement, classRows }: Comparison["error"]): string {
  if (top1Agreement === null) return "";
  return `, same top-1 for ${(100 * top1Agreement).toFixed(1)}%${
    classRows === undefined ? "" : ` of ${classRows} input${classRows === 1 ? "" : "s"}`
  }`;
}

function time(name: string, { medianMs, samplesMs }: Timing): BenchmarkEntry {
  const [low, high] = quantile(samplesMs, [0.25, 0.75]);
  return {
    name,
    unit: "ms",
    value: medianMs,
    range: `${short(low)}–${short(high)}`,
    extra: `${samplesMs.length} rounds`,
  };
}

function ratio(name: string, { speedup, verdict }: LevelComparison): BenchmarkEntry {
  const range = `${(1 / speedup.high).toFixed(4)}–${(1 / speedup.low).toFixed(4)}`;
  return { name, unit: "ratio", value: 1 / speedup.estimate, range, extra: verdict };
}

/**
 * Reads a saved comparison.
 *
 * @param name Where it came from, for messages.
 * @throws {Error} If it is not JSON, not a comparison of schema version 1, or damaged.
 */
export function parseComparison(json: string, name = "comparison"): Comparison {
  let value: Partial<Comparison> | null;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new Error(`${name}: not JSON (${error instanceof Error ? error.message : error})`);
  }
  if (value?.schemaVersion !== 1) {
    throw new Error(
      `${name}: schemaVersion ${JSON.stringify(value?.schemaVersion)}, expected 1 (a file that compare --json wrote)`,
    );
  }
  for (const key of ["environment", "before", "after", "levels", "error"] as const) {
    if (!value[key]) throw new Error(`${name}: "${key}" is missing; expected a file that compare --json wrote`);
  }
  if (!isList(value.inputs, isObject) || !isList(value.levels, isLevel)) {
    throw new Error(`${name}: its inputs or levels are damaged; expected a file that compare --json wrote`);
  }
  return value as Comparison;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isList(value: unknown, isEntry: (entry: unknown) => boolean): value is unknown[] {
  return Array.isArray(value) && value.every(isEntry);
}

/** Whether a saved level has what is computed from it again. */
function isLevel(level: unknown): boolean {
  if (!isObject(level)) return false;
  const { before, after, lnRatios, openings, decision } = level;
  const isNumbers = (value: unknown) => isList(value, Number.isFinite) && value.length > 0;
  return [before, after].every((timing) => isObject(timing) && Number.isFinite(timing.medianMs)) &&
    isNumbers(lnRatios) &&
    (openings === undefined || isNumbers(openings)) &&
    (decision === undefined || isObject(decision) && isObject(decision.evidence));
}

function ms({ medianMs }: Timing): string {
  return `${short(medianMs)} ms`;
}

function interval({ estimate, low, high }: Interval): string {
  return `${estimate.toFixed(3)}× (${low.toFixed(3)}–${high.toFixed(3)})`;
}

/** Three significant digits, without an exponent where that reads well. */
function short(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) return value.toExponential(2);
  return size >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** Text as it stands in a Markdown table's cell: no name becomes markup, or ends the cell. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[|<>*_`\\]/g, "\\$&");
}
