import type { Demonstration } from "./demonstrate.ts";
import { bundle, type MimeBundle } from "../plot/bundle.ts";
import { formatInterval, formatPower } from "../plot/format.ts";
import { displayed } from "../plot/displayed.ts";
import { htmlFigure } from "../plot/figure.ts";
import { htmlInterval, htmlTable } from "../plot/parts.ts";
import { ruleSpeedups } from "../plot/rule_speedups.ts";
import { markdownTable, textTable } from "../plot/text_layout.ts";

/** All demonstrations side by side: speed-up at each level, and error. In a notebook it shows itself. */
export interface FamilyOverview {
  /** The demonstrations, in the order given. */
  readonly demonstrations: readonly Demonstration[];
}

/** Sets demonstrations side by side: a table, and the speed-ups at the last level as a plot. */
export function familyOverview(demonstrations: readonly Demonstration[]): FamilyOverview {
  return displayed({ demonstrations }, () => display(demonstrations), false);
}

function display(demonstrations: readonly Demonstration[]): MimeBundle {
  const levels = demonstrations[0]?.comparison.levels.map(({ level }) => level) ?? [];
  const head = ["family", "nodes", ...levels.map((level) => `speed-up, ${level}`), "relative L2 error"];
  const rows = (interval: typeof formatInterval) =>
    demonstrations.map(({ family, report, comparison }) => [
      family,
      `${report.before.nodes} → ${report.after.nodes}`,
      ...comparison.levels.map(({ speedup }) => interval(speedup)),
      formatPower(comparison.error.relativeL2),
    ]);
  const last = demonstrations.flatMap(({ family, comparison }) => {
    const level = comparison.levels.at(-1);
    return level ? [{ rule: family, speedup: level.speedup }] : [];
  });
  const plain = rows(formatInterval);
  const words = {
    title: "Speed-up by family",
    subtitle: `With ONNX Runtime’s optimizations at “${levels.at(-1)}”, and its 95% interval`,
  };
  return bundle(textTable(head, plain).join("\n"), `${markdownTable(head, plain).join("\n")}\n`, [
    htmlTable(head, rows(htmlInterval), { className: "stack" }),
    htmlFigure((width) => ruleSpeedups(last, { width, ...words })),
  ]);
}
