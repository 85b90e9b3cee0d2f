import { assertEquals } from "@std/assert";
import { summariseErrors } from "../../src/bench/error_summary.ts";

const scores = (...rows: number[][]) => ({
  logits: { type: "float32", dims: [rows.length, rows[0].length], data: Float32Array.from(rows.flat()) },
});

Deno.test("summariseErrors() takes top-1 and top-5 over all input sets, each row once", () => {
  const before = [scores([1, 0, 0]), scores([1, 0, 0], [0, 1, 0], [0, 0, 1])];
  const after = [scores([1, 0, 0]), scores([0, 1, 0], [0, 1, 0], [1, 0, 0])];
  const sets = [{ name: "a", feeds: {} }, { name: "b", feeds: {} }];
  const error = summariseErrors({ sets, before, after });
  assertEquals([error.top1Agreement, error.top5Agreement, error.classRows], [0.5, null, 4]);
  assertEquals([error.l2, error.distributions!.a.top1Agreement], [0, 1], "everything else is the first set's");
  const six = [scores([1, 0, 0, 0, 0, 0])], away = [scores([0, 1, 2, 3, 4, 5])];
  const one = summariseErrors({ sets: sets.slice(0, 1), before: six, after: away });
  assertEquals([one.top1Agreement, one.top5Agreement, one.classRows], [0, 0, 1]);
});

Deno.test("summariseErrors() has no agreement where no output has a class axis", () => {
  const image = { y: { type: "float32", dims: [1, 3, 2, 2], data: new Float32Array(12) } };
  const error = summariseErrors({ sets: [{ name: "a", feeds: {} }], before: [image], after: [image] });
  assertEquals([error.top1Agreement, error.classRows], [null, undefined]);
});
