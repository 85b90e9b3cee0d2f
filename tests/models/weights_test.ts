import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { build, WeightsFormatError, WeightsMismatchError } from "../../src/models/mod.ts";
import { assemble } from "../../src/models/build.ts";
import { valuesOf } from "../../src/tensor/tensor.ts";
import { learnedOf, stateDict } from "../weights/save_safetensors.ts";

const trained = learnedOf(assemble("mobilenet_v2", 5, new Map()));

Deno.test("build() takes every weight from a state dict, and calibrates nothing", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "mobile.safetensors"), phases: string[] = [];
    await Deno.writeFile(path, stateDict(trained));
    const model = await build("mobilenet_v2", { weights: path, onProgress: (_, phase) => phases.push(phase) });
    const found = learnedOf(model);
    assertEquals([...found.keys()], [...trained.keys()]);
    for (const [name, tensor] of trained) assertEquals(valuesOf(found.get(name)!), valuesOf(tensor), name);
    assertEquals(phases, ["weights", "done"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("build() makes float32 weights of bfloat16 ones", async () => {
  const found = learnedOf(await build("mobilenet_v2", { weights: stateDict(trained, "BF16") }));
  const [a, b] = [found, trained].map((tensors) => tensors.get("features.0.0.weight")!);
  assertEquals(a.type, "float32");
  const values = valuesOf(b);
  valuesOf(a).forEach((value, at) => assert(Math.abs(value - values[at]) <= Math.abs(values[at]) * 2 ** -8));
});

Deno.test("build() lists every missing, unexpected and misshapen name of a state dict", async () => {
  const changed = new Map(trained);
  const [bias, head] = ["classifier.1.bias", "classifier.1.weight"].map((name) => changed.get(name)!);
  changed.delete("classifier.1.bias");
  changed.delete("features.0.1.running_mean");
  changed.set("fc.bias", bias);
  changed.set("classifier.1.weight", { ...head, dims: [1280, 1000] });
  changed.set("features.0.1.num_batches_tracked", bias);
  const error = await assertRejects(
    () => build("mobilenet_v2", { weights: stateDict(changed) }),
    WeightsMismatchError,
    "(bytes): not a state dict of mobilenet_v2 (2 missing, 1 unexpected, 1 of another shape)",
  );
  assertEquals(error.missing, ["features.0.1.running_mean", "classifier.1.bias"]);
  assertEquals(error.unexpected, ["fc.bias"]);
  assertEquals(error.misshapen, [{ name: "classifier.1.weight", expected: [1000, 1280], found: [1280, 1000] }]);
  for (const name of [...error.missing, ...error.unexpected, "classifier.1.weight: [1280,1000] in the file"]) {
    assert(error.message.includes(name), name);
  }
});

Deno.test("build() that is not strict draws what is missing, and still refuses another shape", async () => {
  const less = new Map(trained);
  less.delete("classifier.1.weight");
  less.set("extra", trained.get("classifier.1.bias")!);
  const found = learnedOf(await build("mobilenet_v2", { weights: stateDict(less), strict: false, seed: 7 }));
  const drawn = learnedOf(assemble("mobilenet_v2", 7, new Map())).get("classifier.1.weight")!;
  assertEquals(valuesOf(found.get("classifier.1.weight")!), valuesOf(drawn));
  assertEquals(valuesOf(found.get("features.0.0.weight")!), valuesOf(trained.get("features.0.0.weight")!));
  less.set("classifier.1.bias", { ...trained.get("classifier.1.bias")!, dims: [1000, 1] });
  await assertRejects(() => build("mobilenet_v2", { weights: stateDict(less), strict: false }), WeightsMismatchError);
});

Deno.test("build() refuses whole numbers for weights", async () => {
  const bytes = stateDict(trained);
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, 200)).replace('"F32"', '"I32"');
  bytes.set(Uint8Array.from(text, (char) => char.charCodeAt(0)));
  await assertRejects(
    () => build("mobilenet_v2", { weights: bytes }),
    WeightsFormatError,
    "'features.0.0.weight' is of type int32; expected float32, float16 or bfloat16",
  );
});

Deno.test("build() says so when there is no such state dict", async () => {
  await assertRejects(
    () => build("mobilenet_v2", { weights: "nowhere.pth" }),
    Deno.errors.NotFound,
    "nowhere.pth: there is no such file. Give the path of a state dict.",
  );
});

Deno.test("densenet121 takes the names of torchvision's file of 2017", async () => {
  const dense = learnedOf(assemble("densenet121", 2, new Map()));
  const old = new Map([...dense].map(([name, tensor]) => {
    return [name.replace(/(denselayer\d+\.(?:norm|conv))([12])/, "$1.$2"), tensor];
  }));
  assert(old.has("features.denseblock1.denselayer1.norm.1.weight"));
  const found = learnedOf(await build("densenet121", { weights: stateDict(old) }));
  const name = "features.denseblock4.denselayer16.conv2.weight";
  assertEquals(valuesOf(found.get(name)!), valuesOf(dense.get(name)!));
});
