import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { listSupportedBackends } from "onnxruntime-node";
import { compare } from "../../src/bench/compare.ts";
import { parseProvider, resolveProvider } from "../../src/bench/provider.ts";
import { fixture } from "./fixture.ts";

const model = fixture("fashion_convrelubn");

Deno.test("an unknown provider name is an error that lists the names", async () => {
  await assertRejects(
    () => compare(model, model, { provider: "gpu" }),
    Error,
    'provider "gpu": unknown; expected auto, cpu, cuda, tensorrt, webgpu, coreml, dml',
  );
  assertEquals(parseProvider("auto"), "auto");
});

Deno.test("auto never fails for want of a provider", async () => {
  const { provider } = await resolveProvider("auto", model);
  assert(provider === "cpu" || provider === "cuda", provider);
});

Deno.test("a provider that this build of ONNX Runtime lacks is an error that says where it is", async () => {
  const there = listSupportedBackends().map((backend) => backend.name as string);
  for (const [name, where] of [["coreml", "macOS"], ["dml", "Windows"]]) {
    if (there.includes(name)) continue;
    const error = await assertRejects(
      () => resolveProvider(name, model),
      Error,
      `provider ${name}: not in onnxruntime-node`,
    );
    assertStringIncludes(error.message, where);
  }
});

Deno.test("cuda starts and proves where nodes ran, or says how to get it", async () => {
  const result = await compare(model, model, { provider: "cuda", seconds: 0.1, levels: ["all"] }).catch((error) =>
    error
  );
  if (result instanceof Error) {
    assertStringIncludes(result.message, "provider cuda");
    assertStringIncludes(result.message, "deno task setup:cuda");
  } else {
    assert(result.levels[0].before.providers.CUDAExecutionProvider > 0);
  }
});

Deno.test("a model that no provider can load is not blamed on the provider", async () => {
  const path = await Deno.makeTempFile({ suffix: ".onnx" });
  await Deno.writeTextFile(path, "not a model");
  try {
    const error = await assertRejects(() => resolveProvider("webgpu", path), Error);
    assert(!error.message.includes("cannot start"), error.message);
    assertStringIncludes(error.message, path);
  } finally {
    await Deno.remove(path);
  }
});
