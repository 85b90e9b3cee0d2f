import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { fashionNetworks } from "../../src/examples/mod.ts";

Deno.test("fashionNetworks() shows the trained networks the real images: what they get right does not change", async () => {
  const folder = fileURLToPath(new URL("../fixtures/", import.meta.url));
  const overview = await fashionNetworks(folder, { seconds: 0.1, minRounds: 2, levels: ["all"], profile: false });
  // the fixtures' README says what PyTorch got right of these 500 images
  const expected = {
    autoencoder: 0.00212,
    convrelubn: 0.93,
    densenet: 0.922,
    repvgg: 0.924,
    resnet: 0.928,
  };
  assertEquals(overview.images, 500);
  assertEquals(overview.results.map(({ name }) => name), Object.keys(expected));
  for (const { name, score, relativeL2, agree } of overview.results) {
    const digits = name === "autoencoder" ? 5 : 3;
    assertEquals(Number(score.before.toFixed(digits)), expected[name as keyof typeof expected], name);
    assertEquals(Number(score.after.toFixed(digits)), expected[name as keyof typeof expected], name);
    assert(relativeL2 <= 1e-5, name);
    assert(agree === null || agree === 500, name);
  }
  const display = (overview as unknown as Record<symbol, () => Record<string, string>>)[Symbol.for("Jupyter.display")];
  assertStringIncludes(display()["text/plain"], "500 of 500");
  assertStringIncludes(display()["text/html"], "autoencoder");
});
