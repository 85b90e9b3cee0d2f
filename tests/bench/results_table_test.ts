/** The tables of bench/RESULTS.md: rows stay where a network is not measured anew; what is asked is answered. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { NETWORKS, networksNamed } from "../../bench/networks.ts";
import { rowOf, type Saved, sectionOf, tableOf } from "../../bench/results_table.ts";
import { architectures } from "../../mod.ts";

/** A comparison as far as a row reads it. */
function saved(estimate: number, verdict: string): Saved {
  const level = {
    level: "all",
    before: { medianMs: 10 },
    after: { medianMs: 10 / estimate },
    speedup: { estimate, low: estimate - 0.01, high: estimate + 0.01 },
    verdict,
    lnRatios: [0, 0, 0],
  };
  return {
    levels: [level],
    error: { relativeL2: 1e-7 },
    inputs: [{ dims: [1, 3] }],
    fusion: { before: { nodes: 9 }, after: { nodes: 5 } },
    environment: { date: "2026-01-02T03:04:05Z" },
  } as unknown as Saved;
}

const [mobileone] = networksNamed(["mobileone_s0"]), [resnet] = networksNamed(["resnet101"]);

Deno.test("a row says what was asked and whether it is there", () => {
  const lastCell = (row: string | undefined) => row!.split("|").at(-2)!.trim();
  assertEquals(lastCell(rowOf(mobileone, saved(4.1, "faster"), "all")), "≥ 4×: yes");
  assertEquals(lastCell(rowOf(mobileone, saved(3.9, "faster"), "all")), "≥ 4×: no");
  assertEquals(lastCell(rowOf(resnet, saved(0.995, "same"), "all")), "≥ 0.99×, not slower: yes");
  assertEquals(lastCell(rowOf(resnet, saved(0.995, "slower"), "all")), "≥ 0.99×, not slower: no");
  assertEquals(lastCell(rowOf(resnet, saved(0.98, "inconclusive"), "all")), "≥ 0.99×, not slower: no");
  assertEquals(rowOf(resnet, saved(1, "same"), "disabled"), undefined);
});

Deno.test("a table keeps the rows of networks that were not measured anew, and replaces the others", () => {
  const row = (estimate: number) => rowOf(mobileone, saved(estimate, "faster"), "all")!;
  const other = rowOf(resnet, saved(1, "same"), "all")!;
  const first = tableOf(NETWORKS, new Map([["mobileone_s0", row(4.5)], ["resnet101", other]]), "");
  const file = `# Results\n\n## A\n\n${first}\n\n## B\n\nnothing\n`;
  const second = tableOf(NETWORKS, new Map([["mobileone_s0", row(5.5)]]), sectionOf(file, "## A"));
  assertStringIncludes(second, row(5.5));
  assertStringIncludes(second, other);
  assert(!second.includes("4.500×"));
  assertEquals(tableOf(NETWORKS, new Map(), sectionOf(file, "## B")).split("\n").length, 2, "heading and rule alone");
});

Deno.test("networks are found by their own names, and all operator sets by the architecture's", () => {
  assertEquals(networksNamed(["bert_encoder@13"]).map(({ name }) => name), ["bert_encoder@13"]);
  assertEquals(networksNamed(["bert_encoder"]).map(({ name }) => name), ["bert_encoder@13", "bert_encoder@17"]);
  assertThrows(() => networksNamed(["bert"]), RangeError, "network 'bert': unknown; expected one of mobileone_s0");
});

Deno.test("every network of the tables is an architecture of build() or a network of an npm package", () => {
  const names = NETWORKS.map(({ name }) => name);
  assertEquals(names, [...new Set(names)]);
  const others = names.filter((name) => !architectures.some((known) => known === name.replace(/@(\d+|cpu)$/, "")));
  const fromNpm = ["ppocr_v4_rec", "ppocr_v4_rec@cpu", "ppocr_v4_det", "ppocr_v2_cls", "silero_vad_v5"];
  assertEquals(others, [...fromNpm, "retinaface_mnet025", "all_minilm_l6_v2"]);
});
