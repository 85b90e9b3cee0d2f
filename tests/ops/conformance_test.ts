/**
 * Every entry of the operator table against ONNX Runtime, without being named here: over operator sets, attributes and random
 * small inputs, inferred types and shapes are those of a run, evaluated constants are its results, and what is said to do
 * nothing changes no bit. An entry of which ONNX Runtime runs no example fails.
 */
import { assert, assertEquals } from "@std/assert";
import type { Op } from "../../src/ops/op.ts";
import { OPS } from "../../src/ops/table.ts";
import { attributesAskedFor, checkExample, type Coverage } from "./conformance.ts";
import { examplesOf, hasOwnExamples } from "./examples/mod.ts";

/** Versions of the default domain with other forms of some operator; 26 is the newest that ONNX Runtime 1.30 knows. */
const OPSETS: Record<string, number[]> = {
  "": [7, 8, 9, 10, 11, 13, 15, 18, 20, 21, 24, 26],
  "ai.onnx.ml": [1, 2, 3, 5],
  "com.microsoft": [1],
};

/** Operators on maps, which the runtime's binding for JavaScript neither takes nor gives: tests/ops/maps_test.ts looks at them. */
const ON_MAPS = new Set(["ai.onnx.ml.CastMap", "ai.onnx.ml.DictVectorizer", "ai.onnx.ml.ZipMap"]);

/**
 * Attributes that entries ask for and no example sets: their operator has none of that name, but shares what asks with one that has; or
 * ONNX Runtime runs none with it.
 */
const UNSET: Readonly<Record<string, string>> = {
  "ai.onnx.Conv": "ceil_mode",
  "ai.onnx.ConvInteger": "ceil_mode",
  "ai.onnx.ConvTranspose": "ceil_mode",
  "ai.onnx.DeformConv": "ceil_mode auto_pad",
  "ai.onnx.QLinearConv": "ceil_mode",
  "ai.onnx.InstanceNormalization": "num_groups",
  "ai.onnx.MatMul": "transA transB alpha",
  "ai.onnx.MaxUnpool": "dilations ceil_mode auto_pad",
  "ai.onnx.QuantizeLinear": "precision",
  "ai.onnx.RNN": "layout",
  "ai.onnx.GRU": "layout",
  "ai.onnx.LSTM": "layout",
  "ai.onnx.Scatter": "reduction",
  "ai.onnx.Upsample":
    "height_scale width_scale coordinate_transformation_mode keep_aspect_ratio_policy axes antialias " +
    "exclude_outside cubic_coeff_a",
  "ai.onnx.ml.LinearClassifier": "classlabels_int64s",
  "ai.onnx.ml.LinearRegressor": "post_transform",
  "ai.onnx.ml.SVMClassifier": "classlabels_strings",
  "ai.onnx.ml.TreeEnsembleClassifier": "classlabels_strings classlabels_ints",
  "com.microsoft.CausalConvWithState": "ndim channels_last state_window dilation",
  "com.microsoft.GatherBlockQuantized": "axis",
  "com.microsoft.DequantizeLinear": "output_dtype",
  "com.microsoft.DynamicQuantizeLSTM": "direction layout",
  "com.microsoft.FusedConv": "ceil_mode",
  "com.microsoft.GatherND": "batch_dims",
  "com.microsoft.MaxpoolWithMask": "dilations ceil_mode",
  "com.microsoft.QAttention": "qkv_hidden_sizes",
  "com.microsoft.QLinearAveragePool": "dilations",
  "com.microsoft.QLinearConv": "ceil_mode",
  "com.microsoft.QuantizeLinear": "precision",
  "com.microsoft.TransposeMatMul": "transBatchA transBatchB",
};

/** Inputs that entries say there may be and no example has, from one on: of old versions, or of states and caches. */
const UNGIVEN: Readonly<Record<string, readonly number[]>> = {
  "ai.onnx.Attention": [6],
  "ai.onnx.SequenceInsert": [2],
  "ai.onnx.SplitToSequence": [1],
  "ai.onnx.Tile": [2],
  "com.microsoft.Attention": [5, 6],
  "com.microsoft.DynamicQuantizeLSTM": [3, 4, 5, 6, 7],
  "com.microsoft.EmbedLayerNormalization": [7, 8],
  "com.microsoft.GatherBlockQuantized": [3],
  "com.microsoft.GroupQueryAttention": [3, 4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
  "com.microsoft.LinearAttention": [4, 5],
  "com.microsoft.MatMulNBits": [4],
  "com.microsoft.MoE": [3, 5, 6, 7],
  "com.microsoft.MultiHeadAttention": [4, 5, 6, 7, 8, 9],
  "com.microsoft.QAttention": [5, 8],
  "com.microsoft.QEmbedLayerNormalization": [1, 4, 7, 10, 15],
  "com.microsoft.QMoE": [4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20],
};

const coverages = new Map<string, Coverage>();

for (const [domain, ops] of Object.entries(OPS)) {
  for (const [opType, op] of Object.entries(ops)) {
    const name = `${domain || "ai.onnx"}.${opType}`;
    if (ON_MAPS.has(name)) continue;
    Deno.test(`${name} says of a node what ONNX Runtime does with it`, async () => {
      const coverage: Coverage = { opsets: new Set(), runs: 0, evaluated: 0, noOps: 0 };
      coverages.set(name, coverage);
      const set = new Set(UNSET[name]?.split(" ")), given = new Set(UNGIVEN[name]);
      for (const opset of OPSETS[domain]) {
        for (const example of examplesOf({ domain, opType }, { opset, seed: opset })) {
          const { runs } = coverage;
          await checkExample({ domain, opType }, op, opset, example, coverage);
          if (coverage.runs === runs) continue;
          for (const [at, input] of (example.before?.inputs ?? example.inputs).entries()) if (input) given.add(at);
          for (const [key, value] of Object.entries(example.attributes ?? {})) if (value !== undefined) set.add(key);
        }
      }
      const whose = hasOwnExamples({ domain, opType })
        ? "none of its examples in tests/ops/examples/"
        : "none of the examples that suit many, and it has none of its own: write some in tests/ops/examples/";
      assert(coverage.runs > 0, `ONNX Runtime runs ${whose} (${coverage.refusal ?? "there is none"})`);
      const unset = attributesAskedFor({ domain, opType }).filter((key) => !set.has(key));
      assertEquals(unset, [], "no example in tests/ops/examples/ sets these attributes, which its entry asks for");
      const [least, most = least] = op.inputs,
        all = Array.from({ length: most === Infinity ? least : most }, (_, at) => at);
      const ungiven = all.filter((at) => !given.has(at));
      assertEquals(
        ungiven,
        [],
        "no example in tests/ops/examples/ has these inputs, which its entry says there may be",
      );
      if (op.evaluate) assert(coverage.evaluated > 0, "evaluate() is never asked, or never answers");
      if (op.isNoOp) assert(coverage.noOps > 0, "no example does nothing");
    });
  }
}

Deno.test("the suite covers every domain of the table", () => {
  assertEquals(Object.keys(OPS).sort(), Object.keys(OPSETS).sort());
  const rows = [...coverages],
    sum = (count: (coverage: Coverage) => number) => rows.reduce((total, [, coverage]) => total + count(coverage), 0);
  console.log(
    `${rows.length} operators × ${sum(({ opsets }) => opsets.size)} operator sets in which they ran: ` +
      `${sum(({ runs }) => runs)} nodes, ${sum(({ evaluated }) => evaluated)} results of constants, ` +
      `${sum(({ noOps }) => noOps)} no-ops`,
  );
});

/** What holds each field of an entry against ONNX Runtime; the compiler asks for a line here for a new one. */
const HELD_BY: Readonly<Record<keyof Op, string>> = {
  inputs: "tests/ops/conformance.ts",
  infer: "tests/ops/conformance.ts",
  evaluate: "tests/ops/conformance_test.ts",
  isNoOp: "tests/ops/conformance.ts",
  decodes: "tests/ops/constants_conformance_test.ts",
  takesEnds: "tests/ops/constants_conformance_test.ts",
  moves: "tests/ops/elements_conformance_test.ts",
  work: "tests/ops/elements_conformance_test.ts",
  branch: "tests/fusion/take_branches_test.ts",
  settled: "tests/ops/constants_conformance_test.ts",
  affine: "tests/ops/view_conformance_test.ts",
  linear: "tests/ops/view_conformance_test.ts",
  carry: "tests/ops/view_conformance_test.ts",
  together: "tests/ops/view_conformance_test.ts",
  fewerMovements: "tests/ops/movements_conformance_test.ts",
  entries: "tests/ops/entries_conformance_test.ts",
  taken: "tests/ops/entries_conformance_test.ts",
  terms: "tests/ops/other_views_conformance_test.ts",
  positions: "tests/ops/other_views_conformance_test.ts",
  padding: "tests/ops/other_views_conformance_test.ts",
  takePadding: "tests/ops/other_views_conformance_test.ts",
  takeAffine: "tests/ops/other_views_conformance_test.ts",
  joined: "tests/ops/parts_conformance_test.ts",
  cut: "tests/ops/parts_conformance_test.ts",
  asProduct: "tests/ops/parts_conformance_test.ts",
  normalizedAxis: "tests/ops/parts_conformance_test.ts",
  readsShapeOnly: "tests/ops/parts_conformance_test.ts",
  widened: "tests/ops/parts_conformance_test.ts",
  broadcasts: "tests/ops/parts_conformance_test.ts",
};

Deno.test("every field of an entry is held by a file of tests that is there", async () => {
  const fields = new Set(Object.values(OPS).flatMap((ops) => Object.values(ops).flatMap(Object.keys)));
  assertEquals([...fields].filter((field) => !(field in HELD_BY)), []);
  for (const path of new Set(Object.values(HELD_BY))) await Deno.stat(new URL(`../../${path}`, import.meta.url));
});
