import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { cli, filesIn, fixture, inFolder } from "./run_cli.ts";

Deno.test("layerfuse compare fuses a lone model first and writes the JSON and the report", async () => {
  await inFolder(async (folder) => {
    const { code, stdout, stderr } = await cli(
      ...["compare", fixture("fashion_resnet"), "--seconds", "1", "--seed", "3"],
      ...["--json", `${folder}/r.json`, "--report", `${folder}/r.html`],
    );
    assertEquals(code, 0, stderr);
    const result = JSON.parse(await Deno.readTextFile(`${folder}/r.json`));
    assertEquals(result.levels.map(({ level }: { level: string }) => level), ["disabled", "all"]);
    for (const { before, after, speedup, verdict } of result.levels) {
      assertEquals(before.samplesMs.length, after.samplesMs.length);
      assert(before.samplesMs.length > 0 && before.medianMs > 0);
      assert(speedup.low <= speedup.estimate && speedup.estimate <= speedup.high);
      assert(["faster", "slower", "same", "inconclusive"].includes(verdict));
    }
    assertLess(result.error.relativeL2, 1e-5);
    assertEquals(result.error.top1Agreement, 1);
    assert(Number.isFinite(result.error.l2) && Number.isFinite(result.error.maxAbs) && result.error.cosine > 0.999999);
    assertEquals([result.before.ops.BatchNormalization, result.after.ops.BatchNormalization], [9, undefined]);
    assertEquals(result.environment.provider, "cpu");
    assert(result.fusion.applied.length >= 9);
    assertStringIncludes(stdout, "time before");
    assertStringIncludes(await Deno.readTextFile(`${folder}/r.html`), "<svg");
    assertEquals(filesIn(folder), ["r.html", "r.json"]);
  });
});

Deno.test("layerfuse compare takes two models and one level", async () => {
  const path = fixture("fashion_autoencoder");
  const { code, stdout } = await cli("compare", path, path, "--seconds", "0.5", "--levels", "all", "--json", "-");
  assertEquals(code, 0);
  const result = JSON.parse(stdout);
  assertEquals(result.levels.length, 1);
  assertEquals(result.error.l2, 0);
  assertEquals(result.fusion, undefined);
});
