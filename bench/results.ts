/**
 * `deno task results [--seconds S] [--only A,B] [--out FILE]`: every network that fusion is meant to speed up, or not to slow down,
 * at ONNX Runtime's level `all`, original against fused. Writes the table in bench/RESULTS.md, and every sample to
 * reports/results/.
 *
 * @module
 */
import { parseArgs } from "node:util";
import {
  type Architecture,
  build,
  compare,
  type Comparison,
  defaultInputShape,
  fuse,
  type FusionReport,
} from "../mod.ts";

/** A network and what is asked of its fused form: a speed-up at least, or not to be called slower (0). */
const GOALS: Partial<Record<Architecture, number>> = {
  mobileone_s0: 2.5,
  repvgg_a0: 1.12,
  lora_transformer: 1.12,
  densenet121: 1.05,
  unet: 1,
  resnet101: 0,
  mobilenet_v2: 0,
  efficientnet_b0: 0,
};

const { values } = parseArgs({
  args: Deno.args,
  options: {
    seconds: { type: "string", default: "60" },
    only: { type: "string" },
    out: { type: "string", default: new URL("RESULTS.md", import.meta.url).pathname },
  },
});
const names = (values.only?.split(",") ?? Object.keys(GOALS)) as Architecture[];
const folder = new URL("../reports/results/", import.meta.url);
await Deno.mkdir(folder, { recursive: true });

type Saved = Comparison & { fusion: FusionReport };

for (const name of names) {
  const path = await Deno.makeTempFile({ suffix: ".onnx" });
  try {
    await (await build(name, { seed: 0 })).save(path);
    const { model, report } = await fuse(path);
    const shape = [...defaultInputShape(name)];
    const result = await compare(path, model, { levels: ["all"], shape, seconds: Number(values.seconds) });
    const saved: Saved = { ...result, fusion: report };
    await Deno.writeTextFile(new URL(`${name}.json`, folder), JSON.stringify(saved, null, 2));
    console.log(row(name, saved));
  } finally {
    await Deno.remove(path);
  }
}

function row(name: Architecture, { levels, error, inputs, fusion, environment }: Saved): string {
  const [level] = levels, { estimate, low, high } = level.speedup, goal = GOALS[name] ?? 0;
  const asked = goal > 1 ? `≥ ${goal}×` : goal === 1 ? "faster" : "not slower";
  const met = goal > 1 ? estimate >= goal : goal === 1 ? level.verdict === "faster" : level.verdict !== "slower";
  const control = level.control;
  return `| ${
    [
      name,
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
      `${asked}: ${met ? "yes" : "no"}`,
    ].join(" | ")
  } |`;
}

const saved: Saved[] = [], rows: string[] = [];
for (const name of Object.keys(GOALS) as Architecture[]) {
  const text = await Deno.readTextFile(new URL(`${name}.json`, folder)).catch(() => undefined);
  if (text === undefined) continue; // not measured yet
  saved.push(JSON.parse(text));
  rows.push(row(name, saved.at(-1)!));
}
const { environment: e } = saved.at(-1)!;
await Deno.writeTextFile(
  values.out,
  `# Results

Original against fused, both at ONNX Runtime's level \`all\` (its own fusions on), seeded weights, paired rounds, 95%
intervals. "Floor" is what could not be told from 1 with so many openings: the noise floor. "Load" is the
machine's load average at the start of the row. Written by \`npx -y deno task results\` (\`--only A,B\` measures some anew);
every sample is in \`reports/results/\` after that.

${e.date.slice(0, 10)}, ${e.cpu}, ${e.cores} cores, ${
    (e.memoryBytes / 2 ** 30).toFixed(0)
  } GiB, ${e.os}; Deno ${e.deno}, ONNX
Runtime ${e.onnxruntime}, provider ${e.provider}, ${e.threads} threads.

| model | input | nodes | before | after | speed-up (95% CI) | verdict | floor | rounds | load | relative L2 error | ONNX Runtime's own | asked |
|---|---|---|---:|---:|---|---|---|---:|---:|---:|---:|---|
${rows.join("\n")}
`,
);
