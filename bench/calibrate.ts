/**
 * `deno task bench:calibrate [--seconds S] [--threads N] [--only RULE,RULE] [--out FILE]`: every rule with a gate on networks of
 * many channels and sizes, without the gate, at ONNX Runtime's level `all`: rounds of the network as it is and as the rule makes
 * it side by side, as `compare` does. Writes bench/CALIBRATION.md, which the gates are read off; sections of rules that are not
 * measured stay.
 *
 * @module
 */
import { compare, fuse, type Model, type Runtime } from "../mod.ts";
import { rewriteGraphs } from "../src/rewrite/driver.ts";
import type { Rule } from "../src/rewrite/rule.ts";
import { CALIBRATION_CASES, type CalibrationCase, titleOf } from "./calibration_cases.ts";
import { type CalibrationCell, sectionFor, sectionsIn } from "./calibration_table.ts";
import { taskOptions } from "../tasks/task_options.ts";

const { values } = await taskOptions(import.meta.url, {
  options: {
    seconds: { type: "string", default: "6" },
    threads: { type: "string" },
    only: { type: "string" },
    out: { type: "string", default: new URL("CALIBRATION.md", import.meta.url).pathname },
  },
});

/** A model with one rule applied wherever it can be, its gate aside; undefined where that is nowhere. */
function rewritten(model: Model, rule: Rule, runtime: Runtime): Model | undefined {
  const graphs = model.graphs();
  const { applied } = rewriteGraphs([graphs.graph, ...graphs.functions], {
    rules: [rule],
    runtime,
    ungated: true,
    aggressive: true,
    allowGrowth: true,
  });
  return applied.length > 0 ? model.with(graphs) : undefined;
}

let where: string | undefined;

async function measured(one: CalibrationCase, channels: number, size: number): Promise<CalibrationCell> {
  const { rule } = one, { model, shape } = one.build(channels, size);
  const runtime = rule.runtimes?.[0] ?? "onnxruntime", other = rewritten(model, rule, runtime);
  if (!other) return { channels, size, isApplied: false };
  const { report } = await fuse(model, { rules: [rule.name], runtime });
  const { levels: [level], environment: e } = await compare(model, other, {
    levels: ["all"],
    shape,
    seconds: Number(values.seconds),
    profile: false,
    ...values.threads && { threads: Number(values.threads) },
  });
  where = `Measured ${e.date.slice(0, 10)}: ${e.cpu}, ${e.threads} threads, ONNX Runtime ${e.onnxruntime}.`;
  const isApplied = !rule.isForMeasuring && report.applied.length > 0;
  // with more threads CPU time counts those that wait, too
  return { channels, size, isApplied, speedup: e.threads === 1 ? level.cpuSpeedup ?? level.speedup : level.speedup };
}

const only = values.only?.split(",");
const unknown = only?.find((name) => !CALIBRATION_CASES.some(({ rule }) => rule.name === name));
if (unknown !== undefined) {
  const names = CALIBRATION_CASES.map(({ rule }) => rule.name);
  console.error(`calibrate: rule '${unknown}': no gate to calibrate; expected one of ${names.join(", ")}`);
  Deno.exit(2);
}
const sections = sectionsIn(await Deno.readTextFile(values.out).catch(() => ""));
for (const one of CALIBRATION_CASES) {
  if (only && !only.includes(one.rule.name)) continue;
  const cells: CalibrationCell[] = [];
  for (const channels of one.channels) {
    for (const size of one.sizes) {
      const cell = await measured(one, channels, size);
      cells.push(cell);
      const ratio = cell.speedup ? `${cell.speedup.estimate.toFixed(3)}×` : "nothing to do";
      console.log(`${titleOf(one)} ${channels} channels, size ${size}: ${ratio}${cell.isApplied ? ", applied" : ""}`);
    }
  }
  sections.set(titleOf(one), `${sectionFor(one, cells)}\n\n${where ?? ""}`.trim());
}
const ordered = CALIBRATION_CASES.flatMap((one) => sections.get(titleOf(one)) ?? []);
await Deno.writeTextFile(
  values.out,
  `# Calibration

Where each rule with a gate pays: time of a small network as it is over time with the rule (CPU time where that was
measured on one thread) at ONNX Runtime's level \`all\`, medians of paired rounds. In bold what is applied by default; the rest is what the gate
leaves out. Written by \`npx -y deno task bench:calibrate\` (\`--only RULE\` measures one anew).

${ordered.join("\n\n")}
`,
);
await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", values.out] }).output();
