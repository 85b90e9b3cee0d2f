import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import fc from "fast-check";
import { listRules } from "../../src/fusion/mod.ts";
import { OPS } from "../../src/ops/table.ts";
import { modelBytes } from "../onnx_model.ts";
import { arbitraryRecipe, modelOf } from "./arbitrary_graph.ts";
import { runFuzz } from "./run_fuzz.ts";

const GRAPHS = 4000;

/** The same graphs in every run, so that a failure is a change's fault; `deno task fuzz` tries others. */
const SEED = Number(Deno.env.get("LAYERFUSE_FUZZ_SEED") ?? 20210621);

Deno.test(`fuse() keeps ${GRAPHS} random graphs: outputs, names, validity, a second pass changes nothing, each BN left explained`, async () => {
  console.log(`seed ${SEED} (LAYERFUSE_FUZZ_SEED)`);
  const { graphs, refused, applied, nodes } = await runFuzz({ graphs: GRAPHS, seed: SEED });
  const lost = [...refused.values()].reduce((sum, count) => sum + count, 0);
  assertEquals(graphs + lost, GRAPHS);
  assertLess(lost, GRAPHS / 20, `ONNX Runtime does not run ${JSON.stringify([...refused])}`);
  assertLess(nodes.after, nodes.before / 1.5, "the graphs have much to fuse");
  // what is done only where it is measured has gates that graphs of this size do not pass
  const rules = listRules().filter(({ isForMeasuring }) => !isForMeasuring).map(({ name }) => name);
  const idle = rules.filter((name) => !applied.has(name));
  assertEquals(idle, [], "no graph has these rules applied: give tests/fuzz/steps/ a step that leads to each");
});

Deno.test("random graphs are the same for the same seed and differ for another", () => {
  const some = (seed: number) =>
    fc.sample(arbitraryRecipe(), { numRuns: 5, seed }).map((recipe) => modelBytes(modelOf(recipe)));
  assertEquals(some(1), some(1));
  assert(some(1).some((bytes, at) => bytes.length !== some(2)[at].length));
});

/** Operators with views that no step makes: of few operator sets, or with states and heads that little else in a graph goes with. */
const LEFT_OUT = new Set(
  "Affine Attention GRU ImageScaler LSTM RMSNormalization RNN RotaryEmbedding Scale SimplifiedLayerNormalization"
    .split(" "),
);

/** What lets a map in or past: what goes wrong there shows in graphs of several nodes. */
const VIEWS = ["affine", "linear", "together", "carry", "positions", "takeAffine"] as const;

Deno.test("random graphs have every operator of ai.onnx that lets an affine map in or past", () => {
  const models = fc.sample(arbitraryRecipe(), { numRuns: 2000, seed: 1 }).map(modelOf);
  const made = new Set(models.flatMap(({ nodes }) => nodes.map(({ op }) => op)));
  const missing = Object.entries(OPS[""]).filter(([opType, op]) =>
    VIEWS.some((view) => op[view]) && !made.has(opType) && !LEFT_OUT.has(opType)
  );
  assertEquals(missing.map(([opType]) => opType), [], "no step in tests/fuzz/steps/ makes these");
});

Deno.test("random graphs use many operators and operator sets", () => {
  const models = fc.sample(arbitraryRecipe(), { numRuns: 300, seed: 1 }).map(modelOf);
  const operators = new Set(models.flatMap(({ nodes }) => nodes.map(({ op }) => op)));
  assertGreater(operators.size, 35, [...operators].join(", "));
  assertGreater(new Set(models.map(({ opset }) => opset)).size, 12);
});
