/**
 * One comparison in a process of its own, for bench/selftest.ts: `FIRST SECOND SECONDS THREADS SEED`. Prints what the self-test
 * needs of it as JSON.
 *
 * @module
 */
import { compare } from "../src/bench/mod.ts";

const [first, second, seconds, threads, seed] = Deno.args;
const comparison = await compare(first, second, {
  levels: ["all"],
  provider: "cpu",
  profile: false,
  isolate: false,
  seconds: Number(seconds),
  threads: Number(threads),
  seed: Number(seed),
});
const [{ before, after, ...level }] = comparison.levels;
const card = ({ medianMs, hotMs }: typeof before) => ({ medianMs, hotMs });
console.log(JSON.stringify({ ...level, before: card(before), after: card(after) }));
