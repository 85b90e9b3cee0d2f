import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { fileURLToPath, pathToFileURL } from "node:url";
import { findChromium, withChromium } from "../../tasks/chromium.ts";
import { MOST_FUSION_BYTES, writePlayground } from "../../tasks/playground/main.ts";
import { open } from "../../src/fusion/mod.ts";
import { externalised } from "../external_model.ts";
import { modelBytes, random, tensor } from "../onnx_model.ts";

const chromium = findChromium();
if (!chromium) {
  console.error("Chromium was not found: the test of the playground is skipped. Install it or set LAYERFUSE_CHROMIUM.");
}
const MODEL = fileURLToPath(new URL("../fixtures/fashion_resnet.onnx", import.meta.url));
const TEXT = fileURLToPath(import.meta.url);

/** Runs with images of 64 × 64 alone, and does not say so. */
const SIDE_64 = modelBytes({
  inputs: { image: ["n", 3, "height", "width"] },
  outputs: { y: ["n", 2] },
  initializers: { w: random([4, 3, 1, 1], 1), s: random([4, 1, 1], 2), m: random([4 * 64 * 64, 2], 3) },
  nodes: [
    { op: "Conv", inputs: ["image", "w"], outputs: ["c"] },
    { op: "Mul", inputs: ["c", "s"], outputs: ["p"] },
    { op: "Flatten", inputs: ["p"], outputs: ["f"] },
    { op: "MatMul", inputs: ["f", "m"], outputs: ["y"] },
  ],
});
/** Takes long enough to be stopped before a level has all its rounds. */
const SLOW = modelBytes({
  inputs: { image: [1, 64, 256, 256] },
  outputs: { y: [1, 64, 254, 254] },
  initializers: { w: random([64, 64, 3, 3], 4), s: random([64, 1, 1], 5) },
  nodes: [
    { op: "Conv", inputs: ["image", "w"], outputs: ["c"] },
    { op: "Mul", inputs: ["c", "s"], outputs: ["y"] },
  ],
});
/** Has operators that the page leaves alone. */
const SPECTRUM = modelBytes({
  inputs: { x: [1, 4] },
  outputs: { y: [1, 4, 2] },
  initializers: { axes: tensor([1], [2], 7) },
  nodes: [
    {
      op: "Scaler",
      domain: "ai.onnx.ml",
      inputs: ["x"],
      outputs: ["s"],
      attributes: { offset: { floats: [1, 2, 3, 4] }, scale: { floats: [1, 2, 3, 4] } },
    },
    { op: "Unsqueeze", inputs: ["s", "axes"], outputs: ["u"] },
    { op: "DFT", inputs: ["u"], outputs: ["y"] },
  ],
  opsets: { "": 17, "ai.onnx.ml": 3 },
});
/** Times in the page, once. */
const TIMED = `(globalThis.asked ??= (document.getElementById("seconds").value = 1,
  document.getElementById("time").click(), true)) && document.getElementById("time").textContent !== "Stop"`;
/** Begins to time for a minute, and stops that when the page knows how long it will still take. */
const STOPPED = `(globalThis.asked ??= (document.getElementById("seconds").value = 60,
  document.getElementById("time").click(), true)) &&
  (globalThis.stopped ??= /%.* left/.test(document.getElementById("progress").textContent)
    ? (globalThis.plan = document.getElementById("plan").textContent, document.getElementById("time").click(), true)
    : undefined) && document.getElementById("time").textContent !== "Stop"`;

/** The page's facts: what it says, how wide it is against the window, whether its text can be read, what it offers. */
const LOOK = `(() => {
  const style = getComputedStyle(document.body);
  return {
    status: document.getElementById("status").textContent,
    table: document.getElementById("table").innerText,
    pictures: document.querySelectorAll("#pictures svg").length,
    download: document.getElementById("download").download,
    times: document.getElementById("times").innerText,
    progress: document.getElementById("progress").textContent,
    left: document.getElementById("left").innerText,
    report: document.getElementById("report").download,
    plan: globalThis.plan,
    tooWide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    colour: style.color,
    background: getComputedStyle(document.documentElement).backgroundColor + style.backgroundColor,
  };
})()`;

Deno.test({
  name:
    "the playground fuses a real model in Chromium from a file share, at phone and desktop width, light and dark, and times it",
  ignore: !chromium,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "layerfuse_page_" });
    try {
      assertLess(await writePlayground(folder), MOST_FUSION_BYTES);
      const url = pathToFileURL(`${folder}/index.html`).href, colours = new Set<string>();
      await withChromium(chromium!, async (visit) => {
        const shown = `!document.getElementById("result").hidden`;
        for (const width of [390, 1280]) {
          for (const theme of ["light", "dark"] as const) {
            const { messages, requests, value } = await visit({
              url,
              width,
              theme,
              files: [MODEL],
              until: shown,
              expression: LOOK,
            });
            assertEquals([messages, requests], [[], []]);
            assertMatch(value.status, /^fashion_resnet\.fused\.onnx: 313 kB, .* 22 nodes in place of 33\.$/);
            assertEquals([value.report, value.left], ["fashion_resnet.fused.json", ""]);
            assertMatch(value.table, /BatchNormalization\s+9\s+0/);
            assert(value.pictures > 0);
            assert(value.tooWide <= 0, `${value.tooWide} pixels too wide at ${width}`);
            colours.add(value.colour);
          }
        }
        assertEquals(colours.size, 2, "light and dark text");

        const fetched = `fetch(document.getElementById("download").href).then((answer) => answer.arrayBuffer())
          .then((bytes) => btoa(Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("")))`;
        const { value } = await visit({
          url,
          width: 1280,
          theme: "light",
          files: [MODEL],
          until: shown,
          expression: fetched,
        });
        const fused = await open(Uint8Array.from(atob(value), (character) => character.charCodeAt(0)));
        assertEquals([fused.stats.nodes, fused.stats.ops.BatchNormalization], [22, undefined]);

        const timed = await visit({
          url,
          width: 390,
          theme: "light",
          files: [MODEL],
          until: `(${shown}) && ${TIMED}`,
          patience: 180_000,
          expression: LOOK,
        });
        assertEquals(timed.value.progress, "");
        assertMatch(timed.value.times, /disabled[\s\S]*ms[\s\S]*×[\s\S]*(faster|slower|same|inconclusive)/);
        assertMatch(
          timed.value.times,
          /all: \d+ paired rounds in random order; the outputs differ by \d\.\d+\s×\s10⁻[⁶⁷⁸] of their norm/,
        );
        assertEquals(timed.requests.filter((request) => !request.startsWith("blob:")), [
          new URL("runtime.js", url).href,
        ]);

        const slow = `${folder}/slow.onnx`;
        await Deno.writeFile(slow, SLOW);
        const { value: stopped } = await visit({
          url,
          width: 390,
          theme: "light",
          files: [slow],
          until: `(${shown}) && ${STOPPED}`,
          patience: 180_000,
          expression: LOOK,
        });
        assertEquals([stopped.progress, stopped.times], ["Stopped.", ""]);
        assertMatch(stopped.plan, /^One inference takes .* ms here\. All will take about 2 min\.$/);

        const spectrum = `${folder}/spectrum.onnx`;
        await Deno.writeFile(spectrum, SPECTRUM);
        const { value: unknown } = await visit({
          url,
          width: 390,
          theme: "light",
          files: [spectrum],
          until: shown,
          expression: LOOK,
        });
        assertMatch(unknown.left, /this page does not know ai\.onnx\.ml\.Scaler, DFT, and leaves such nodes/);
        assertMatch(unknown.left, /layerfuse explain spectrum\.onnx$/);

        const only64 = `${folder}/only64.onnx`;
        await Deno.writeFile(only64, SIDE_64);
        const sized = (size: string) =>
          visit({
            url,
            width: 390,
            theme: "dark",
            files: [only64],
            until: `(${shown}) && (document.getElementById("size").value = "${size}", true) && ${TIMED}`,
            patience: 180_000,
            expression: LOOK,
          });
        const { value: usual } = await sized("");
        assertEquals(usual.progress, "");
        assertMatch(usual.times, /The likely shapes of the inputs do not run, others do: image 1×3×64×64\./);
        const { value: given } = await sized("100");
        assertMatch(given.progress, /^It cannot be timed here: .*MatMul[\s\S]*Fed: image as 1×3×100×100\.$/);
        assertEquals(given.times, "");

        const wrong = await visit({
          url,
          width: 390,
          theme: "dark",
          files: [TEXT],
          until: `/not/.test(document.getElementById("status").textContent)`,
          expression: LOOK,
        });
        assertMatch(wrong.value.status, /^page_test\.ts: .*not .*ONNX model/);
        assertEquals(wrong.value.download, "");

        const beside = `${folder}/beside.onnx`;
        const { model, data } = externalised(["w", "gamma"], "w.bin");
        await Deno.writeFile(beside, model);
        const external = await visit({
          url,
          width: 390,
          theme: "dark",
          files: [beside],
          until: `/beside it/.test(document.getElementById("status").textContent)`,
          expression: LOOK,
        });
        assertMatch(
          external.value.status,
          /its weights are in the file 'w\.bin' beside it\. Choose or drop both files at once/,
        );
        await Deno.writeFile(`${folder}/w.bin`, data);
        const both = await visit({
          url,
          width: 390,
          theme: "dark",
          files: [`${folder}/w.bin`, beside],
          until: shown,
          expression: LOOK,
        });
        assertMatch(both.value.status, /^beside\.fused\.onnx: .* 2 nodes in place of 3\.$/);
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
