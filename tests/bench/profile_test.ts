import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { compare } from "../../src/bench/compare.ts";
import { parseProfile } from "../../src/bench/profile.ts";
import { modelBytes, type TestModel } from "../onnx_model.ts";
import { fixture } from "./fixture.ts";

const head = (cat: string, ts: number, dur: number, name: string) =>
  `{"cat" : "${cat}","pid" :1,"tid" :1,"dur" :${dur},"ts" :${ts},"ph" : "X","name" :"${name}","args" : `;
const run = (ts: number, dur: number) => `${head("Session", ts, dur, "model_run")}{}},\n`;
const node = (ts: number, dur: number, op: string, name = op, index = 0) =>
  `${head("Node", ts, dur, `${name}_kernel_time`)}{"node_index" : "${index}","op_name" : "${op}","provider" : "P"}},\n`;

Deno.test("parseProfile() takes the median over the inferences after the first", () => {
  const runs = [9000, 30, 10, 500, 20].map((us, i) => run(10_000 * i, us + 5) + node(10_000 * i + 1, us, "Conv"));
  const profile = parseProfile(`[\n${runs.join("")}]\n`);
  assertEquals([profile.runs, profile.timedRuns, profile.ops, profile.providers], [5, 4, { Conv: 1 }, { P: 1 }]);
  assertAlmostEquals(profile.opTimesMs.Conv, 0.025, 1e-12);
  assertAlmostEquals(profile.runMs, 0.03, 1e-12);
});

Deno.test("parseProfile() gives the body of a Loop its time, and the Loop the rest", () => {
  const body = [node(12, 30, "Conv"), node(50, 40, "Conv")].join("");
  const { opTimesMs } = parseProfile(`[\n${run(0, 120)}${body}${node(10, 100, "Loop")}${node(111, 5, "Relu")}]\n`);
  assertAlmostEquals(opTimesMs.Conv, 0.07, 1e-12);
  assertAlmostEquals(opTimesMs.Loop, 0.03, 1e-12);
  assertAlmostEquals(opTimesMs.Relu, 0.005, 1e-12);
});

Deno.test("parseProfile() says that a file is no profile", () => {
  assertThrows(() => parseProfile("[]"), Error, "no event in it");
});

for (
  const [what, name] of Object.entries({
    "a tab and a line break": "a\tb\nc",
    "a quote": 'a"b',
    "a backslash": "a\\b",
    "what looks like the profile itself": '","args" : {},\n{"cat" : "Node",',
    "other control characters": "\u0001\u001f",
  })
) {
  Deno.test(`compare() works with ${what} in a node's name`, async () => {
    const model: TestModel = {
      inputs: { x: [1, 8] },
      outputs: { y: [1, 8] },
      nodes: [
        { op: "Relu", inputs: ["x"], outputs: ["h"], name },
        { op: "Neg", inputs: ["h"], outputs: ["y"], name: "plain" },
      ],
    };
    const bytes = modelBytes(model);
    const { levels: [{ before }] } = await compare(bytes, bytes, { seconds: 0.1, levels: ["disabled"], threads: 1 });
    assertEquals(before.opsRun, { Relu: 1, Neg: 1 });
    assertEquals(Object.keys(before.opTimesMs!).sort(), ["Neg", "Relu"]);
  });
}

Deno.test("compare() takes times by operator from many profiled runs, which add up to no more than a run", async () => {
  const model = fixture("fashion_resnet");
  const { levels: [{ before }] } = await compare(model, model, { seconds: 0.2, levels: ["all"], threads: 1 });
  const sum = Object.values(before.opTimesMs!).reduce((total, ms) => total + ms, 0);
  assert(before.profiled!.runs >= 20, `${before.profiled!.runs} runs`);
  assert(sum > 0 && sum < 1.1 * before.profiled!.runMs, `${sum} of ${before.profiled!.runMs} ms`);
});
