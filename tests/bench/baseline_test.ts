import { assertEquals, assertThrows } from "@std/assert";
import { addToBaseline, otherMachine, parseBaseline } from "../../src/bench/baseline.ts";
import { comparisonWith, levelWith, spread } from "./saved.ts";

const run = (ln = 0) => comparisonWith([levelWith("all", spread(ln, 0.01))]);

Deno.test("addToBaseline() adds runs of the same pair, and replaces those of another", () => {
  const two = addToBaseline("main", addToBaseline("main", undefined, run()), run(0.1));
  assertEquals(two.runs.length, 2);
  const other = run();
  other.after = { ...other.after, sha256: "another" };
  assertEquals(addToBaseline("main", two, other).runs, [other]);
  const elsewhere = run();
  elsewhere.environment = { ...elsewhere.environment, threads: 8 };
  assertEquals(addToBaseline("main", two, elsewhere).runs.length, 1);
});

Deno.test("addToBaseline() keeps the last twenty runs", () => {
  let kept = addToBaseline("main", undefined, run(1));
  for (let i = 0; i < 20; i++) kept = addToBaseline("main", kept, run());
  assertEquals([kept.runs.length, kept.runs.some(({ levels }) => levels[0].speedup.estimate > 2)], [20, false]);
});

Deno.test("otherMachine() names what differs", () => {
  const kept = addToBaseline("main", undefined, run());
  assertEquals(otherMachine(kept, run()), undefined);
  const elsewhere = run();
  elsewhere.environment = { ...elsewhere.environment, cores: 8, threads: 4 };
  assertEquals(
    otherMachine(kept, elsewhere),
    "A CPU, 2 cores, Linux, now A CPU, 8 cores, Linux; 2 threads, now 4 threads",
  );
});

Deno.test("parseBaseline() reads what was kept and refuses anything else", () => {
  const kept = addToBaseline("main", undefined, run());
  assertEquals(parseBaseline(JSON.stringify(kept), "main.json"), JSON.parse(JSON.stringify(kept)));
  for (const wrong of ["{", "null", "{}", '{"schemaVersion":1,"runs":[]}', JSON.stringify(run())]) {
    assertThrows(() => parseBaseline(wrong, "main.json"), Error, "main.json");
  }
  assertThrows(() => parseBaseline('{"schemaVersion":1,"runs":[{}]}', "main.json"), Error, "schemaVersion undefined");
});
