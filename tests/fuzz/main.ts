/**
 * `deno task fuzz [--graphs N] [--minutes M] [--seed S] [--steps K]`: random graphs before and after fusion, compared in ONNX
 * Runtime; with `--bytes N [--bases B] [--models FOLDER]` models (random graphs of seed B among them, or those of a folder) with
 * bytes and fields changed. Exit code 1 where one breaks a promise, with the shrunk model.
 *
 * @module
 */
import { runByteFuzz } from "./run_byte_fuzz.ts";
import { runFuzz } from "./run_fuzz.ts";
import { taskOptions } from "../../tasks/task_options.ts";

const { values } = await taskOptions(import.meta.url, {
  options: {
    graphs: { type: "string" },
    minutes: { type: "string" },
    seed: { type: "string" },
    steps: { type: "string" },
    bytes: { type: "string" },
    bases: { type: "string" },
    models: { type: "string" },
  },
});
const number = (name: keyof typeof values, otherwise: number): number => {
  const given = values[name] === undefined ? otherwise : Number(values[name]);
  if (given > 0) return given;
  console.error(`--${name} ${values[name]}: expected a number above 0`);
  Deno.exit(2);
};
const milliseconds = values.minutes === undefined ? undefined : number("minutes", 1) * 60_000;
const graphs = Math.floor(number("graphs", milliseconds ? 1e7 : 1000));
const seed = Math.floor(number("seed", 1 + Math.floor(Math.random() * 2 ** 31)));
if (values.bytes !== undefined) Deno.exit(await fuzzBytes(Math.floor(number("bytes", 1))));
console.log(`seed ${seed}: up to ${graphs} graphs${milliseconds ? ` or ${values.minutes} minutes` : ""}`);

const start = performance.now();
try {
  const result = await runFuzz({
    graphs,
    seed,
    milliseconds,
    steps: number("steps", 14),
    onGraph: (count) =>
      count % 250 === 0 && console.log(`${count} graphs, ${Math.round((performance.now() - start) / 1000)} s`),
  });
  console.log(
    `${result.graphs} graphs kept every promise in ${((performance.now() - start) / 1000).toFixed(1)} s: ` +
      `${result.nodes.before} nodes before, ${result.nodes.after} after, largest error ` +
      `${(100 * result.error).toPrecision(2)} % of what is allowed`,
  );
  for (const [rule, count] of [...result.applied].sort()) console.log(`  ${rule}: ${count} times`);
  for (const [message, count] of result.refused) console.log(`  not run by ONNX Runtime: ${count} × ${message}`);
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(1);
}

async function fuzzBytes(count: number): Promise<number> {
  const start = performance.now(), seconds = () => ((performance.now() - start) / 1000).toFixed(1);
  console.log(`seed ${seed}: ${count} mutations`);
  try {
    const { refused, fused, rewritten, compared, fatal, slowestMs } = await runByteFuzz({
      count,
      seed,
      bases: values.bases === undefined ? undefined : Math.floor(number("bases", 11)),
      models: values.models,
      onMutation: (tried) => tried % 1000 === 0 && console.log(`${tried} mutations, ${seconds()} s`),
    });
    console.log(
      `${count} mutations kept every promise in ${seconds()} s: ${refused} refused, ${fused} fused, ${rewritten} of them ` +
        `rewritten, ${compared} of these run and the same, ONNX Runtime died of ${fatal} as they were; the slowest took ${
          slowestMs.toFixed(0)
        } ms of CPU time`,
    );
    return 0;
  } catch (error) {
    console.error((error as Error).message);
    return 1;
  }
}
