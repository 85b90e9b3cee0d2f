import { axesOf } from "../ops/constant.ts";
import type { Node, Value } from "../graph/graph.ts";
import { isUnpadded, windowOf } from "../ops/window.ts";
import type { Builder } from "../ops/builder.ts";
import { Skip } from "../ops/skip.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { branchesTo, isDiagonal, type Refusals } from "./linear/branches.ts";
import { Convolution } from "./linear/convolution.ts";
import type { LinearMap } from "./linear/linear_map.ts";
import type { Matrix } from "./linear/matrix.ts";
import { elementCount } from "../ops/dims.ts";

/**
 * mean(W·x + b) = W·mean(x) + b: a layer that treats every position alike (a 1×1 Conv, a matrix product) and an average over
 * positions can change places. The average first leaves the layer fewer positions: DenseNet's transitions take a quarter
 * of the multiply-accumulates.
 */
export const reorderLayerAndPool: Rule = {
  name: "reorder-layer-and-pool",
  summary:
    "1×1 Conv → AveragePool or GlobalAveragePool, MatMul or Gemm → ReduceMean: the average first, where that is less work",
  phase: "reorder",
  roots: ["AveragePool", "GlobalAveragePool", "ReduceMean"],
  rewrite(root, build) {
    if (root.outputs.length !== 1) return undefined;
    const refused: Refusals = new Map(), value = root.inputs[0]!;
    const map = layerBefore(value, refused);
    if (map instanceof Skip || !map) return map;
    if (map.kind === "matrix" && !root.is("ReduceMean")) return undefined;
    const against = map instanceof Convolution ? whyNotPooled(root, map) : whyNotReduced(root, map as Matrix);
    if (against) return against;
    const gain = gainOf(root, map);
    if (gain !== undefined && gain <= 0) return undefined;
    const pooled = build.like(root, [map.x, ...root.inputs.slice(1)]);
    return new Replacement(
      [root, ...[...map.nodes].reverse()],
      [[root.output, replayed(map.nodes, map.x, pooled, build)]],
      true,
      gain === undefined,
    );
  },
};

/** The layer that makes a value (with the Add of its bias, for a MatMul), which treats every position alike. */
function layerBefore(value: Value, refused: Refusals): LinearMap | Skip | undefined {
  const node = value.producer;
  if (!node) return undefined;
  const isBias = node.is("Add") && node.inputs.some((input) => input?.producer?.is("MatMul"));
  if (!isBias && !isPointwise(node)) return undefined;
  const map = [...branchesTo(value, refused, isBias ? 2 : 1).values()].at(-1)!;
  if (!isDiagonal(map) && map.nodes.some((node) => node.is("Conv", "Gemm", "MatMul"))) return map;
  return [...refused.values()].find(({ reason }) => reason.startsWith(`'${value.name}'`));
}

/** Whether a node is a 1×1 Conv at stride 1 without padding, a Gemm or a MatMul. */
function isPointwise(node: Node): boolean {
  if (node.is("Gemm", "MatMul")) return true;
  const kernel = node.is("Conv") ? node.inputs[1]?.shape?.slice(2) : undefined;
  if (!kernel?.every((size) => size === 1)) return false;
  const window = windowOf(node, kernel as number[], undefined);
  return isUnpadded(window) && window.strides.every((stride) => stride === 1);
}

function whyNotPooled(pool: Node, conv: Convolution): Skip | undefined {
  if (pool.is("ReduceMean")) {
    const rank = conv.slides.length + 2, axes = axesOf(pool, rank);
    if (!axes?.length || axes.some((axis) => axis < 2)) {
      return new Skip("other-axis", `it does not average over pixels alone`);
    }
    if (pool.number("keepdims", 1) === 0) {
      return new Skip(
        "unsupported-form",
        `it drops the axes it averages over (keepdims = 0), which ${conv.label} needs`,
      );
    }
    return undefined;
  }
  if (pool.is("GlobalAveragePool") || !conv.bias?.some((value) => value !== 0)) return undefined;
  const kernel = pool.numbers("kernel_shape") ?? [], window = windowOf(pool, kernel, conv.x.shape?.slice(2));
  if (pool.number("count_include_pad", 0) === 0) return undefined;
  if (isUnpadded(window) && !window.ceil) return undefined;
  return new Skip(
    "shift-at-border",
    `it counts padded cells (count_include_pad), to which ${conv.label} would add its bias`,
  );
}

function whyNotReduced(reduce: Node, matrix: Matrix): Skip | undefined {
  const axes = axesOf(reduce, matrix.rank), keep = reduce.number("keepdims", 1) !== 0;
  if (!axes?.length) return new Skip("unknown-shape", "the axes it averages over are not known");
  if (axes.includes(matrix.rank - 1)) return new Skip("other-axis", `it averages over the columns of ${matrix.label}`);
  const isGemm = matrix.nodes.some((node) => node.is("Gemm"));
  if (!keep && (isGemm || matrix.rank - axes.length < 2)) {
    return new Skip(
      "unsupported-form",
      `it drops the axes it averages over (keepdims = 0), which ${matrix.label} needs`,
    );
  }
}

/**
 * Multiply-accumulates saved for one position of the result, a pool's additions included: at least so many, where sizes are
 * not known; undefined where even that is open.
 */
function gainOf(pool: Node, map: LinearMap): number | undefined {
  const before = elementCount(pool.inputs[0]!.shape), after = elementCount(pool.output.shape);
  const [outputs, inputs] = map instanceof Convolution
    ? [map.weight.dims[0], map.weight.dims[1] * map.group]
    : [...(map as Matrix).weight.dims].reverse();
  const window = pool.is("AveragePool") ? sizeOf(pool.numbers("kernel_shape") ?? []) : undefined;
  // an average over everything is over two positions at least, or there is nothing to lose either
  const ratio = before !== null && after !== null ? before / after : window === undefined ? 2 : leastRatio(pool);
  return ratio === undefined ? undefined : (ratio - 1) * map.cost.macs - (inputs - outputs) * (window ?? ratio);
}

/** Input positions of a pool for one of its output, at least; undefined where padding makes that open. */
function leastRatio(pool: Node): number | undefined {
  const kernel = pool.numbers("kernel_shape") ?? [], window = windowOf(pool, kernel, pool.inputs[0]!.shape?.slice(2));
  let ratio = 1;
  for (let axis = 0; axis < kernel.length; axis++) {
    const begin = window.begin[axis], end = window.end[axis], stride = window.strides[axis];
    if (begin === null || end === null || window.ceil) return undefined;
    const reach = window.dilations[axis] * (kernel[axis] - 1) + 1;
    if (begin + end > Math.max(0, reach - stride)) return undefined;
    ratio *= Math.min(stride, reach);
  }
  return ratio;
}

/** The nodes of a chain on another value. */
function replayed(nodes: readonly Node[], x: Value, now: Value, build: Builder): Value {
  let old = x, value = now;
  for (const node of nodes) {
    value = build.like(node, node.inputs.map((input) => input === old ? value : input));
    old = node.output;
  }
  return value;
}
