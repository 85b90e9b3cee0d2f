/** Comparisons made up for tests of what is done with them. */
import { judge } from "../../src/bench/judge.ts";
import type { Comparison, ErrorMeasures, Level, LevelComparison, Timing } from "../../src/bench/types.ts";

/** 100 ln-ratios spread evenly over centre ± half: in twenty blocks, their 95% interval is about centre ± half/3.6. */
export const spread = (centre: number, half: number): number[] =>
  Array.from({ length: 100 }, (_, i) => centre + half * (i / 49.5 - 1));

function timing(samplesMs: number[]): Timing {
  const medianMs = samplesMs.toSorted((a, b) => a - b)[samplesMs.length >> 1];
  return {
    medianMs,
    samplesMs,
    outliers: 0,
    sessionMs: 3,
    opsRun: { Conv: 2 },
    providers: { CPUExecutionProvider: 2 },
  };
}

export function levelWith(level: Level, lnRatios: number[]): LevelComparison {
  const before = lnRatios.map((ln) => 10 * Math.exp(ln));
  return {
    level,
    before: timing(before),
    after: timing(lnRatios.map(() => 10)),
    lnRatios,
    ...judge(lnRatios, { isSample: false }),
  };
}

export const measures = (relativeL2: number): ErrorMeasures => ({
  l2: 10 * relativeL2,
  norm: 10,
  maxAbs: relativeL2,
  relativeL2,
  cosine: 1,
  snrDb: 100,
  top1Agreement: 1,
  top5Agreement: null,
});

export function comparisonWith(levels: LevelComparison[], relativeL2 = 1e-6): Comparison {
  const model = { name: "net.onnx", sha256: "ab", bytes: 100, ops: { Conv: 2, BatchNormalization: 2 } };
  return {
    schemaVersion: 1,
    environment: {
      date: "2026-01-01T00:00:00.000Z",
      cpu: "A CPU",
      cores: 2,
      load: 0,
      memoryBytes: 1e9,
      os: "Linux",
      gpu: null,
      deno: "2.9.6",
      onnxruntime: "1.30.0",
      provider: "cpu",
      threads: 2,
      seed: 0,
      commit: null,
    },
    before: model,
    after: { ...model, name: "fused.onnx", sha256: "cd" },
    inputs: [{ name: "image", type: "float32", dims: [1, 3, 8, 8] }],
    levels,
    error: {
      ...measures(relativeL2),
      outputs: { y: measures(relativeL2) },
      histogram: { log10Edges: [], counts: [], zero: 0 },
      ulpHistogram: [],
    },
    notes: [],
  };
}
