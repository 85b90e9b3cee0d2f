/**
 * The tables of bench/RESULTS.md: one a level, a row a network.
 *
 * @module
 */
import type { Comparison, FusionReport, Level } from "../mod.ts";
import type { Network } from "./networks.ts";

/** A comparison and what fusion did. */
export type Saved = Comparison & { fusion: FusionReport };

/** What each column holds; numbers are set to the right. */
const COLUMNS: readonly (readonly [title: string, isNumber: boolean])[] = [
  ["model", false],
  ["input", false],
  ["nodes", false],
  ["before", true],
  ["after", true],
  ["speed-up (95% CI)", false],
  ["verdict", false],
  ["floor", false],
  ["rounds", true],
  ["load", true],
  ["relative L2 error", true],
  ["ONNX Runtime's own", true],
  ["measured", false],
  ["asked", false],
];

/** The row of a network, or undefined where it was not measured at that level. */
export function rowOf(network: Network, { levels, error, inputs, fusion, environment }: Saved, at: Level) {
  const level = levels.find(({ level }) => level === at);
  if (!level) return undefined;
  const { estimate, low, high } = level.speedup, { control } = level;
  const cells = [
    network.name,
    inputs[0].dims.join("×"),
    `${fusion.before.nodes} → ${fusion.after.nodes}`,
    `${level.before.medianMs.toPrecision(3)} ms`,
    `${level.after.medianMs.toPrecision(3)} ms`,
    `**${estimate.toFixed(3)}×** (${low.toFixed(3)}–${high.toFixed(3)})`,
    level.verdict,
    control ? `${control.speedup.low.toFixed(3)}–${control.speedup.high.toFixed(3)}` : "–",
    String(level.lnRatios.length),
    environment.load?.toFixed(1) ?? "?",
    error.relativeL2.toExponential(1),
    error.runtime ? error.runtime.relativeL2.toExponential(1) : "–",
    environment.date.slice(0, 10),
    answer(network.asked[at], at, estimate, level.verdict),
  ];
  return `| ${cells.join(" | ")} |`;
}

function answer(asked: number | "faster" | undefined, at: Level, estimate: number, verdict: string): string {
  if (asked === undefined && at !== "all") return "–";
  const [words, isMet] = asked === "faster"
    ? ["faster", verdict === "faster"]
    : asked === undefined
    ? ["≥ 0.99×, not slower", estimate >= 0.99 && verdict !== "slower"]
    : [`≥ ${asked}×`, estimate >= asked];
  return `${words}: ${isMet ? "yes" : "no"}`;
}

/** The table of a level. Rows of an earlier file stay where a network was not measured anew. */
export function tableOf(networks: readonly Network[], rows: ReadonlyMap<string, string>, earlier: string): string {
  const kept = earlierRows(earlier);
  const lines = networks.map(({ name }) => rows.get(name) ?? kept.get(name)).filter((row) => row !== undefined);
  const head = COLUMNS.map(([title]) => title), rule = COLUMNS.map(([, isNumber]) => isNumber ? "---:" : "---");
  return [`| ${head.join(" | ")} |`, `| ${rule.join(" | ")} |`, ...lines].join("\n");
}

/** Rows with these columns, by network. */
function earlierRows(text: string): Map<string, string> {
  const rows = text.split("\n").filter((line) => line.startsWith("|")).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim())
  );
  return new Map(
    rows.filter((cells) => cells.length === COLUMNS.length && cells[0] !== COLUMNS[0][0] && !/^:?-+:?$/.test(cells[0]))
      .map((cells) => [cells[0], `| ${cells.join(" | ")} |`]),
  );
}

/** The text below the heading `## …` of a file, up to the next. */
export function sectionOf(text: string, heading: string): string {
  const [, after = ""] = text.split(`${heading}\n`);
  return after.split(/^## /m)[0];
}
