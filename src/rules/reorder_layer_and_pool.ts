import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "../ops/builder.ts";
import type { LinearMap } from "../ops/linear/linear_map.ts";
import type { PositionMap } from "../ops/position_map.ts";
import { Skip } from "../ops/skip.ts";
import { operatorsWith, viewsOf } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { whyNeeded } from "./branches.ts";
import { layerAt } from "./whole_layer.ts";

/**
 * mean(W·x + b) = W·mean(x) + b: a layer that treats every position alike (a 1×1 convolution, a matrix product) and an average
 * over positions can change places. The average first leaves the layer fewer positions: DenseNet's transitions take a quarter
 * of the multiply-accumulates.
 */
export const reorderLayerAndPool: Rule = {
  name: "reorder-layer-and-pool",
  summary:
    "1×1 Conv → AveragePool or GlobalAveragePool, MatMul or Gemm → ReduceMean: the average first, where that is less work",
  phase: "reorder",
  roots: operatorsWith("positions"),
  rewrite(root, build) {
    const [x] = root.inputs, layer = x && layerBefore(x);
    if (!layer || layer instanceof Skip) return layer;
    const pool = viewsOf(root).positions?.(root);
    if (!pool || pool instanceof Skip) return pool;
    if (pool.enlarges) return undefined;
    const against = whyNotReordered(pool, layer);
    if (against) return against;
    const gain = gainOf(pool, layer);
    if (gain !== undefined && gain <= 0) return undefined;
    const result = replayed(layer, pool.emit(layer.x, layer.input.channels, build), build);
    const nodes = [root, ...[...layer.nodes].reverse()];
    return new Replacement(nodes, [[root.output, result]]);
  },
};

/** The layer that makes a value for this alone, where it treats every position alike. */
function layerBefore(value: Value): LinearMap | Skip | undefined {
  const { producer } = value, layer = producer && layerAt(producer);
  return producer && layer?.isPointwise ? whyNeeded(value, producer) ?? layer : undefined;
}

function whyNotReordered(pool: PositionMap, layer: LinearMap): Skip | undefined {
  if (pool.axes.includes(layer.output.axis)) {
    return new Skip("other-axis", `it averages over the channels of ${layer.label}`);
  }
  const rank = pool.x.shape?.length ?? 0;
  if (pool.dropsAxes && (layer.rank !== undefined || rank - pool.axes.length < 2 || pool.axes.includes(rank - 1))) {
    return new Skip(
      "unsupported-form",
      `it drops the axes it averages over (keepdims = 0), which ${layer.label} needs`,
    );
  }
  const bias = layer.biasNumbers();
  if (bias instanceof Skip) return bias;
  const why = bias?.some((value) => value !== 0) ? pool.whyNotAverage : undefined;
  return why && new Skip(why.code, `${why.reason}, to which ${layer.label} would add its bias`);
}

/**
 * Multiply-accumulates saved for one position of the result, the pool's additions included: at least so many, where sizes are
 * not known; undefined where even that is open.
 */
function gainOf({ ratio, taps }: PositionMap, { cost, input, output }: LinearMap): number | undefined {
  if (ratio === undefined) return undefined;
  return (ratio - 1) * cost.macs - (input.channels - output.channels) * (taps ?? ratio);
}

/** The nodes of a layer on another value. */
function replayed({ nodes, x }: LinearMap, now: Value, build: Builder): Value {
  let old = x, value = now;
  for (const node of nodes) {
    value = build.like(node, node.inputs.map((input): Node["inputs"][number] => input === old ? value : input));
    old = node.output;
  }
  return value;
}
