import { assertGreater } from "@std/assert";
import { runByteFuzz } from "./run_byte_fuzz.ts";

const MUTATIONS = 5000;

/** The same mutations in every run, so that a failure is a change's fault; `deno task fuzz --bytes N` tries others. */
const SEED = Number(Deno.env.get("LAYERFUSE_FUZZ_SEED") ?? 20210621);

Deno.test(`${MUTATIONS} mutated models are refused with an error that says of what it is, or fused to the same function`, async () => {
  console.log(`seed ${SEED} (LAYERFUSE_FUZZ_SEED)`);
  const result = await runByteFuzz({ count: MUTATIONS, seed: SEED, runOneIn: 4 });
  console.log(JSON.stringify(result));
  assertGreater(result.refused, MUTATIONS / 10);
  assertGreater(result.rewritten, MUTATIONS / 10);
  assertGreater(result.compared, MUTATIONS / 100);
});
