import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { judgeError } from "../../src/bench/error_limit.ts";
import { errorNotes } from "../../src/bench/error_notes.ts";
import { summariseErrors } from "../../src/bench/error_summary.ts";
import type { NamedTensors, TensorData } from "../../src/bench/session.ts";

const floats = (...values: number[]): TensorData => ({
  type: "float32",
  dims: [values.length],
  data: Float32Array.from(values),
});
const ints = (...values: number[]): TensorData => ({
  type: "int64",
  dims: [values.length],
  data: BigInt64Array.from(values, BigInt),
});
/** Errors of two models on one input set; `runtime` is the first model's output with all optimizations. */
const errors = (before: NamedTensors, after: NamedTensors, runtime: NamedTensors = before) =>
  summariseErrors({
    sets: [{ name: "normal", feeds: {} }],
    before: [before],
    after: [after],
    runtime: [[before], [runtime]],
  });

Deno.test("judgeError() fails swapped classes beside a large equal output, and names the output", () => {
  const large = floats(1e6, 1e6, 1e6);
  const error = errors({ large, classes: floats(0.9, 0.1) }, { large, classes: floats(0.1, 0.9) });
  assertEquals(error.relativeL2 < 1e-4, true, "all outputs together look alike");
  const { passed, failures } = judgeError(error, 1e-4);
  assertEquals([passed, failures.length], [false, 1]);
  assertStringIncludes(
    failures[0],
    "the relative L2 error is 1.25e+0 (output classes, input normal; ONNX Runtime's own optimizations make 0 of it), above 0.0001",
  );
});

Deno.test("judgeError() names the worst outputs first, and how many more there are", () => {
  const names = ["a", "b", "c", "d", "e"];
  const before = Object.fromEntries(names.map((name) => [name, floats(1)]));
  const after = Object.fromEntries(names.map((name, i) => [name, floats(1 + (i + 1) / 8)]));
  const { failures } = judgeError(errors(before, after), 1e-4);
  assertEquals(failures.map((text) => /output (.)/.exec(text)?.[1]), ["e", "d", "c", undefined]);
  assertEquals(failures.at(-1), "and 2 more outputs");
});

Deno.test("judgeError() wants whole numbers equal at any limit", () => {
  const { passed, failures } = judgeError(errors({ ids: ints(1000, 2000) }, { ids: ints(1000, 2001) }), 1e9);
  assertEquals(passed, false);
  assertStringIncludes(failures[0], "1 of 2 whole numbers, booleans or strings differ (output ids, input normal)");
  assertEquals(judgeError(errors({ ids: ints(1) }, { ids: ints(1) }), 0).passed, true);
});

Deno.test("judgeError() fails a NaN in one model only, and warns of one in both", () => {
  const one = judgeError(errors({ y: floats(1, 2) }, { y: floats(1, NaN) }), 1e300);
  assertEquals(one.passed, false);
  assertStringIncludes(one.failures[0], "NaN or infinity stands at 1 place in one model only (output y");
  const both = judgeError(errors({ y: floats(1, Infinity) }, { y: floats(1, Infinity) }), 1e-4);
  assertEquals([both.passed, both.warnings.length], [true, 1]);
  assertStringIncludes(both.warnings[0], "at 1 place in both models alike");
  assertEquals(judgeError(errors({ y: floats(NaN, NaN) }, { y: floats(NaN, NaN) }), 1e-4).passed, false);
});

Deno.test("judgeError() passes rounding that the runtime's own optimizations make, too, and says so", () => {
  const error = errors({ y: floats(1e-6, 2e-6) }, { y: floats(1e-6, 2.001e-6) }, { y: floats(1e-6, 2.0005e-6) });
  assertEquals(error.relativeL2 > 1e-4, true);
  const { passed, warnings } = judgeError(error, 1e-4);
  assertEquals([passed, warnings.length], [true, 1]);
  assertMatch(
    warnings[0],
    /ONNX Runtime's own optimizations make 2\.\d+e-4 of it\), above 0\.0001, but no more than rounding\.$/,
  );
});

Deno.test("judgeError() fails more than four times the runtime's own difference", () => {
  const error = errors({ y: floats(1e-6, 2e-6) }, { y: floats(1e-6, 2.01e-6) }, { y: floats(1e-6, 2.0005e-6) });
  assertEquals(judgeError(error, 1e-4).passed, false);
});

Deno.test("judgeError() caps what the runtime's own difference excuses", () => {
  const error = errors({ y: floats(1, 2) }, { y: floats(1, 2.1) }, { y: floats(1, 2.1) });
  assertEquals(judgeError(error, 1e-4).passed, false, "ten times the limit, and the limit itself for each element");
});

Deno.test("judgeError() excuses nothing beyond ten times the limit where that is absolute, however small the elements", () => {
  const error = errors({ y: floats(1e-6, 2e-6) }, { y: floats(1e-6, 2.01e-6) }, { y: floats(1e-6, 2.01e-6) });
  assertEquals(judgeError(error, 1e-4).passed, true);
  const { passed, failures } = judgeError(error, 1e-4, { isAbsolute: true, by: "the original makes" });
  assertEquals(passed, false);
  assertMatch(failures[0], /4\.\d+e-3 \(output y, input normal; the original makes 4\.\d+e-3 of it\), above 0\.0001$/);
});

Deno.test("errorNotes() says NaN, differing whole numbers and a model that differs from itself aloud", () => {
  const error = errors({ y: floats(NaN, 2, 3), ids: ints(1, 2) }, { y: floats(NaN, 2, NaN), ids: ints(1, 3) });
  error.self = { before: { ...error, relativeL2: 0.5 } };
  assertEquals(errorNotes(error, { before: "a.onnx", after: "b.onnx" }), [
    "Output ids (input normal): 1 of 2 values differ; whole numbers, booleans and strings should be equal.",
    "NaN or infinity in one model only: 1 place of 3 of output y (input normal).",
    "NaN or infinity in both models alike: 1 place of 3 of output y (input normal); no error is taken there.",
    "a.onnx differs from itself: run twice on the same input, its outputs are 5.00e-1 apart (relative L2). It has random operators, or sums in no fixed order; the error between the two models says no more than that.",
  ]);
  assertEquals(errorNotes(errors({ y: floats(1) }, { y: floats(1) }), { before: "a", after: "b" }), []);
});
