/**
 * The fixtures and ResNet-18 before and after fusion, under `deno bench -A bench/`: a trend for CI. For a verdict on a
 * difference use `compare()`, since `deno bench` times one model after the other.
 */
import { build, fuse, registerComparison } from "../mod.ts";

for (
  const name of ["fashion_resnet", "fashion_densenet", "fashion_repvgg", "fashion_convrelubn", "fashion_autoencoder"]
) {
  const path = new URL(`../tests/fixtures/${name}.onnx`, import.meta.url);
  registerComparison(name, path, async () => (await fuse(path)).model);
}

let resnet18: ReturnType<typeof build> | undefined;
const unfused = () => resnet18 ??= build("resnet18");
registerComparison("resnet18 64x64", unfused, async () => (await fuse(await unfused())).model, { size: 64 });
