import type { Drawing } from "../../src/plot/drawing.ts";
import {
  distribution,
  errorHistogram,
  layerCosts,
  levelBars,
  opCounts,
  opTimes,
  ratioRounds,
  ruleSpeedups,
  ulpHistogram,
} from "../../src/plot/mod.ts";
import { sampleComparison, sampleLayers, sampleRules } from "./sample.ts";

/** Every plot of the synthetic sample at one width, with the axis titles it must have. */
export function allDrawings(width: number): { name: string; drawing: Drawing; titles: string[] }[] {
  const comparison = sampleComparison();
  const { levels, error } = comparison;
  return [
    { name: "level_bars", drawing: levelBars(levels, { width }), titles: ["median time per inference (ms)"] },
    { name: "distribution", drawing: distribution(levels, { width }), titles: ["time per inference (ms)"] },
    {
      name: "ratio_rounds",
      drawing: ratioRounds(levels, { width }),
      titles: ["before ÷ after (×, logarithmic)", "round, in the order taken"],
    },
    { name: "op_counts", drawing: opCounts(comparison, { width }), titles: ["nodes (count)"] },
    { name: "op_times", drawing: opTimes(levels[0], { width })!, titles: ["time per inference (ms)"] },
    {
      name: "error_histogram",
      drawing: errorHistogram(error, { width }),
      titles: ["output values (%)", "absolute difference |before − after|"],
    },
    {
      name: "ulp_histogram",
      drawing: ulpHistogram(error.ulpHistogram, { width }),
      titles: ["output values (%)", "distance (units in the last place)"],
    },
    { name: "rule_speedups", drawing: ruleSpeedups(sampleRules(), { width }), titles: ["speed-up (×, logarithmic)"] },
    {
      name: "layer_costs",
      drawing: layerCosts(sampleLayers(), { width }),
      titles: ["arithmetic (MACs per inference)", "memory traffic (bytes per inference)"],
    },
  ];
}
