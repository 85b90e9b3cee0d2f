/** Run by webgpu_test.ts in a process of its own, whose environment names a Vulkan driver: compares a fixture with its fused form. */
import { compare, fuse } from "../../mod.ts";

const path = new URL("../fixtures/fashion_autoencoder.onnx", import.meta.url);
const result = await compare(path, (await fuse(path)).model, {
  provider: "webgpu",
  levels: ["all"],
  seconds: 1,
  minRounds: 5,
  profile: false,
  distributions: ["uniform"],
});
console.log(JSON.stringify(result));
