/**
 * Numbers and names as people read them. The same number is written the same way in a terminal, a table and a plot.
 *
 * @module
 */

import type { Interval, Verdict } from "../bench/types.ts";

/**
 * Milliseconds to three significant digits with the unit: `45.2 ms`, `0.0312 ms`, `1,240 ms`; `–` where there is none.
 */
export function formatMs(ms: number): string {
  return Number.isFinite(ms) ? `${formatNumber(ms)} ms` : "–";
}

/** A number to three significant digits, with thousands separated: `45.2`, `1,240`, `0.00312`; far ones as `3.1e-6`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e9)) return formatScientific(value);
  const digits = size === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(size)));
  return digits > 0 ? value.toFixed(digits) : separated(value.toFixed(0));
}

/** A number in scientific notation to three digits, or `0`: `3.21e-6`. */
export function formatScientific(value: number): string {
  return value === 0 ? "0" : value.toExponential(2);
}

/**
 * A number that may be tiny, in scientific notation with superscripts and no-break spaces: `3.21 × 10⁻⁶`; plain when
 * near 1.
 */
export function formatPower(value: number): string {
  if (value === 0) return "0";
  if (!Number.isFinite(value) || (Math.abs(value) >= 1e-2 && Math.abs(value) < 1e5)) return formatNumber(value);
  const [mantissa, exponent] = value.toExponential(2).split("e");
  return `${mantissa}\u00a0×\u00a0${formatPowerOfTen(Number(exponent))}`;
}

/** A power of ten with a superscript: `10⁻⁶`. */
export function formatPowerOfTen(exponent: number): string {
  const superscript = [...String(exponent)].map((digit) => digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]);
  return `10${superscript.join("")}`;
}

/** Decimals that keep ratios apart: three where one of them is within 2% of 1, one where all are 10 or more. */
function ratioDigits(ratios: number[]): number {
  if (ratios.some((ratio) => Math.abs(ratio - 1) < 0.02)) return 3;
  return ratios.every((ratio) => ratio >= 10) ? 1 : 2;
}

/** An interval of ratios, all with the same digits: `1.12× (1.10–1.14)`. */
export function formatInterval({ estimate, low, high }: Interval): string {
  if (![estimate, low, high].every(Number.isFinite)) return "n/a";
  const digits = ratioDigits([estimate, low, high]);
  return `${estimate.toFixed(digits)}× (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}

/** A verdict with a mark that does not need colour: `▲ faster`. */
export function formatVerdict(verdict: Verdict): string {
  return `${{ faster: "▲", slower: "▼", same: "=", inconclusive: "?" }[verdict]} ${verdict}`;
}

/** Bytes in decimal units: `178 MB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const unit = Math.min(units.length - 1, bytes >= 1000 ? Math.floor(Math.log10(bytes) / 3) : 0);
  return unit === 0 ? `${bytes} B` : `${formatNumber(bytes / 1000 ** unit)} ${units[unit]}`;
}

/** A count with thousands separated: `44,549,160`. */
export function formatCount(count: number): string {
  return separated(String(count));
}

/** Digits with thousands separated; without `Intl`, which takes 20 ms to start. */
function separated(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** So many of something: `1 node`, `1,234 nodes`. */
export function formatNumberOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** A share as a percentage: `99.8%`. 100% is written only when it is all of them. */
export function formatShare(share: number): string {
  if (share === 1 || share === 0) return `${share * 100}%`;
  return `${Math.min(99.9, Math.max(0.1, share * 100)).toFixed(1)}%`;
}

/** Dimensions joined by ×: `1×3×256×256`; a scalar is `scalar`. */
export function formatDims(dims: readonly number[]): string {
  return dims.length === 0 ? "scalar" : dims.join("×");
}

/**
 * A name out of a model made fit for a line of text, HTML or SVG: control characters and unpaired surrogates (which XML
 * forbids) become `�`. It does *not* escape markup; see {@link escapeMarkup}.
 */
export function cleanText(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff\u202a-\u202e\u2066-\u2069]/g, "\ufffd")
    .toWellFormed();
}

/** A cleaned name cut in the middle to at most `length` characters: `layer4.2…Conv_103`. */
export function shorten(text: string, length: number): string {
  const characters = [...cleanText(text)];
  if (characters.length <= length) return characters.join("");
  const head = Math.ceil((length - 1) / 2);
  return `${characters.slice(0, head).join("")}…${characters.slice(characters.length - (length - 1 - head)).join("")}`;
}

/** Text made safe inside HTML and SVG, in content and in quoted attributes. */
export function escapeMarkup(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return cleanText(text).replace(/[&<>"']/g, (character) => entities[character]);
}

/** Text made safe inside a Markdown table cell: nothing in it is markup, HTML, a link or a cell border. */
export function escapeMarkdown(text: string): string {
  return cleanText(text).replace(/[\\`*_{}[\]#|~<>&$@]/g, (character) => `&#${character.charCodeAt(0)};`);
}
