/**
 * The runtime is asked, not believed: what ONNX Runtime really runs of every built network (`optimizedModelFilePath`), original
 * and fused, at each of its levels. Networks differ in the operators that it fuses.
 */
import { assertEquals, assertLessOrEqual } from "@std/assert";
import { asRunOperators, type Level, lostOperators } from "../../src/bench/mod.ts";
import { fuse, type FusionReport } from "../../src/fusion/mod.ts";
import { RULES } from "../../src/rules/mod.ts";
import { type Architecture, architectures, build } from "../../src/models/mod.ts";

/** Networks that take minutes to build and whose blocks stand in smaller ones. */
const LARGE =
  /^(resnet(34|50|101|152)|vgg|wide_resnet|resnext|densenet1[6-9]|densenet201|inception|googlenet|regnet|deeplab|r3d)/;

/** Networks that are tried at several opsets: what the runtime recognises differs. */
const OPSETS: Partial<Record<Architecture, readonly number[]>> = {
  bert_encoder: [13, 17],
  gpt_blocks: [13, 17, 20],
  llama_blocks: [13, 17],
  vit_tiny_patch16_224: [14, 17],
  convnext_atto: [14, 17],
};

const total = (ops: Readonly<Record<string, number>>) => Object.values(ops).reduce((sum, count) => sum + count, 0);

/** Nodes that rules add where they save a good part of the arithmetic, as these phases may. */
function morePaidFor({ applied }: FusionReport): number {
  const names = RULES.filter(({ phase }) => phase === "decompose" || phase === "lower").map(({ name }) => name);
  return applied.reduce(
    (sum, { rule, before, after }) => sum + (names.includes(rule) ? Math.max(0, after!.nodes - before!.nodes) : 0),
    0,
  );
}

for (const name of architectures.filter((name) => !LARGE.test(name))) {
  for (const opset of OPSETS[name] ?? [undefined]) {
    Deno.test(`the runtime runs no more of ${name}${opset ? ` at opset ${opset}` : ""} once it is fused`, async () => {
      const original = await build(name, { opset }), { model: fused, report } = await fuse(original);
      const more = morePaidFor(report);
      const folder = await Deno.makeTempDir(), paths = [`${folder}/original.onnx`, `${folder}/fused.onnx`];
      try {
        await original.save(paths[0]);
        await fused.save(paths[1]);
        for (const level of ["basic", "extended", "all"] as Level[]) {
          const [before, after] = [await asRunOperators(paths[0], level), await asRunOperators(paths[1], level)];
          assertEquals(lostOperators(before, after)?.lost ?? {}, {}, level);
          assertLessOrEqual(total(after), total(before) + more, level);
        }
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    });
  }
}
