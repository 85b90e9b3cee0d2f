/**
 * ONNX's backend suite through `fuse`. It comes with Debian's package libonnx-testdata; where that is missing the tests are
 * skipped aloud, unless LAYERFUSE_REQUIRE_BACKEND_SUITE is set.
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { fuse, open } from "../../src/fusion/mod.ts";
import { constantOf } from "../../src/ops/constant.ts";
import { valuesOf } from "../../src/tensor/tensor.ts";
import { decode } from "../fuzz/check_graph.ts";
import { allBaked, sandwiched, weightsBaked } from "./variants.ts";
import {
  type BackendCase,
  backendCases,
  differs,
  fed,
  isInstalled,
  isRequired,
  run,
  SUITE,
  type Tensor,
  tensorOf,
} from "./suite.ts";

const ignore = !isInstalled && !isRequired;
if (ignore) {
  console.warn(
    `skipped: ONNX's backend suite is not in ${SUITE}. apt-get install libonnx-testdata, or set LAYERFUSE_BACKEND_SUITE.`,
  );
}

interface Ready {
  name: string;
  bytes: Uint8Array;
  feeds: ReturnType<typeof feedsOf>;
  before: Record<string, Tensor>;
  expected: Record<string, Tensor>;
}

function feedsOf(inputs: readonly string[], tensors: readonly Tensor[]) {
  return Object.fromEntries(tensors.map((tensor, at) => [inputs[at], fed(tensor)]));
}

/** Each data set of each case that ONNX Runtime runs with the expected outputs as it is; the others are counted. */
async function* ready(count: (what: string, name: string) => void): AsyncGenerator<Ready> {
  for await (const { name, bytes, sets } of backendCases() as AsyncGenerator<BackendCase>) {
    const { graph } = decode(bytes);
    const weights = new Set(graph.initializer.map(({ name }) => name));
    const inputs = graph.input.map(({ name }) => name).filter((name) => !weights.has(name));
    const outputs = (graph.output as { name: string }[]).map(({ name }) => name);
    const ports = [...graph.input, ...graph.output] as { type?: { tensor_type?: object } }[];
    if (ports.some(({ type }) => !type?.tensor_type)) {
      count("not of tensors (sequences, optionals)", name);
      continue;
    }
    let isRun = false;
    for (const set of sets) {
      const given = set.inputs.map(tensorOf), wanted = set.outputs.map(tensorOf);
      if (given.some((tensor) => !tensor) || wanted.some((tensor) => !tensor)) {
        count("of element types JavaScript has not", name);
        continue;
      }
      const feeds = feedsOf(inputs, given as Tensor[]);
      const expected = Object.fromEntries(wanted.map((tensor, at) => [outputs[at], tensor as Tensor]));
      let before: Record<string, Tensor>;
      try {
        before = await run(bytes, feeds);
      } catch {
        count("not run by ONNX Runtime", name);
        continue;
      }
      if (Object.entries(expected).some(([output, tensor]) => differs(before[output], tensor))) {
        count("not as expected in ONNX Runtime before fusing", name);
        continue;
      }
      isRun = true;
      yield { name, bytes, feeds, before, expected };
    }
    if (isRun) count("models run", name);
  }
}

Deno.test({
  name: "fuse() keeps every model of ONNX's backend suite at its expected outputs",
  ignore,
  async fn() {
    const counts: Record<string, number> = {};
    const broken: string[] = [];
    let rewritten = 0;
    for await (
      const { name, bytes, feeds, before, expected } of ready((what) => counts[what] = (counts[what] ?? 0) + 1)
    ) {
      try {
        const { model, report } = await fuse(bytes);
        const fused = await model.bytes();
        if (report.applied.length === 0) assertEquals(fused, bytes, "a model without a rewrite is the same file");
        else rewritten++;
        const after = await run(fused, feeds);
        for (const [output, tensor] of Object.entries(expected)) {
          const wrong = differs(after[output], tensor) ??
            differs(after[output], before[output], { rtol: 1e-5, atol: 1e-5 });
          if (wrong) broken.push(`${name}: ${output}: ${wrong}`);
        }
      } catch (error) {
        broken.push(`${name}: ${(error as Error).message}`);
      }
    }
    console.log(`backend suite: ${JSON.stringify(counts)}, ${rewritten} rewritten`);
    assertEquals(broken, []);
    assertGreater(counts["models run"], 500, "the suite has many models that ONNX Runtime runs");
    assert(rewritten > 0, "some of them are rewritten");
  },
});

Deno.test({
  name: "fuse() keeps the outputs of the suite's models whose inputs but the first became constants",
  ignore,
  async fn() {
    const { broken, changed } = await compareVariants((bytes, feeds) => weightsBaked(bytes, feeds));
    assertEquals(broken, []);
    assertGreater(changed, 0);
  },
});

Deno.test({
  name: "fuse() carries affines through an operator of the suite only where that is exact",
  ignore,
  async fn() {
    const { broken, changed } = await compareVariants((bytes, feeds) => sandwiched(bytes, feeds));
    assertEquals(broken, []);
    assertGreater(changed, 0);
  },
});

Deno.test({
  name: "what an operator of the suite makes of constants is known to be what ONNX Runtime computes, or not known",
  ignore,
  async fn() {
    const wrong: string[] = [], known = new Map<string, number>();
    for await (const { name, bytes, feeds, before } of ready(() => {})) {
      const constant = allBaked(bytes, feeds);
      if (!constant) continue;
      const { graph } = (await open(constant)).graphs();
      for (const value of graph.outputs) {
        try {
          const tensor = constantOf(value), expected = before[value.name];
          if (!tensor || tensor.type === "string" || tensor.type === "opaque") continue;
          const data = Array.from(expected.data, Number);
          const actual = { type: tensor.type, dims: tensor.dims, data: [...valuesOf(tensor)] };
          const wanted = { ...expected, data: halves(expected) ?? data };
          const differing = differs(actual, wanted, toleranceOf(wanted, expected.type));
          if (differing) wrong.push(`${name}: ${value.name}: ${differing}`);
          const op = value.producer?.opType ?? "initializer";
          known.set(op, (known.get(op) ?? 0) + 1);
        } catch (error) {
          wrong.push(`${name}: ${(error as Error).message}`);
        }
      }
    }
    console.log(`known: ${[...known].map(([op, count]) => `${op} ${count}`).join(", ")}`);
    assertEquals(wrong, []);
    assertGreater(known.size, 15);
  },
});

/** The numbers of a float16 tensor, which may come as bits. */
function halves({ type, data }: Tensor): number[] | undefined {
  if (type !== "float16" || !(data instanceof Uint16Array)) return undefined;
  return [...new Float16Array(data.buffer as ArrayBuffer, data.byteOffset, data.length)];
}

type Variant = { bytes: Uint8Array; feeds: Ready["feeds"] } | undefined;

/** Compares a variant of each model of the suite before and after fusion. */
async function compareVariants(vary: (bytes: Uint8Array, feeds: Ready["feeds"]) => Variant) {
  const broken: string[] = [];
  let compared = 0, changed = 0;
  for await (const { name, bytes, feeds } of ready(() => {})) {
    const variant = vary(bytes, feeds);
    if (!variant) continue;
    let before: Record<string, Tensor>;
    try {
      before = await run(variant.bytes, variant.feeds);
    } catch {
      continue; // this operator does not take what the variant gives it
    }
    compared++;
    try {
      const { model, report } = await fuse(variant.bytes);
      if (report.applied.length === 0) continue;
      changed++;
      const after = await run(await model.bytes(), variant.feeds);
      for (const [output, tensor] of Object.entries(before)) {
        const wrong = differs(after[output], tensor, toleranceOf(tensor, Object.values(variant.feeds)[0].type));
        if (wrong) broken.push(`${name}: ${output}: ${wrong}; ${report.applied.map(({ rule }) => rule).join(", ")}`);
      }
    } catch (error) {
      broken.push(`${name}: ${(error as Error).message}`);
    }
  }
  console.log(`${compared} variants compared, ${changed} rewritten`);
  return { broken, compared, changed };
}

/** What rounding may do: relative to the largest value of the output, since values in between are added up. */
function toleranceOf(tensor: Tensor, input: string): { rtol: number; atol: number } {
  const types = [tensor.type, input];
  const unit = types.includes("float16") ? 4e-3 : types.every((type) => type === "float64") ? 1e-12 : 1e-5;
  const most = Array.from(tensor.data, Number).reduce(
    (most, v) => Number.isFinite(v) ? Math.max(most, Math.abs(v)) : most,
    0,
  );
  return { rtol: unit, atol: unit * most };
}
