/** What is done for ONNX Runtime's CPU kernels alone, to whole networks: for them, and for no other runtime. */
import { assertEquals } from "@std/assert";
import { fuse, listRules } from "../../src/fusion/mod.ts";
import { type Architecture, build } from "../../src/models/mod.ts";

/** How often each rule for the CPU is applied to a network. */
const NETWORKS: Partial<Record<Architecture, Record<string, number>>> = {
  mtcnn_pnet: { "write-slopes-as-relu": 2 },
  mtcnn_rnet: { "write-slopes-as-relu": 3 },
  mtcnn_onet: { "write-slopes-as-relu": 4 },
  quartznet_5x5: { "write-lines-as-images": 1 },
  wav2vec2_stem: { "write-lines-as-images": 1 },
  r2plus1d_18: { "write-clips-as-images": 28 },
  ecg_resnet1d: { "write-lines-as-images": 1 },
};

const forCpu = new Set(listRules().filter(({ runtimes }) => runtimes).map(({ name }) => name));

for (const [name, expected] of Object.entries(NETWORKS)) {
  Deno.test(`${name} is rewritten for the CPU's kernels where that is asked, and nowhere else`, async () => {
    const original = await build(name as Architecture, { seed: 0 });
    for (const runtime of ["onnxruntime", "none", "onnxruntime-cpu"] as const) {
      const { report } = await fuse(original, { runtime }), counts: Record<string, number> = {};
      for (const { rule } of report.applied.filter(({ rule }) => forCpu.has(rule))) {
        counts[rule] = (counts[rule] ?? 0) + 1;
      }
      assertEquals(counts, runtime === "onnxruntime-cpu" ? expected : {}, runtime);
    }
  });
}
