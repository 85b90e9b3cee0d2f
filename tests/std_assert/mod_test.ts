import * as std from "./mod.ts";
import { AssertionError, equal } from "./mod.ts";

/** Runs `fn`, which must fail with an AssertionError, and returns the message: a check that needs no assertion of ours. */
function failure(fn: () => unknown): string {
  try {
    fn();
  } catch (error) {
    if (error instanceof AssertionError) return error.message;
    throw new Error(`expected an AssertionError, got ${error}`);
  }
  throw new Error("expected an AssertionError, nothing was thrown");
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

function includes(text: string, ...parts: string[]): void {
  for (const part of parts) check(text.includes(part), `expected ${JSON.stringify(part)} in:\n${text}`);
}

Deno.test("equal() compares contents, not references", () => {
  const pairs: [unknown, unknown][] = [
    [NaN, NaN],
    [0, -0],
    [{ a: [1, { b: 2n }] }, { a: [1, { b: 2n }] }],
    [new Float32Array([1, NaN]), new Float32Array([1, NaN])],
    [new Map([["a", [1]]]), new Map([["a", [1]]])],
    [new Set([[1], [2]]), new Set([[2], [1]])],
    [new Date(5), new Date(5)],
    [/a/g, /a/g],
    [Object.defineProperty([1], "hidden", { value: 2 }), [1]],
    [new Error("x"), new Error("x")],
    [new Uint8Array([1, 2]).buffer, new Uint8Array([1, 2]).buffer],
  ];
  for (const [a, b] of pairs) check(equal(a, b), `${Deno.inspect(a)} should equal ${Deno.inspect(b)}`);
});

Deno.test("equal() tells values apart that only look alike", () => {
  class Point {
    x = 1;
  }
  const pairs: [unknown, unknown][] = [
    [1, "1"],
    [1, 1n],
    [null, undefined],
    [[1, 2], [2, 1]],
    [[1], [1, undefined]],
    [{ a: undefined }, {}],
    [{ x: 1 }, new Point()],
    [new Float32Array([1]), new Float64Array([1])],
    [new Float32Array([1, 2]), new Float32Array([1, 3])],
    [new Map([["a", 1]]), new Map([["b", 1]])],
    [new Set([1, 2]), new Set([1, 3])],
    [new Set([[1], [1]]), new Set([[1], [2]])],
    [new Error("x"), new Error("y")],
    [new Date(5), new Date(6)],
    [/a/g, /a/i],
    [[1], { 0: 1, length: 1 }],
    [new Array(2), new Array(3)],
  ];
  for (const [a, b] of pairs) check(!equal(a, b), `${Deno.inspect(a)} should not equal ${Deno.inspect(b)}`);
});

Deno.test("equal() ends on circular values", () => {
  const a: Record<string, unknown> = { name: "a" }, b: Record<string, unknown> = { name: "a" };
  a.self = a;
  b.self = b;
  check(equal(a, b), "two equal circles");
  b.name = "b";
  check(!equal(a, b), "two different circles");
});

Deno.test("assertEquals() shows the lines that differ and the caller's message", () => {
  std.assertEquals({ a: [1, 2] }, { a: [1, 2] });
  const message = failure(() => std.assertEquals({ a: [1, 2, 3] }, { a: [1, 9, 3] }, "rows"));
  includes(message, "Values are not equal: rows", "-       2,", "+       9,", "        1,");
});

Deno.test("assertNotEquals(), assertStrictEquals() and assertNotStrictEquals() fail when they should", () => {
  const one = { a: 1 };
  std.assertNotEquals<unknown>(one, { a: 2 });
  includes(failure(() => std.assertNotEquals(one, { a: 1 })), "not to be");
  std.assertStrictEquals(one, one);
  includes(failure(() => std.assertStrictEquals(one, { a: 1 })), "not reference-equal");
  includes(failure(() => std.assertStrictEquals(1, 2)), "-   1", "+   2");
  failure(() => std.assertStrictEquals(0, -0));
  std.assertNotStrictEquals(one, { a: 1 });
  failure(() => std.assertNotStrictEquals(one, one));
});

Deno.test("assertAlmostEquals() uses the tolerance, or 1e-7 of the expected value", () => {
  std.assertAlmostEquals(1.00000005, 1);
  failure(() => std.assertAlmostEquals(1.0000002, 1));
  std.assertAlmostEquals(1e10 + 500, 1e10);
  failure(() => std.assertAlmostEquals(1e10 + 2000, 1e10));
  std.assertAlmostEquals(1.4, 1, 0.5);
  includes(failure(() => std.assertAlmostEquals(1.6, 1, 0.5, "scale")), "greater than", "scale");
  std.assertAlmostEquals(NaN, NaN);
  failure(() => std.assertAlmostEquals(NaN, 1));
  failure(() => std.assertAlmostEquals(Infinity, 1));
});

Deno.test("the one-value assertions fail when they should", () => {
  std.assert(1);
  failure(() => std.assert(0));
  std.assertFalse(0);
  failure(() => std.assertFalse(1));
  std.assertExists(0);
  failure(() => std.assertExists(null));
  failure(() => std.assertExists(undefined));
  includes(failure(() => std.fail("why")), "why");
  std.assertStringIncludes("a conv", "conv");
  failure(() => std.assertStringIncludes("a conv", "gemm"));
  std.assertMatch("conv_12", /\d+/);
  failure(() => std.assertMatch("conv", /\d+/));
  std.assertNotMatch("conv", /\d+/);
  failure(() => std.assertNotMatch("conv_12", /\d+/));
  std.assertArrayIncludes([{ a: 1 }, { a: 2 }], [{ a: 2 }]);
  includes(failure(() => std.assertArrayIncludes([1, 2], [3])), "missing", "3");
  std.assertInstanceOf(new TypeError(), Error);
  includes(failure(() => std.assertInstanceOf({}, Map)), '"Map"', '"Object"');
});

Deno.test("the order assertions are strict where their name says so", () => {
  std.assertGreater(2, 1);
  failure(() => std.assertGreater(1, 1));
  std.assertGreaterOrEqual(1, 1);
  failure(() => std.assertGreaterOrEqual(0, 1));
  std.assertLess(1, 2);
  failure(() => std.assertLess(1, 1));
  std.assertLessOrEqual(1, 1);
  failure(() => std.assertLessOrEqual(2, 1));
  failure(() => std.assertGreater(NaN, 1));
  failure(() => std.assertLess(NaN, 1));
});

Deno.test("assertThrows() checks class and message and returns the error", () => {
  const thrown = new TypeError("bad rank 3");
  const throwing = () => {
    throw thrown;
  };
  check(std.assertThrows(throwing) === thrown, "returns what was thrown");
  check(std.assertThrows(throwing, TypeError, "rank 3") === thrown, "returns the typed error");
  includes(failure(() => std.assertThrows(throwing, RangeError)), '"RangeError"', '"TypeError"');
  includes(failure(() => std.assertThrows(throwing, TypeError, "rank 4")), "rank 4", "rank 3");
  includes(failure(() => std.assertThrows(() => {}, TypeError, "x", "here")), "Expected function to throw: here");
  includes(failure(() => std.assertThrows(() => {}, "just a message")), "just a message");
});

Deno.test("assertRejects() checks class and message and refuses a synchronous throw", async () => {
  const failing = async (fn: () => Promise<unknown>): Promise<string> => {
    const outcome = await fn().then(() => undefined, (error) => error);
    check(outcome instanceof AssertionError, `expected an AssertionError, got ${outcome}`);
    return outcome.message;
  };
  const reason = new TypeError("no provider");
  check(await std.assertRejects(() => Promise.reject(reason)) === reason, "returns the reason");
  check(await std.assertRejects(() => Promise.reject(reason), TypeError, "provider") === reason, "the typed reason");
  includes(await failing(() => std.assertRejects(() => Promise.reject(reason), RangeError)), '"RangeError"');
  includes(await failing(() => std.assertRejects(() => Promise.reject(reason), TypeError, "xyz")), "xyz");
  includes(await failing(() => std.assertRejects(() => Promise.resolve(1))), "Expected function to reject");
  const synchronous = () => {
    throw reason;
  };
  includes(await failing(() => std.assertRejects(synchronous)), "throws when expected to reject");
});

Deno.test("assertIsError() refuses what is no error", () => {
  std.assertIsError(new TypeError("x"), TypeError, /x/);
  includes(failure(() => std.assertIsError("x")), "Error object");
});
