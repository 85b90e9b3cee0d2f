/** The rewriter itself under `deno bench`: opening, fusing and saving, on the fixtures and on ResNet-18. */
import { build, fuse, open } from "../mod.ts";

const folder = Deno.makeTempDirSync({ prefix: "layerfuse_" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

const paths = ["fashion_resnet", "fashion_repvgg", "fashion_densenet"].map((name) => ({
  name,
  path: new URL(`../tests/fixtures/${name}.onnx`, import.meta.url).pathname,
}));
paths.push({ name: "resnet18", path: `${folder}/resnet18.onnx` });
await (await build("resnet18")).save(`${folder}/resnet18.onnx`);

for (const { name, path } of paths) {
  Deno.bench(`open ${name}`, { group: name, baseline: true }, async () => {
    await open(path);
  });
  Deno.bench(`fuse ${name}`, { group: name }, async () => {
    await fuse(path);
  });
  Deno.bench(`fuse and save ${name}`, { group: name }, async () => {
    await (await fuse(path)).model.save(`${folder}/fused.onnx`);
  });
}
