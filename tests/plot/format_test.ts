import { assertEquals } from "@std/assert";
import {
  cleanText,
  escapeMarkup,
  formatBytes,
  formatInterval,
  formatMs,
  formatNumber,
  formatPower,
  formatShare,
  shorten,
} from "../../src/plot/format.ts";

Deno.test("formatNumber() keeps three significant digits", () => {
  assertEquals([0, 0.03125, 4.5678, 45.678, 456.78, 4567.8, 3.2e-7].map(formatNumber), [
    "0",
    "0.0313",
    "4.57",
    "45.7",
    "457",
    "4,568",
    "3.20e-7",
  ]);
  assertEquals([NaN, Infinity, -Infinity].map(formatNumber), ["not a number", "∞", "−∞"]);
});

Deno.test("formatMs(), formatBytes() and formatPower() write units and powers", () => {
  assertEquals(formatMs(45.2), "45.2 ms");
  assertEquals([999, 178_228_224, 1e9].map(formatBytes), ["999 B", "178 MB", "1.00 GB"]);
  assertEquals([0, 3.21e-6, 12.5].map(formatPower), ["0", "3.21\u00a0×\u00a010⁻⁶", "12.5"]);
});

Deno.test("formatInterval() shows one more digit close to 1", () => {
  assertEquals(formatInterval({ estimate: 12.345, low: 12.04, high: 12.61 }), "12.3× (12.0–12.6)");
  assertEquals(formatInterval({ estimate: 1.118, low: 1.101, high: 1.139 }), "1.12× (1.10–1.14)");
  assertEquals(formatInterval({ estimate: 1.003, low: 0.991, high: 1.139 }), "1.003× (0.991–1.139)");
  assertEquals(formatInterval({ estimate: NaN, low: NaN, high: NaN }), "n/a");
});

Deno.test("formatShare() says 100% and 0% only of all and none", () => {
  assertEquals([1, 0, 0.9999, 0.00001, 0.5].map(formatShare), ["100%", "0%", "99.9%", "0.1%", "50.0%"]);
});

Deno.test("cleanText() and escapeMarkup() leave nothing that XML forbids", () => {
  assertEquals(cleanText("a\u0000b\u202ec\ud800"), "a\ufffdb\ufffdc\ufffd");
  assertEquals(escapeMarkup(`<a b="c" d='e'>&`), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
});

Deno.test("shorten() cuts the middle and counts characters, not code units", () => {
  assertEquals(shorten("layer4.2.bn3", 20), "layer4.2.bn3");
  assertEquals(shorten("layer4.2.conv3.weight", 9), "laye…ight");
  assertEquals([...shorten("😀".repeat(30), 9)].length, 9);
});
