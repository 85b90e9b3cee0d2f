import { assert, assertEquals } from "@std/assert";
import { forgetRecent, recentBlock, recentValues } from "../../src/tensor/recent.ts";

Deno.test("recentValues() computes once while few others are used in between", () => {
  const owners = Array.from({ length: 4 }, () => ({})), computed: number[] = [];
  const values = (index: number) => recentValues(owners[index], () => (computed.push(index), Float64Array.of(index)));
  for (let round = 0; round < 3; round++) owners.forEach((_, index) => assertEquals([...values(index)], [index]));
  assertEquals(computed, [0, 1, 2, 3]);
});

Deno.test("recentValues() lets large values go when enough others are used", () => {
  const first = {}, size = 1 << 23;
  let computed = 0;
  const values = () => recentValues(first, () => (computed++, new Float64Array(size)));
  values();
  for (let i = 0; i < 8; i++) recentValues({}, () => new Float64Array(size));
  values();
  assertEquals(computed, 2);
});

Deno.test("recentBlock() fills a block once, zeros first, and another one of the same size in its place", () => {
  const owner = {}, filled: number[] = [];
  const block = (first: number) =>
    recentBlock(owner, first, 2, (into) => {
      assert(into.every((value) => value === 0));
      filled.push(first);
      into[0] = first + 1;
    });
  assertEquals([...block(0)], [1, 0]);
  assertEquals([...block(0)], [1, 0]);
  assertEquals([...block(2)], [3, 0]);
  assertEquals([...block(0)], [1, 0]);
  assertEquals(filled, [0, 2, 0]);
});

Deno.test("forgetRecent() lets go of values and blocks", () => {
  const owner = {};
  let computed = 0;
  const use = () => {
    recentValues(owner, () => (computed++, Float64Array.of(1)));
    recentBlock(owner, 0, 1, () => computed++);
  };
  use();
  forgetRecent();
  use();
  assertEquals(computed, 4);
});
