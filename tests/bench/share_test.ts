import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parseShare } from "../../src/bench/share.ts";

Deno.test("parseShare() reads 2% in every way it is written with its sign", () => {
  const read = ["2%", " 2 %", "2\u00a0%", "0.5%", ".5%", "0%", "150%", "2.0%"].map(parseShare);
  assertEquals(read, [0.02, 0.02, 0.02, 0.005, 0.005, 0, 1.5, 0.02]);
});

Deno.test("parseShare() refuses a number without %, with the two ways it could be meant", () => {
  for (
    const [text, small, large] of [["2", "2%", "200%"], ["0.02", "0.02%", "2%"], [
      ".5",
      ".5%",
      "50%",
    ]]
  ) {
    const { message } = assertThrows(() => parseShare(text), Error);
    assertStringIncludes(message, `could mean ${small} or ${large}`);
  }
});

Deno.test("parseShare() refuses what is no share", () => {
  const wrong = [
    "0",
    "2\n%",
    "1.02x",
    "2‰",
    "two",
    "-2%",
    "+2%",
    "",
    "%",
    "2%%",
    "2 %%",
    "2  %",
    "2,5%",
    "1e-2%",
    "NaN%",
    "Infinity%",
    "２%",
    "2％",
    "2pct",
    "0x2%",
    `${"9".repeat(400)}%`,
  ];
  for (const text of wrong) assertThrows(() => parseShare(text), Error, "expected a share", text);
});
