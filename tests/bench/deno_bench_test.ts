import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { fileURLToPath } from "node:url";
import { denoBench, parseDenoBench, registerComparison } from "../../src/bench/deno_bench.ts";
import { fixture } from "./fixture.ts";

Deno.test("registerComparison() makes no model and opens no session outside deno bench", () => {
  const never = () => {
    throw new Error("made a model");
  };
  registerComparison("nothing", never, never);
});

Deno.test("denoBench() runs a registered pair in a process of its own and gives typed results", async () => {
  const file = await Deno.makeTempFile({ suffix: "_bench.ts" });
  const module = new URL("../../src/bench/mod.ts", import.meta.url).href;
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  const path = JSON.stringify(fixture("fashion_convrelubn"));
  await Deno.writeTextFile(
    file,
    `import { registerComparison } from ${JSON.stringify(module)};
     registerComparison("net", ${path}, () => Promise.resolve(${path}), { levels: ["all"], threads: 1 });
     Deno.bench("broken", () => { throw new Error("on purpose"); });`,
  );
  try {
    const results = await denoBench(file, { args: ["-A", "--no-lock", "--no-check", "--config", config] });
    assertEquals(results.map(({ name, group, baseline }) => [name, group, baseline]), [
      ["broken", null, false], // those without a group come first
      ["net before", "net, level all, before", false],
      ["net after", "net, level all, after", false],
    ]);
    for (const { times, iterations } of results.slice(1)) {
      assert(iterations > 0 && times!.minMs <= times!.meanMs && times!.meanMs <= times!.maxMs && times!.maxMs < 10_000);
    }
    assertEquals([results[0].times, results[0].error], [null, "on purpose"]);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a registered pair that fails fails alone, and deno bench sums up nothing", async () => {
  const file = await Deno.makeTempFile({ suffix: "_bench.ts" });
  const module = new URL("../../src/bench/mod.ts", import.meta.url).href;
  const path = JSON.stringify(fixture("fashion_convrelubn"));
  await Deno.writeTextFile(
    file,
    `import { registerComparison } from ${JSON.stringify(module)};
     const options = { levels: ["all"], threads: 1 };
     registerComparison("first", ${path}, ${path}, options);
     registerComparison("broken", "nowhere.onnx", ${path}, options);
     registerComparison("half", ${path}, () => { throw new Error("no second model"); }, options);
     registerComparison("last", ${path}, ${path}, options);`,
  );
  const args = [
    "-A",
    "--no-lock",
    "--no-check",
    "--config",
    fileURLToPath(new URL("../../deno.json", import.meta.url)),
  ];
  try {
    const results = await denoBench(file, { args });
    const failed = results.filter(({ error }) => error).map(({ name, error }) => `${name}: ${error}`);
    assertEquals(failed, [
      "broken before: nowhere.onnx: there is no such file. Give the path of an .onnx file.",
      "broken after: nowhere.onnx: there is no such file. Give the path of an .onnx file.",
      "half before: no second model",
      "half after: no second model",
    ]);
    assertEquals(results.filter(({ times }) => times).map(({ name }) => name), [
      "first before",
      "first after",
      "last before",
      "last after",
    ]);
    const command = new Deno.Command(Deno.execPath(), { args: ["bench", ...args, file], env: { NO_COLOR: "1" } });
    const printed = new TextDecoder().decode((await command.output()).stdout);
    assert(printed.includes("last after") && !/summary|faster|slower/i.test(printed), printed);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("denoBench() says why there are no results", async () => {
  await assertRejects(() => denoBench("nowhere_bench.ts"), Error, "deno bench gave no results");
  assertThrows(() => parseDenoBench('{"version":2,"benches":[]}'), Error, "schema version 2, expected 1");
});
