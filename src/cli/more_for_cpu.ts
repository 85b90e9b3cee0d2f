import type { FuseOptions, FusionReport, Model } from "../fusion/mod.ts";
import { onDemand } from "./on_demand.ts";

/** What would be done besides for ONNX Runtime's CPU kernels, in one sentence; undefined where that is nothing. */
export async function moreForCpu(model: Model, options: FuseOptions): Promise<string | undefined> {
  const { explain, listRules } = await onDemand("fusion/mod");
  const own = new Set(listRules().filter(({ runtimes }) => runtimes).map(({ name }) => name));
  const { applied }: FusionReport = await explain(model, { ...options, runtime: "onnxruntime-cpu" });
  const counts = new Map<string, number>();
  for (const { rule } of applied) if (own.has(rule)) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  const what = [...counts].map(([rule, count]) => `${count} × ${rule}`).join(", ");
  return what === "" ? undefined : `For a model that runs on a CPU, --runtime onnxruntime-cpu also does ${what}.`;
}
