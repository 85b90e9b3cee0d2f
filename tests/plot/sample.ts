/**
 * Synthetic data for the tests of src/plot. Nothing here was measured: it is made up by a seeded generator, in the
 * shape of a comparison of a ResNet before and after fusion.
 *
 * @module
 */

import type { FusionSummary, LayerCost, RuleSpeedup } from "../../src/plot/mod.ts";
import type { Comparison, Decision, Interval, Level, LevelComparison, Timing, Verdict } from "../../src/bench/types.ts";

/** A small linear congruential generator: the same numbers everywhere. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

const OP_MS: Record<string, number> = {
  Conv: 3,
  FusedConv: 2.3,
  BatchNormalization: 0.62,
  Relu: 0.21,
  Add: 0.3,
  MaxPool: 2.1,
};

function timing(random: () => number, median: number, rounds: number, ops: Record<string, number>): Timing {
  const samplesMs = Array.from({ length: rounds }, () => {
    const noise = (random() + random() + random() - 1.5) * 0.03;
    const spike = random() < 0.05 ? 0.1 + random() * 0.3 : 0;
    return Number((median * (1 + noise + spike)).toFixed(3));
  });
  const sorted = [...samplesMs].sort((a, b) => a - b);
  const total = Object.values(ops).reduce((sum, count) => sum + count, 0);
  return {
    medianMs: (sorted[Math.floor((rounds - 1) / 2)] + sorted[Math.ceil((rounds - 1) / 2)]) / 2,
    samplesMs,
    outliers: samplesMs.filter((sample) => sample > median * 1.08).length,
    sessionMs: median * 9,
    opsRun: ops,
    providers: { CPUExecutionProvider: total },
    opTimesMs: Object.fromEntries(
      Object.entries(ops).map(([op, count]) => [op, Number((count * (OP_MS[op] ?? 0.05)).toFixed(4))]),
    ),
  };
}

/** A decision as src/bench writes it, around a made-up interval. */
function decision(shown: Interval, verdict: Verdict, rounds: number): Decision {
  const { estimate } = shown;
  return {
    verdict,
    basis: "wall",
    delta: 0.01,
    shown,
    interval: { estimate, low: estimate * 0.992, high: estimate * 1.008 },
    evidence: { ln: Math.log(estimate), standardError: 0.0025, freedom: 7, units: 8, unit: "opening", rounds },
    reason: `a made-up reason for ${verdict}`,
  };
}

function level(
  name: Level,
  seed: number,
  beforeMs: number,
  afterMs: number,
  verdict: Verdict,
  rounds: number,
  ops: Record<string, number>[],
): LevelComparison {
  const random = generator(seed);
  const before = timing(random, beforeMs, rounds, ops[0]), after = timing(random, afterMs, rounds, ops[1]);
  const lnRatios = before.samplesMs.map((sample, round) => Math.log(sample / after.samplesMs[round]));
  const around = (values: number[], half: number): Interval => {
    const median = [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
    return { estimate: Math.exp(median), low: Math.exp(median - half), high: Math.exp(median + half) };
  };
  const speedup = around(lnRatios, 0.006);
  const openings = Array.from({ length: 8 }, (_, opening) => Math.floor(opening * rounds / 8));
  return {
    level: name,
    before,
    after,
    speedup,
    lnRatios,
    verdict,
    decision: decision(speedup, verdict, rounds),
    control: {
      speedup: { estimate: 1, low: 1 / 1.008, high: 1.008 },
      betweenOpenings: 0.0041,
      withinOpening: 0.0032,
    },
    openings,
  };
}

const FILE = {
  Conv: 104,
  BatchNormalization: 104,
  Relu: 100,
  Add: 33,
  MaxPool: 1,
  GlobalAveragePool: 1,
  Flatten: 1,
  Gemm: 1,
};
const { BatchNormalization: _gone, ...FUSED } = FILE;
const RUN = {
  FusedConv: 67,
  Conv: 37,
  ReorderOutput: 12,
  Add: 33,
  Relu: 33,
  MaxPool: 1,
  GlobalAveragePool: 1,
  Flatten: 1,
  Gemm: 1,
};

/** A synthetic comparison at three levels. */
export function sampleComparison(): Comparison {
  return structuredClone<Comparison>({
    schemaVersion: 1,
    environment: {
      date: "2026-01-15T09:30:00.000Z",
      cpu: "Synthetic CPU @ 2.50GHz",
      cores: 2,
      load: 0.42,
      memoryBytes: 8_200_000_000,
      os: "Linux 6.1 (synthetic)",
      gpu: null,
      deno: "2.9.6",
      onnxruntime: "1.30.0",
      provider: "cpu",
      threads: 2,
      seed: 7,
      commit: "0123456789abcdef0123456789abcdef01234567",
      layerfuse: "0.1.0",
      commandLine: ["layerfuse", "compare", "my model.onnx", "--seconds", "20"],
      git: { of: "model", name: "models", commit: "0123456789abcdef0123456789abcdef01234567", isDirty: true },
      governor: "powersave",
      turbo: true,
      smt: false,
      cpuQuota: 1.5,
      pinned: [1],
      loadEnd: 0.51,
    },
    settings: { seconds: 20, minRounds: 30, delta: 0.01, precision: 0.005 },
    before: {
      name: "resnet101",
      sha256: "a".repeat(64),
      bytes: 178_728_960,
      ops: FILE,
      memory: { level: "all", peakBytes: 412e6 },
    },
    after: {
      name: "resnet101 (fused)",
      sha256: "b".repeat(64),
      bytes: 178_231_040,
      ops: FUSED,
      memory: { level: "all", peakBytes: 398e6 },
    },
    inputs: [{ name: "input", type: "float32", dims: [1, 3, 256, 256] }],
    levels: [
      level("disabled", 11, 412, 338, "faster", 24, [FILE, FUSED]),
      level("basic", 12, 322, 321, "same", 30, [FUSED, FUSED]),
      level("all", 13, 268, 269, "inconclusive", 40, [RUN, RUN]),
    ],
    error: {
      l2: 4.127e-5,
      norm: 52.31,
      maxAbs: 5.722e-6,
      relativeL2: 7.8895e-7,
      cosine: 0.9999999999996,
      snrDb: 122.06,
      top1Agreement: 1,
      top5Agreement: 1,
      outputs: {
        logits: {
          l2: 4.127e-5,
          norm: 52.31,
          maxAbs: 5.722e-6,
          relativeL2: 7.8895e-7,
          cosine: 0.9999999999996,
          snrDb: 122.06,
          top1Agreement: 1,
          top5Agreement: 1,
        },
      },
      histogram: {
        log10Edges: [-9, -8.5, -8, -7.5, -7, -6.5, -6, -5.5, -5],
        counts: [3, 9, 21, 60, 151, 310, 322, 88],
        zero: 36,
      },
      ulpHistogram: [
        { upTo: 0, count: 36 },
        { upTo: 1, count: 60 },
        { upTo: 2, count: 95 },
        { upTo: 4, count: 180 },
        { upTo: 8, count: 240 },
        { upTo: 16, count: 190 },
        { upTo: 32, count: 110 },
        { upTo: 64, count: 60 },
        { upTo: 128, count: 20 },
        { upTo: 256, count: 7 },
        { upTo: 4096, count: 2 },
        { upTo: 8192, count: 0 },
      ],
      runtime: {
        l2: 6.31e-5,
        norm: 52.31,
        maxAbs: 8.1e-6,
        relativeL2: 1.206e-6,
        cosine: 0.9999999999991,
        snrDb: 118.4,
        top1Agreement: 1,
        top5Agreement: 1,
      },
    },
    rule: "Faster or slower: the 99.5% interval lies wholly on that side of 1. (A made-up rule.)",
    notes: ["Load was above 0.3 when the measurement started (synthetic note)."],
  });
}

/** A name no model should have, and any model may: markup, quotes, control characters, other scripts. */
export const HOSTILE =
  `</script><script>alert(1)</script><img src=x onerror="alert('2')">\u0000\u0007|*_[x](javascript:1)&amp;层\ud800`;

/** A synthetic fusion report: rewrites in a stem and one stage, and two kinds of refusal. */
export function sampleFusion(): FusionSummary {
  const applied = Array.from({ length: 104 }, (_, index) => ({
    rule: index % 8 === 7 ? "fuse-affine-chain" : "fuse-affine-into-conv",
    nodes: [`/layer${index}/conv`, `/layer${index}/bn`],
    result: `/layer${index}/conv_fused`,
  }));
  return structuredClone<FusionSummary>({
    applied,
    skipped: [
      {
        rule: "fuse-affine-into-conv",
        node: "/aux/bn",
        code: "other-user",
        reason: "the convolution's output is used by another node too",
      },
      {
        rule: "fuse-affine-into-conv",
        node: "/aux/bn_2",
        code: "other-user",
        reason: "the convolution's output is used by another node too",
      },
      {
        rule: "fuse-affine-into-conv",
        node: "/head/bn",
        code: "training-mode",
        reason: "BatchNormalization is in training mode: its statistics are not final",
      },
    ],
    before: { nodes: 345, ops: FILE, parameters: 44_654_504, bytes: 178_728_960 },
    after: { nodes: 241, ops: FUSED, parameters: 44_496_488, bytes: 178_231_040 },
  });
}

/** Synthetic gains of three rules: one that helps, one that cannot be told from 1, one that harms. */
export function sampleRules(): RuleSpeedup[] {
  return [
    { rule: "merge-parallel-linear", speedup: { estimate: 1.02, low: 0.99, high: 1.05 } },
    { rule: "fuse-affine-into-conv", speedup: { estimate: 1.18, low: 1.16, high: 1.2 } },
    { rule: "fold-pad-into-conv", speedup: { estimate: 0.97, low: 0.95, high: 0.99 } },
  ];
}

/** Synthetic layers: convolutions with their BatchNormalizations before, without after. */
export function sampleLayers(): { before: LayerCost[]; after: LayerCost[] } {
  const random = generator(3);
  const convolutions = Array.from({ length: 20 }, (_, index) => ({
    name: `conv${index}`,
    opType: "Conv",
    macs: Math.round(10 ** (6 + 2.2 * random())),
    bytes: Math.round(10 ** (5.2 + 1.2 * random())),
  }));
  const norms = convolutions.map((layer, index) => ({
    name: `bn${index}`,
    opType: "BatchNormalization",
    macs: Math.round(layer.bytes / 8),
    bytes: layer.bytes,
  }));
  return { before: [...convolutions, ...norms], after: convolutions };
}
