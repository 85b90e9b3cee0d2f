/**
 * `deno task results [--seconds S] [--only A,B] [--out FILE]`: every network that fusion is meant to speed up, or not to slow down,
 * original against fused, at ONNX Runtime's levels `all` and `disabled`. Writes a table for each in bench/RESULTS.md, where the
 * rows of networks that are not measured anew stay, a short one in the README, and every sample to reports/results/.
 *
 * @module
 */
import { compare, fuse, type Level } from "../mod.ts";
import { NETWORKS, networksNamed } from "./networks.ts";
import { withResults } from "./readme_table.ts";
import { rowOf, type Saved, sectionOf, tableOf } from "./results_table.ts";
import { taskOptions } from "../tasks/task_options.ts";

const LEVELS: readonly Level[] = ["all", "disabled"];
const HEADINGS: Partial<Record<Level, string>> = {
  all: "## Level `all`: ONNX Runtime's own fusions on",
  disabled: "## Level `disabled`: ONNX Runtime's own fusions off",
};

const OUT = new URL("RESULTS.md", import.meta.url).pathname;

const { values } = await taskOptions(import.meta.url, {
  options: {
    seconds: { type: "string", default: "60" },
    only: { type: "string" },
    out: { type: "string", default: OUT },
  },
});
const folder = new URL("../reports/results/", import.meta.url);
const measured = chosen(values.only);
await Deno.mkdir(folder, { recursive: true });

function chosen(only: string | undefined) {
  try {
    return networksNamed(only?.split(","));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    console.error(`results: ${error.message}`);
    Deno.exit(2);
  }
}

for (const network of measured) {
  const path = await Deno.makeTempFile({ suffix: ".onnx" });
  try {
    await (await network.original()).save(path);
    const { model, report } = await fuse(path, { runtime: network.runtime });
    const result = await compare(path, model, {
      levels: LEVELS,
      ...network.inputs ?? { shape: network.shape },
      seconds: Number(values.seconds),
    });
    const saved: Saved = { ...result, fusion: report };
    await Deno.writeTextFile(new URL(`${network.name}.json`, folder), JSON.stringify(saved, null, 2));
    for (const level of LEVELS) console.log(level, rowOf(network, saved, level));
  } finally {
    await Deno.remove(path);
  }
}

const rows = new Map(LEVELS.map((level) => [level, new Map<string, string>()]));
let newest: Saved | undefined;
for (const network of NETWORKS) {
  const text = await Deno.readTextFile(new URL(`${network.name}.json`, folder)).catch(() => undefined);
  if (text === undefined) continue; // not measured yet
  const saved: Saved = JSON.parse(text);
  if (!newest || saved.environment.date > newest.environment.date) newest = saved;
  for (const level of LEVELS) {
    const row = rowOf(network, saved, level);
    if (row) rows.get(level)!.set(network.name, row);
  }
}
const earlier = await Deno.readTextFile(values.out).catch(() => "");
const sections = LEVELS.map((level) =>
  `${HEADINGS[level]}\n\n${tableOf(NETWORKS, rows.get(level)!, sectionOf(earlier, HEADINGS[level]!))}`
);
const e = newest!.environment;
await Deno.writeTextFile(
  values.out,
  `# Results

Original against fused, seeded weights (PaddleOCR's three networks and Silero's have their trained ones), paired rounds, 95% intervals.
"Floor" is what could not be told from 1 with so many openings: the noise floor. "Load" is the machine's load average at
the start of the row; a name with "@cpu" was fused with \`--runtime onnxruntime-cpu\`. "Asked" is what is wanted of the row, and whether it is there. Written by
\`npx -y deno task results\` (\`--only A,B\` measures some anew, the other rows stay); every sample is in
\`reports/results/\` after that.

The newest rows: ${e.cpu}, ${e.cores} cores, ${
    (e.memoryBytes / 2 ** 30).toFixed(0)
  } GiB, ${e.os}; Deno ${e.deno}, ONNX Runtime ${e.onnxruntime}, provider ${e.provider}, ${e.threads} threads.

${sections.join("\n\n")}
`,
);
const readme = new URL("../README.md", import.meta.url).pathname, isOurs = values.out === OUT;
if (isOurs) {
  await Deno.writeTextFile(readme, withResults(await Deno.readTextFile(readme), await Deno.readTextFile(OUT)));
}
await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", values.out, ...isOurs ? [readme] : []] }).output();
