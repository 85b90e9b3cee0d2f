import { assertEquals } from "@std/assert";
import { contributions } from "../../src/bench/variants.ts";
import { fixture } from "./fixture.ts";

Deno.test("contributions() times the model without each thing against the whole", async () => {
  const full = fixture("fashion_convrelubn");
  const fractions: number[] = [];
  const options = { seconds: 0.1, threads: 1, onProgress: (fraction: number) => fractions.push(fraction) };
  const results = await contributions(full, { one: full, two: () => Promise.resolve(full) }, options);
  assertEquals(results.map(({ rule }) => rule), ["one", "two"]);
  assertEquals([fractions[0], fractions.at(-1)], [0, 1]);
  assertEquals(fractions, fractions.toSorted((a, b) => a - b));
  assertEquals(await contributions(full, { one: full }, { signal: AbortSignal.abort() }), []);
});
