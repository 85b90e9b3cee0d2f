import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { fuse, type FuseOptions, type FusionReport, open } from "../src/fusion/mod.ts";
import { feedsFor, modelBytes, relativeL2, run, type TestModel } from "./onnx_model.ts";

/** Largest relative L2 error a fusion may make, by what the model computes in. */
export const TOLERANCE = { float32: 1e-5, float64: 1e-12, float16: 4e-3, bfloat16: 3e-2 } as const;

/**
 * Fuses a model, and asserts that these operators are left (all of them), that ONNX Runtime (optimizations off) gives the
 * same output to `tolerance`, and that fusing again changes nothing.
 */
export async function assertFuses(
  model: TestModel,
  left: Record<string, number>,
  { tolerance = TOLERANCE.float32, options = {} }: { tolerance?: number; options?: FuseOptions } = {},
): Promise<FusionReport> {
  const bytes = modelBytes(model);
  const { model: fused, report } = await fuse(bytes, options);
  assertEquals(report.after.ops, left, `left; skipped: ${JSON.stringify(report.skipped, null, 1)}`);
  await assertSame(model, bytes, await fused.bytes(), tolerance);
  const again = await fuse(await fused.bytes(), options);
  assertEquals(again.report.applied, [], "fusing twice");
  return report;
}

/** Asserts that a rule leaves a model alone at a node, for a reason that matches. */
export async function assertKeeps(
  model: TestModel,
  reason: RegExp,
  { node, options = {} }: { node?: string; options?: FuseOptions } = {},
): Promise<FusionReport> {
  const bytes = modelBytes(model);
  const { model: fused, report } = await fuse(bytes, options);
  const said = report.skipped.filter((skip) => node === undefined || skip.node === node);
  assert(
    said.some((skip) => reason.test(skip.reason)),
    `expected a reason like ${reason} among ${JSON.stringify(said, null, 1)}; applied ${
      JSON.stringify(report.applied)
    }`,
  );
  const reopened = await open(await fused.bytes());
  assertEquals(reopened.stats.ops, report.after.ops);
  return report;
}

async function assertSame(model: TestModel, before: Uint8Array, after: Uint8Array, tolerance: number): Promise<void> {
  const feeds = feedsFor(model);
  const [a, b] = [await run(before, feeds), await run(after, feeds)];
  const error = relativeL2(a, b);
  assertLessOrEqual(error, tolerance, "relative L2 error");
}
