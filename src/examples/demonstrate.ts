import { compare, type CompareOptions, type Comparison } from "../bench/mod.ts";
import { fuse, type FusionReport, type Model } from "../fusion/mod.ts";
import { bundle, type MimeBundle } from "../plot/bundle.ts";
import { formatCount, formatInterval, formatMs, formatNumberOf, formatPower, formatVerdict } from "../plot/format.ts";
import { fusionPicture } from "../plot/fusion_picture.ts";
import { progressLine, withData, withFlush } from "../plot/jupyter.ts";
import { htmlFigure } from "../plot/figure.ts";
import { htmlInterval, htmlTable } from "../plot/parts.ts";
import { markdownTable, textTable } from "../plot/text_layout.ts";
import { COMPARE_OPTIONS } from "../bench/compare_options.ts";
import { interruptSignal } from "../host/interrupts.ts";
import { checked } from "../host/options.ts";
import { shownComparison, shownModel, shownReport } from "../plot/shown_results.ts";
import { type Family, familyModel, familyShape } from "./families.ts";

const HEAD = ["optimizations", "before", "after", "speed-up (95% CI)", "verdict"];

/** One family of rules at work on its smallest network, measured. In a notebook it shows itself. */
export class Demonstration {
  /** The family. */
  readonly family: Family;
  /** The network as it was. */
  readonly before: Model;
  /** The network after fusion. */
  readonly after: Model;
  /** What was fused. */
  readonly report: FusionReport;
  /** Its speed and its error. */
  readonly comparison: Comparison;

  /** Puts together what {@link demonstrate} found. */
  constructor(found: Pick<Demonstration, "family" | "before" | "after" | "report" | "comparison">) {
    ({
      family: this.family,
      before: this.before,
      after: this.after,
      report: this.report,
      comparison: this.comparison,
    } = found);
  }

  /** The graph before and after, the speed-up at each level, and the error. */
  [Symbol.for("Jupyter.display")](): MimeBundle {
    const { family, before, after, report, comparison } = this;
    const sentence = `${formatNumberOf(report.before.nodes, "node")} became ${formatCount(report.after.nodes)}; ` +
      `the relative L2 error is ${formatPower(comparison.error.relativeL2)}.`;
    const table = (interval: typeof formatInterval) =>
      comparison.levels.map((level) => [
        level.level,
        formatMs(level.before.medianMs),
        formatMs(level.after.medianMs),
        interval(level.speedup),
        formatVerdict(level.verdict),
      ]);
    const rows = table(formatInterval);
    const shown = bundle(
      [sentence, "", ...textTable(HEAD, rows)].join("\n"),
      [sentence, "", ...markdownTable(HEAD, rows), ""].join("\n"),
      [
        htmlFigure((width) => fusionPicture(before, after, report, { whole: true, width })),
        htmlTable(HEAD, table(htmlInterval), { numbers: [1, 2], className: "stack" }),
        `<p>${sentence}</p>`,
      ],
    );
    return withFlush(withData(shown, { family, report, comparison }));
  }
}

/**
 * Shows what a family of rules does to its smallest network: fuses it and times it before and after, with ONNX Runtime's
 * own optimizations off and all on, `options.seconds` in all (default 3).
 *
 * @example
 * ```ts
 * import { demonstrate } from "@layerfuse/layerfuse/examples";
 *
 * const { report, comparison } = await demonstrate("layer-after-layer", { seconds: 0.2 });
 * if (report.after.nodes !== 2 || comparison.error.relativeL2 > 1e-5) throw new Error("not fused, or not the same");
 * ```
 */
export async function demonstrate(family: Family, options: CompareOptions = {}): Promise<Demonstration> {
  checked("demonstrate", options, COMPARE_OPTIONS);
  const before = familyModel(family);
  const { model: after, report } = await fuse(before);
  const comparison = await compare(before, after, {
    shape: [...familyShape(family)],
    seconds: 3,
    onProgress: progressLine(),
    signal: interruptSignal(),
    ...options,
  });
  return new Demonstration({
    family,
    before: shownModel(before),
    after: shownModel(after),
    report: shownReport(report, { before, after }),
    comparison: shownComparison(comparison),
  });
}
