import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { writePackage } from "../../tasks/npm/main.ts";
import { installPackages } from "../../tasks/npm/packages.ts";

const FIXTURE = fileURLToPath(new URL("../fixtures/fashion_resnet.onnx", import.meta.url));

async function node(folder: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command("node", { args, cwd: folder, stdin: "null" }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

const hasNode = await new Deno.Command("node", { args: ["--version"] }).output().then(() => true, () => false);

Deno.test({
  name: "the npm package fuses, verifies, compares and plots in Node, as an import and as a command",
  ignore: !hasNode,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "layerfuse_npm_" });
    try {
      const own = `${folder}/node_modules/layerfuse`;
      await writePackage(`${folder}/layerfuse`);
      const manifest = JSON.parse(await Deno.readTextFile(`${folder}/layerfuse/package.json`));
      assertEquals([manifest.version, manifest.engines.node], [config.version, ">=20"]);
      await installPackages(folder, Object.keys(manifest.dependencies));
      await Deno.rename(`${folder}/layerfuse`, own);

      const command = `${own}/dist/bin/layerfuse.js`;
      assertEquals((await node(folder, command, "--version")).stdout, `${config.version}\n`);
      const fused = await node(folder, command, "fuse", FIXTURE, "-o", "out.onnx", "--verify");
      assertEquals(fused.code, 0, fused.stderr);
      assertMatch(
        fused.stderr,
        /^verify: relative L2 error \d\.\d\de-\d+, within 0\.00001\. With image 2×1×28×28 .* \d\.\d\de-\d+, within 0\.00001\n$/,
      );
      assertMatch(fused.stdout, /Wrote out\.onnx: .* 22 nodes in place of 33\.\n$/);
      const wrong = await node(folder, command, "fuse", "none.onnx", "-o", "o.onnx");
      assertEquals(wrong.code, 2);
      assertMatch(wrong.stderr, /^layerfuse: none\.onnx: there is no such file\..*\n$/);

      await Deno.writeTextFile(
        `${folder}/use.js`,
        `import { compare } from "layerfuse";
         import { fuse, open } from "layerfuse/fusion";
         import { levelBars, savePlot } from "layerfuse/plot";
         const before = await open(${JSON.stringify(FIXTURE)}), { model, report } = await fuse(before);
         const { levels, error, environment, before: { memory } } = await compare(before, model, { seconds: 0.3, levels: ["all"] });
         await savePlot(levelBars(levels), "bars.png");
         console.log(JSON.stringify({ left: report.after.ops.BatchNormalization ?? 0, error: error.relativeL2, environment, memory }));`,
      );
      const used = await node(folder, "use.js");
      assertEquals(used.code, 0, used.stderr);
      const { left, error, environment, memory } = JSON.parse(used.stdout);
      assertEquals([left, environment.deno], [0, null]);
      assertMatch(environment.node, /^\d+\.\d+\.\d+$/);
      assert(error < 1e-5);
      // each model was tried in a process of its own
      assert(Deno.build.os !== "linux" || memory.peakBytes > 0, "no memory was measured");
      assert((await Deno.stat(`${folder}/bars.png`)).size > 1000);
      for (const { types, default: file } of Object.values<{ types: string; default: string }>(manifest.exports)) {
        assertStringIncludes(await Deno.readTextFile(`${own}/${types}`), "export");
        assert((await Deno.stat(`${own}/${file}`)).isFile);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
