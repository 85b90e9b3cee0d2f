import { assert, assertEquals, assertLess } from "@std/assert";
import type { Comparison } from "../../src/bench/mod.ts";

/** SwiftShader, a Vulkan driver that needs no GPU, as Debian's chromium ships it. */
const FOLDER = "/usr/lib/chromium";
const DRIVER = `${FOLDER}/vk_swiftshader_icd.json`;

const isThere = await Deno.stat(DRIVER).then(() => true, () => false);
const isRequired = Boolean(Deno.env.get("LAYERFUSE_REQUIRE_WEBGPU"));
if (!isThere) console.error(`SKIPPED the WebGPU provider: there is no ${DRIVER} (Debian: apt-get install chromium).`);

Deno.test({
  name: "compare() runs both models on the WebGPU provider, on SwiftShader, and the profile proves it",
  ignore: !isThere && !isRequired,
  async fn() {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-lock", new URL("webgpu_compare.ts", import.meta.url).pathname],
      env: { VK_ICD_FILENAMES: DRIVER, VK_DRIVER_FILES: DRIVER, LD_LIBRARY_PATH: FOLDER },
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    const { environment, levels: [level], error, before, after }: Comparison = JSON.parse(
      new TextDecoder().decode(stdout),
    );
    assertEquals(environment.provider, "webgpu");
    for (const { providers } of [level.before, level.after]) {
      assert(providers.WebGpuExecutionProvider >= 10, JSON.stringify(providers));
    }
    assert(level.before.samplesMs.length >= 5);
    assertLess(error.relativeL2, 1e-5);
    assertEquals([before.ops.BatchNormalization, after.ops.BatchNormalization], [4, undefined]);
  },
});
