import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { equationStyle } from "../../tasks/equation_style.ts";
import { brokenLines, withEquations } from "../../tasks/equations.ts";

Deno.test("brokenLines() breaks an equation at its parts and before each equals sign that is not within braces", () => {
  assertEquals(brokenLines("a_{i=1} + b = c = \\sum_{u = 1} d"), ["a_{i=1} + b", "= c", "= \\sum_{u = 1} d"]);
  assertEquals(brokenLines("s = \\frac{a}{b}, \\qquad W' = s W"), ["s = \\frac{a}{b},", "W' = s W"]);
  assertEquals(brokenLines("\\frac{1}{2}"), ["\\frac{1}{2}"]);
});

Deno.test("withEquations() writes a long equation twice, a short one once, and leaves other text alone", () => {
  const long = withEquations("Text $x$\n\n$$W_2(W_1 x + b_1) + b_2 = (W_2 W_1)\\,x + (W_2 b_1 + b_2)$$\n\nmore");
  assertEquals(long.match(/<math/g)!.length, 2);
  assertStringIncludes(long, '<div class="narrow">');
  assert(long.startsWith("Text $x$") && long.endsWith("more"));
  assertEquals(withEquations("$$a = b$$").match(/<math/g)!.length, 1);
});

Deno.test("equationStyle() brings the fonts that an equation needs as data, and nothing where there is none", () => {
  assertEquals(equationStyle("<p>no equation</p>"), "");
  const style = equationStyle(withEquations("$$a = b$$"));
  assertEquals(style.match(/@font-face/g)!.length, 6);
  assert(!/url\((?!data:font\/woff2;base64,)/.test(style), "a font would be fetched");
  assertEquals(equationStyle(withEquations("$$\\mathbf{a}$$")).match(/@font-face/g)!.length, 7);
});
