import { assert, assertEquals, assertRejects } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { rasterPixels } from "../../src/plot/raster.ts";

const RED =
  `<svg xmlns="http://www.w3.org/2000/svg" width="4" height="2"><rect width="2" height="2" fill="#f00"/></svg>`;

Deno.test("rasterPixels() gives rows of RGBA, and nothing where nothing is drawn", async () => {
  const { width, height, rgba } = await rasterPixels(RED);
  assertEquals([width, height, rgba.length], [4, 2, 32]);
  assertEquals([...rgba.subarray(0, 16)], [255, 0, 0, 255, 255, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0, 0]);
});

Deno.test("rasterPixels() scales", async () => {
  const { width, height } = await rasterPixels(RED, 3);
  assertEquals([width, height], [12, 6]);
});

Deno.test("rasterPixels() draws text without any font of the system", async () => {
  const { rgba } = await rasterPixels(
    `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><text y="16" font-size="16">Ω</text></svg>`,
  );
  assert(rgba.some((value) => value > 0));
});

Deno.test("rasterPixels() refuses what is not well-formed", async () => {
  await assertRejects(() => rasterPixels("<svg"));
});

Deno.test("files of packages are asked for in the versions that deno.json names", async () => {
  const asked = (await Promise.all(
    ["plot/raster.ts", "examples/text_direction.ts"].map((file) =>
      Deno.readTextFile(new URL(`../../src/${file}`, import.meta.url))
    ),
  )).flatMap((source) => [...source.matchAll(/"(npm:.+?@[\d.]+)/g)].map(([, specifier]) => specifier));
  const named = Object.values(config.imports);
  assert(asked.length >= 2);
  for (const specifier of asked) assert(named.includes(specifier), `deno.json does not name ${specifier}`);
});
