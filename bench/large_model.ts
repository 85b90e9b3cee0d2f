/**
 * `deno task bench:large [--gib 6] [--runs 3] [--folder PATH]`: a generated model with that much external data, every byte of
 * which is scaled, fused beside `cp` of the same two files: time (Deno's start aside) and peak memory. Needs three times that
 * much room in the folder.
 *
 * @module
 */
import { messageType } from "../src/proto/schema.ts";
import { measuredCli, median, timed } from "./measured_cli.ts";
import { taskOptions } from "../tasks/task_options.ts";

const WIDTH = 4096, BLOCK = WIDTH * WIDTH * 4;

/** Writes a chain of MatMul, each followed by a Mul with a vector, with `count` weights of 64 MiB in a file beside it. */
async function generate(path: string, count: number): Promise<void> {
  const type = messageType("ModelProto");
  const info = (name: string) => ({
    name,
    type: { tensor_type: { elem_type: 1, shape: { dim: [{ dim_value: 1 }, { dim_value: WIDTH }] } } },
  });
  const node = (op_type: string, input: string[], output: string) => ({
    op_type,
    input,
    output: [output],
    name: output,
  });
  const location = `${path.split("/").at(-1)}.data`;
  const weight = (index: number) => ({
    name: `w${index}`,
    dims: [WIDTH, WIDTH],
    data_type: 1,
    data_location: 1,
    external_data: [["location", location], ["offset", `${index * BLOCK}`], ["length", `${BLOCK}`]]
      .map(([key, value]) => ({ key, value })),
  });
  const scale = Float32Array.from({ length: WIDTH }, (_, i) => 0.5 + i / WIDTH);
  const scales = { name: "s", dims: [WIDTH], data_type: 1, raw_data: new Uint8Array(scale.buffer) };
  const blocks = Array.from({ length: count }, (_, i) => i);
  const model = {
    ir_version: 8,
    opset_import: [{ domain: "", version: 17 }],
    graph: {
      name: "large",
      input: [info("x0")],
      output: [info(`x${count}`)],
      initializer: [...blocks.map(weight), scales],
      node: blocks.flatMap((i) => [
        node("MatMul", [`x${i}`, `w${i}`], `y${i}`),
        node("Mul", [`y${i}`, "s"], `m${i}`),
        node("Relu", [`m${i}`], `x${i + 1}`),
      ]),
    },
  };
  await Deno.writeFile(path, type.encode(type.fromObject(model)).finish());
  using file = await Deno.open(`${path}.data`, { write: true, create: true, truncate: true });
  const values = Float32Array.from({ length: BLOCK / 4 }, (_, i) => Math.sin(i) / WIDTH),
    bytes = new Uint8Array(values.buffer);
  for (const _ of blocks) for (let done = 0; done < BLOCK;) done += await file.write(bytes.subarray(done));
  await file.sync();
}

const { values } = await taskOptions(import.meta.url, {
  options: {
    gib: { type: "string", default: "6" },
    runs: { type: "string", default: "3" },
    folder: { type: "string" },
  },
});
const folder = await Deno.makeTempDir({ prefix: "layerfuse_", dir: values.folder });
try {
  const count = Math.max(1, Math.round(Number(values.gib) * 2 ** 30 / BLOCK)), model = `${folder}/large.onnx`;
  await generate(model, count);
  console.log(`${count} weights of 64 MiB, ${(count * BLOCK / 2 ** 30).toFixed(2)} GiB`);
  console.log("run    cp (s)  cp + sync  fuse (s)  fuse/cp  fuse/(cp + sync)  peak RSS (MB)");
  await Deno.mkdir(`${folder}/copy`);
  const rows: number[][] = [];
  for (let run = 1; run <= Number(values.runs); run++) {
    const cp = await timed("cp", model, `${model}.data`, `${folder}/copy`);
    const sync = await timed("sync", `${folder}/copy/large.onnx.data`);
    await Deno.remove(`${folder}/copy/large.onnx.data`);
    const { ownSeconds, peakMB } = await measuredCli(folder, "fuse", model, "-o", `${folder}/fused.onnx`);
    for (const name of ["fused.onnx", "fused.onnx.data"]) await Deno.remove(`${folder}/${name}`);
    const row = [cp, cp + sync, ownSeconds, ownSeconds / cp, ownSeconds / (cp + sync), peakMB];
    rows.push(row);
    print(String(run), row);
  }
  print("median", rows[0].map((_, column) => median(rows.map((row) => row[column]))));
} finally {
  await Deno.remove(folder, { recursive: true });
}

function print(name: string, [cp, synced, fuse, ratio, flushed, peak]: number[]): void {
  const cells = [cp, synced, fuse, ratio, flushed].map((value) => value.toFixed(2));
  console.log(
    [name.padEnd(6), ...[...cells, peak.toFixed(0)].map((cell, at) => cell.padStart([7, 10, 9, 8, 17, 14][at]))].join(
      " ",
    ),
  );
}
