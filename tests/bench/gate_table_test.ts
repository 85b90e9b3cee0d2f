import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { DOMParser } from "linkedom";
import { toMarkdown } from "../../src/bench/export.ts";
import { parseGateFile } from "../../src/bench/gate_file.ts";
import { gateExitCode, gateMarkdown, gateRows, gateSentence, judgePair } from "../../src/bench/gate_table.ts";
import { toJUnit } from "../../src/bench/junit.ts";
import { comparisonWith, levelWith, spread } from "./saved.ts";

const slowerBy = (share: number) => comparisonWith([levelWith("all", spread(-Math.log1p(share), 0.01))], 1e-6);
const good = judgePair({ name: "good", comparison: slowerBy(0), limits: { failIfSlower: 0.02, maxError: 1e-4 } });
const slow = judgePair({ name: "slow", comparison: slowerBy(0.5), limits: { failIfSlower: 0.02, maxError: 1e-4 } });
const broken = judgePair({ name: "broken", error: "b.onnx: no such file", limits: { maxError: 1e-4 } });
const free = judgePair({ name: "free", comparison: slowerBy(0.5), limits: {} });

Deno.test("the gate over several pairs has one exit code: 2 not run, 1 not passed, 0 all passed", () => {
  assertEquals([[good, good], [good, free], [good, slow], [slow, broken, good]].map(gateExitCode), [0, 0, 1, 2]);
});

Deno.test("the gate over several pairs is one sentence and one table", () => {
  assertEquals(gateSentence([good, good]), "Passed: 2 of 2 pairs.");
  assertEquals(gateSentence([good, slow, broken]), "Not passed: of 3 pairs 1 failed, 1 could not be run.");
  const rows = gateRows([good, slow, broken, free]);
  assertEquals(rows.map(([name, , , outcome]) => [name, outcome]), [
    ["good", "passed"],
    ["slow", "failed"],
    ["broken", "error"],
    ["free", "measured"],
  ]);
  assertMatch(rows[1][1], /^all 0\.667× \(0\.6\d+–0\.6\d+\)$/);
  assertEquals([rows[0][2], rows[2][2]], ["1.00e-6", "–"]);
});

Deno.test("gateMarkdown() says below the table why a pair did not pass, and no name is markup", () => {
  const markdown = gateMarkdown([{ ...slow, name: "a|b<i>" }, broken]);
  assertStringIncludes(markdown, "| a\\|b\\<i\\> | all 0.667× ");
  assertMatch(markdown, /> a\\\|b\\<i\\>: Failed: the second model is 50\.0% slower at level all/);
  assertStringIncludes(markdown, "> broken: b.onnx: no such file");
});

Deno.test("toMarkdown() has the gate's outcome where it was asked", () => {
  assertStringIncludes(toMarkdown(slow.comparison!, slow.result), "**Failed: the second model is 50.0% slower");
  assertStringIncludes(toMarkdown(good.comparison!, good.result), "**Passed: within the limits.**");
  assert(!toMarkdown(good.comparison!).includes("Passed"));
});

Deno.test("toJUnit() has a test for each limit of each pair, with failures and errors counted", () => {
  const xml = toJUnit([good, slow, broken, free]);
  const document = new DOMParser().parseFromString(xml, "text/xml");
  const cases = [...document.querySelectorAll("testcase")].map((test) => [
    test.getAttribute("classname"),
    test.getAttribute("name"),
    test.querySelector("failure, error")?.tagName,
  ]);
  assertEquals(cases, [
    ["good", "speed", undefined],
    ["good", "error", undefined],
    ["slow", "speed", "failure"],
    ["slow", "error", undefined],
    ["broken", "error", "error"],
    ["free", "runs", undefined],
  ]);
  assertMatch(xml, /<testsuite name="layerfuse compare" tests="6" failures="1" errors="1"/);
  assertStringIncludes(document.querySelector("failure").getAttribute("message"), "50.0% slower at level all");
});

Deno.test("toJUnit() stays well-formed with any name and any text", () => {
  const hostile = `"<x>&\u0000\u0007]]>\ud800`;
  const comparison = { ...slow.comparison!, notes: [hostile] };
  const xml = toJUnit([
    judgePair({ name: hostile, error: hostile, limits: {} }),
    judgePair({ name: hostile, comparison, limits: { failIfSlower: 0.02 } }),
  ]);
  // deno-lint-ignore no-control-regex
  assert(!/[\u0000-\u0008]/.test(xml) && xml.isWellFormed());
  assertStringIncludes(xml, "]]]]><![CDATA[>", "what would end the section is split over two");
  const document = new DOMParser().parseFromString(xml, "text/xml");
  assertEquals(document.querySelectorAll("testcase").length, 2);
});

Deno.test("parseGateFile() refuses a limit that JSON reads as infinite", () => {
  assertThrows(() => parseGateFile('{"maxError": 1e999, "pairs": []}', "gate.json"), Error, '"maxError" is Infinity');
  assertThrows(() => parseGateFile('{"seconds": 1e999, "pairs": []}', "gate.json"), Error, '"seconds" is Infinity');
});

Deno.test("parseGateFile() refuses a key that stands twice in one object, however it is written: the looser limit could win", () => {
  const twice = [
    '{"failIfSlower": "2%", "failIfSlower": "9%", "pairs": [{"before": "a"}]}',
    String.raw`{"failIfSlower": "2%", "\u0066ailIfSlower": "9%", "pairs": [{"before": "a"}]}`,
    '{"pairs": [{"before": "a", "maxError": 1e-4, "name": "x{\\"}", "maxError": 0.5}]}',
  ];
  for (const json of twice) assertThrows(() => parseGateFile(json, "gate.json"), Error, "stands twice in one object");
  const once =
    '{"maxError": 1e-4, "pairs": [{"before": "a: b", "maxError": 0.1}, {"before": "a", "name": "before\\":"}]}';
  assertEquals(parseGateFile(once).map(({ maxError }) => maxError), [0.1, 1e-4]);
});

Deno.test("parseGateFile() reads a file that begins with a byte order mark", () => {
  assertEquals(parseGateFile('\ufeff{"pairs": [{"before": "a"}]}').length, 1);
});

Deno.test("parseGateFile() gives every pair its limits, its own before those of all", () => {
  const pairs = parseGateFile(JSON.stringify({
    failIfSlower: "2%",
    maxError: 1e-4,
    seconds: 20,
    pairs: [
      { before: "a.onnx", after: "b.onnx" },
      {
        name: "reader",
        before: "r.onnx",
        failIfSlower: "0.5 %",
        levels: ["all"],
        shapes: { x: [1, 3] },
        values: { sr: 8000 },
      },
    ],
  }));
  assertEquals(pairs, [
    { name: "a.onnx", before: "a.onnx", after: "b.onnx", failIfSlower: 0.02, maxError: 1e-4, options: { seconds: 20 } },
    {
      name: "reader",
      before: "r.onnx",
      failIfSlower: 0.005,
      maxError: 1e-4,
      options: { seconds: 20, levels: ["all"], shapes: { x: [1, 3] }, values: { sr: 8000 } },
    },
  ]);
});

const pair = { before: "a.onnx" };
for (
  const [what, file, expected] of [
    ["a limit without %", { failIfSlower: "2", pairs: [pair] }, /"failIfSlower": "2": could mean 2% or 200%/],
    [
      "a limit that is a number",
      { failIfSlower: 0.02, pairs: [pair] },
      /"failIfSlower" is 0.02; expected a share such as "2%"/,
    ],
    [
      "an unknown key",
      { pairs: [{ ...pair, max_error: 1 }] },
      /pairs\[0\]: "max_error" is unknown; did you mean "maxError"\? Expected failIfSlower, maxError/,
    ],
    ["no pairs", { pairs: [] }, /"pairs": expected a list of at least one pair/],
    ["a pair without models", { pairs: [{}] }, /pairs\[0\]: "before" is missing/],
    ["a negative limit", { maxError: -1, pairs: [pair] }, /"maxError" is -1; expected a number of at least 0/],
    ["a limit that an output of zeros is within", { maxError: 2, pairs: [pair] }, /"maxError" is 2; .* below 1/],
    ["no limit at all", { failIfSlower: null, pairs: [pair] }, /"failIfSlower" is null; expected a share/],
    ["thousands of threads", { threads: 1e9, pairs: [pair] }, /"threads" is 1000000000; .* at most 1024/],
    [
      "an unknown level",
      { pairs: [{ ...pair, levels: ["most"] }] },
      /"levels" is \["most"\]; expected a list of disabled/,
    ],
    ["seconds of another type", { seconds: "20", pairs: [pair] }, /"seconds" is "20"; expected a number above 0/],
    [
      "a shape that is none",
      { pairs: [{ ...pair, shapes: { x: "1x3" } }] },
      /"shapes" is .*expected shapes by input name/,
    ],
    [
      "a value that is none",
      { pairs: [{ ...pair, values: { sr: { rate: 8000 } } }] },
      /"values" is .*expected values by input name/,
    ],
  ] as const
) {
  Deno.test(`parseGateFile() refuses ${what}`, () => {
    const { message } = assertThrows(() => parseGateFile(JSON.stringify(file), "gate.json"), Error);
    assertMatch(message, expected);
    assert(message.startsWith("gate.json"));
  });
}

Deno.test("parseGateFile() says that a file is not JSON", () => {
  assertThrows(() => parseGateFile("{", "gate.json"), Error, "gate.json: not JSON");
});
