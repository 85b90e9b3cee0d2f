import { assert, assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "node:path";
import { build, WeightsFormatError, WeightsMismatchError } from "../../src/models/mod.ts";
import { assemble, learnedShapes } from "../../src/models/build.ts";
import { filledTensor, sizeOf, type Tensor, valuesOf, valueTensor } from "../../src/tensor/tensor.ts";
import { renamed } from "../../src/models/weight_names.ts";
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

/** Names that another library's state dict has for those of `names`. */
function under(tensors: ReadonlyMap<string, Tensor>, ...names: (readonly [RegExp, string])[]) {
  return new Map([...tensors].map(([name, tensor]) => [
    names.reduce((other, [pattern, there]) => other.replace(pattern, there), name),
    tensor,
  ]));
}

for (
  const [style, query, output, table, mlp] of [
    ["the files of the hub", "self.query", "output.dense", "self", ["intermediate.dense", "output.dense"]],
    ["transformers 5", "q_proj", "o_proj", "relative_position_bias", ["mlp.fc1", "mlp.fc2"]],
  ] as const
) {
  Deno.test(`swin_t takes Hugging Face's names as in ${style}, its three projections as one`, async () => {
    const own = new Map([...learnedShapes("swin_t")].map(([name, dims], index) => {
      const values = Float64Array.from({ length: sizeOf(dims) }, (_, at) => ((at * 31 + index * 7) % 256 - 128) / 512);
      return [name, valueTensor("float32", dims, values)];
    }));
    const tensors = new Map(own);
    for (const [name, tensor] of own) {
      const [, path, kind] = /^(.*\.attn)\.qkv\.(\w+)$/.exec(name) ?? [];
      if (path === undefined) continue;
      tensors.delete(name);
      const [rows, ...rest] = tensor.dims, values = valuesOf(tensor), size = values.length / 3;
      ["query", "key", "value"].forEach((part, index) => {
        const there = query.startsWith("self") ? `self.${part}` : `${part[0]}_proj`;
        const dims = [rows / 3, ...rest];
        const piece = valueTensor("float32", dims, values.slice(index * size, (index + 1) * size));
        tensors.set(`${path}.${there}.${kind}`, piece);
      });
    }
    const theirs = under(
      tensors,
      [/^features\.0\.0\./, "swin.embeddings.patch_embeddings.projection."],
      [/^features\.0\.2\./, "swin.embeddings.norm."],
      [/^norm\./, "swin.layernorm."],
      [/^head\./, "classifier."],
      [/^features\.2\./, "swin.encoder.layers.0.downsample."],
      [/^features\.4\./, "swin.encoder.layers.1.downsample."],
      [/^features\.6\./, "swin.encoder.layers.2.downsample."],
      [/^features\.1\./, "swin.encoder.layers.0.blocks."],
      [/^features\.3\./, "swin.encoder.layers.1.blocks."],
      [/^features\.5\./, "swin.encoder.layers.2.blocks."],
      [/^features\.7\./, "swin.encoder.layers.3.blocks."],
      [/\.norm1\./, ".layernorm_before."],
      [/\.norm2\./, ".layernorm_after."],
      [/\.attn\.proj\./, `.attention.${output}.`],
      [/\.attn\.relative/, `.attention.${table}.relative`],
      [/\.attn\./, ".attention."],
      [/\.mlp\.0\./, `.${mlp[0]}.`],
      [/\.mlp\.3\./, `.${mlp[1]}.`],
    );
    const weightsOf = async (tensors: ReadonlyMap<string, Tensor>) => {
      const { graph } = (await build("swin_t", { weights: stateDict(tensors) })).graphs();
      return [...graph.initializers].map(({ name, initializer }) => [name, initializer!] as const);
    };
    const found = new Map(await weightsOf(theirs));
    for (const [name, tensor] of await weightsOf(own)) assertEquals(valuesOf(found.get(name)!), valuesOf(tensor), name);
    theirs.delete(`swin.encoder.layers.0.blocks.0.attention.${query}.weight`);
    await assertRejects(
      () => build("swin_t", { weights: stateDict(theirs) }),
      WeightsMismatchError,
      "features.1.0.attn.qkv.weight",
    );
  });
}

Deno.test("mobilenet_v2 of Hugging Face's names has TensorFlow's padding and ε, and the classes of its weights", async () => {
  const layer = ["expand_1x1", "conv_3x3", "reduce_1x1"], kind = ["convolution", "normalization"];
  const name = (here: string) => {
    const [, feature, rest] = /^features\.(\d+)\.(.*)$/.exec(here) ?? [];
    if (feature === undefined) return here.replace("classifier.1.", "classifier.");
    const stem = "mobilenet_v2.conv_stem", at = Number(feature);
    if (at === 0) return rest.replace(/^(\d)/, (_, which) => `${stem}.first_conv.${kind[which]}`);
    if (at === 18) return rest.replace(/^(\d)/, (_, which) => `mobilenet_v2.conv_1x1.${kind[which]}`);
    const path = at === 1 ? stem : `mobilenet_v2.layer.${at - 2}`, first = at === 1 ? 1 : 0, last = 2 - first;
    return rest.replace(/^conv\.(\d)\.(?:(\d)\.)?/, (_, module, which) => {
      const isLast = Number(module) >= last;
      return `${path}.${layer[isLast ? 2 : Number(module) + first]}.${kind[isLast ? Number(module) - last : which]}.`;
    });
  };
  const theirs = new Map([...trained].map(([here, tensor]) => [name(here), tensor]));
  for (const [key, dims] of [["classifier.weight", [1001, 1280]], ["classifier.bias", [1001]]] as const) {
    theirs.set(key, filledTensor("float32", dims, 0.5));
  }
  const model = await build("mobilenet_v2", { weights: stateDict(theirs) });
  const values = (type: string, name: string) =>
    model.graphs().graph.nodes.filter(({ opType }) => opType === type).map((node) => node.attribute(name));
  assertEquals(model.outputs[0].shape, ["batch", 1001]);
  assert(values("Conv", "auto_pad").every((value) => value === "SAME_UPPER"));
  assert(values("BatchNormalization", "epsilon").every((value) => Math.fround(1e-3) === value));
});

for (
  const [architecture, branches] of [
    ["repvgg_a0", { rbr_dense: "conv_kxk", rbr_1x1: "conv_1x1", rbr_identity: "identity" }],
    ["mobileone_s0", { rbr_conv: "conv_kxk", rbr_scale: "conv_scale", rbr_skip: "identity" }],
  ] as const
) {
  Deno.test(`${architecture} takes timm's names of its branches`, () => {
    const learned = learnedShapes(architecture),
      tensors = new Map([...learned].map(([name, dims]) => {
        const there = name.replace(/^stage0\./, "stem.").replace(/^stage(\d)\./, (_, stage) => `stages.${stage - 1}.`)
          .replace(/rbr_\w+/, (branch) => (branches as Record<string, string>)[branch]).replace(
            /^linear\./,
            "head.fc.",
          );
        return [there, filledTensor("float32", dims, 0)];
      }));
    assert(tensors.has("stem.conv_kxk.0.bn.bias") || tensors.has("stem.conv_kxk.bn.bias"));
    const { dict } = renamed(architecture, { name: "timm.pth", tensors }, learned);
    assertEquals([...dict.tensors.keys()], [...learned.keys()]);
  });
}

for (const wrapper of ["bert.", "0.auto_model."]) {
  Deno.test(`minilm_l6 takes the names of a BertModel behind ${wrapper}`, () => {
    const learned = learnedShapes("minilm_l6");
    const tensors = new Map([...learned].map(([name, dims]) => [wrapper + name, filledTensor("float32", dims, 0)]));
    const { dict } = renamed("minilm_l6", { name: "pytorch_model.bin", tensors }, learned);
    assertEquals([...dict.tensors.keys()], [...learned.keys()]);
  });
}

for (
  const [file, config, converted] of [
    ["tf_efficientnet_b0_ns-c0e6a31c.pth", undefined, true],
    ["models--timm--tf_efficientnet_b0.ns_jft_in1k/snapshots/aa2/model.safetensors", undefined, true],
    ["efficientnet_b0.safetensors", undefined, false],
    ["tf_efficientnet_b0/efficientnet_b0.pth", undefined, false],
    ["model.safetensors", "tf_efficientnet_b0", true],
    ["model.safetensors", "efficientnet_b0", false],
    ["tf_efficientnet_b0.pth", "efficientnet_b0", false],
    ["mine.pth", undefined, undefined],
    ["mine.pth", "[", undefined],
    ["tf_efficientnet_b00.pth", undefined, undefined],
  ] as const
) {
  const told = config === undefined ? "" : ` beside config.json of ${config}`;
  Deno.test(`timm's names in ${file}${told} are ${converted ? "tf_" : ""}efficientnet_b0's${converted === undefined ? " with a note" : ""}`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const path = join(folder, file);
      await Deno.mkdir(dirname(path), { recursive: true });
      if (config === "[") await Deno.writeTextFile(join(folder, "config.json"), config);
      else if (config) await Deno.writeTextFile(join(folder, "config.json"), JSON.stringify({ architecture: config }));
      await Deno.writeFile(path, stateDict(timmEfficientnet()));
      const model = await build("efficientnet_b0", { weights: path });
      const values = (type: string, name: string) =>
        new Set(model.graphs().graph.nodes.filter(({ opType }) => opType === type).map((node) => node.attribute(name)));
      assertEquals([...values("Conv", "auto_pad")], [converted ? "SAME_UPPER" : undefined]);
      assertEquals([...values("BatchNormalization", "epsilon")], [Math.fround(converted ? 1e-3 : 1e-5)]);
      assertEquals(
        model.notes.map((note) => note.slice(path.length)),
        {
          true: [": read as timm's tf_efficientnet_b0, with TensorFlow's padding and ε = 0.001."],
          false: [],
          undefined: [
            ": read as timm's efficientnet_b0. The names in timm's tf_efficientnet_b0 are the same, and it computes otherwise " +
            "(TensorFlow's padding and ε = 0.001): if it is that, put tf_efficientnet_b0 into the file's name.",
          ],
        }[String(converted)],
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** What timm has of efficientnet_b0, all zero. */
function timmEfficientnet(): Map<string, Tensor> {
  const inner = {
    false: ["conv_dw", "bn1", "se.conv_reduce", "se.conv_expand", "conv_pw", "bn2"],
    true: ["conv_pw", "bn1", "conv_dw", "bn2", "se.conv_reduce", "se.conv_expand", "conv_pwl", "bn3"],
  };
  return new Map([...learnedShapes("efficientnet_b0")].map(([name, dims]) => {
    const there = name.replace(/^features\.0\.0/, "conv_stem").replace(/^features\.0\.1/, "bn1")
      .replace(/^features\.8\.0/, "conv_head").replace(/^features\.8\.1/, "bn2").replace(/^classifier\.1/, "classifier")
      .replace(/^features\.(\d+)\.(\d+)\.block\.(\d)\.(0|1|fc1|fc2)\./, (_, stage, index, module, layer) => {
        const place = 2 * Number(module) + (layer === "1" || layer === "fc2" ? 1 : 0);
        return `blocks.${stage - 1}.${index}.${inner[stage === "1" ? "false" : "true"][place]}.`;
      });
    return [there, filledTensor("float32", dims, 0)];
  }));
}
