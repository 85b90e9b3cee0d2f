import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { levelBars, renderPng, savePlot } from "../../src/plot/mod.ts";
import { sampleComparison } from "./sample.ts";

const plot = levelBars(sampleComparison().levels, { width: 340 });

Deno.test("savePlot() writes an SVG that stands alone", async () => {
  const folder = await Deno.makeTempDir();
  await savePlot(plot, `${folder}/plot.svg`);
  assertEquals(await Deno.readTextFile(`${folder}/plot.svg`), plot.svg);
  assert(plot.svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"'));
  assertEquals([...Deno.readDirSync(folder)].map((entry) => entry.name), ["plot.svg"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("savePlot() writes a PNG at twice the size, also to a URL", async () => {
  const folder = await Deno.makeTempDir();
  await savePlot(plot, new URL(`file://${folder}/plot.png`));
  const png = await Deno.readFile(`${folder}/plot.png`);
  assertEquals(new DataView(png.buffer).getUint32(16), 680);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("renderPng() draws text, and dark is not light", async () => {
  const svg = (text: string) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="80" height="20"><text x="2" y="15" font-family="system-ui">${text}</text></svg>`;
  const [blank, word] = [await renderPng(svg("")), await renderPng(svg("µ ÷ 10⁻³"))];
  assertNotEquals(blank, word);
  assertNotEquals(await renderPng(plot.svg), await renderPng(plot.svg, { theme: "dark" }));
});

Deno.test("renderPng() refuses what is not well-formed", async () => {
  await assertRejects(() => renderPng("<svg xmlns='http://www.w3.org/2000/svg'><g></svg>"));
});

Deno.test("savePlot() refuses other endings and leaves no file behind", async () => {
  const folder = await Deno.makeTempDir();
  await assertRejects(() => savePlot(plot, `${folder}/plot.jpg`), TypeError, "not as");
  await assertRejects(() => savePlot("<svg", `${folder}/plot.png`));
  assertEquals([...Deno.readDirSync(folder)], []);
  await Deno.remove(folder, { recursive: true });
});
