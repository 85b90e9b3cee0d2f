import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "../ops/builder.ts";
import { Skip } from "../ops/skip.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { absorbDown } from "./absorb_down.ts";
import { type AffineMap, type ChannelAffine, composed, hasScale, hasShift } from "../ops/affine_map.ts";
import { AFFINE_OPS, affineOf } from "./affine_of.ts";
import { MOVERS_AND_POOLS } from "./carrier.ts";
import { valueTensor } from "../tensor/tensor.ts";

/**
 * W·(a·x + t) + b = (W·a)·x + (W·t + b), directly or through pools and operators that only move elements, whoever takes
 * the result. Where a convolution pads its input, a shift would show at the border: then it is left alone.
 */
export const fuseAffineIntoNextLayer: Rule = {
  name: "fuse-affine-into-next-layer",
  summary: "BatchNormalization, Mul, Div, Add, Sub or Neg before Conv, ConvTranspose, Gemm or MatMul: into its weights",
  phase: "absorb",
  roots: AFFINE_OPS,
  rewrite(root, build) {
    const affine = affineOf(root);
    if (!affine || affine instanceof Skip) return affine;
    const removed: Node[] = [root];
    const outputs = absorbDown(root.output, affine, affine.x, MOVERS_AND_POOLS, build, removed);
    if (outputs instanceof Skip) return leavingShift(root, affine, build) ?? outputs;
    if (build.nodes.length >= removed.length) {
      return new Skip("not-cheaper", "it would save nothing: its shift would become an addition behind the layer");
    }
    return new Replacement(removed, outputs);
  },
};

/**
 * s·x + t = s·(x + t/s): where only the shift is in the way and several nodes make the map (Mul and Add, say), one addition
 * stays and the scale goes into the layers.
 */
function leavingShift(root: Node, affine: ChannelAffine, build: Builder): Replacement | undefined {
  let map: AffineMap = affine, { output } = root;
  const removed = [root];
  for (let next: Node | undefined; (next = soleUser(output)); output = next.output) {
    const own = affineOf(next);
    const both = own && !(own instanceof Skip) && own.x === output ? composed(map, own) : undefined;
    if (!both) break;
    map = both;
    removed.push(next);
  }
  const { axis, scale, shift } = map, { type } = affine.x;
  if (removed.length < 2 || !hasShift(map) || !hasScale(map) || type === undefined || root.opset < 7) return undefined;
  if (axis !== null && affine.rank === undefined) return undefined;
  const before = shift.map((value, i) => value === 0 ? 0 : value / scale[i]);
  if (!before.every(Number.isFinite)) return undefined;
  build.reset();
  const name = removed.find((node) => node.is("Add", "Sub"))?.name ?? root.name;
  const dims = axis === null ? [] : [before.length, ...new Array(affine.rank! - 1 - axis).fill(1)];
  const constant = build.initializer(`${name || root.output.name}.shift`, valueTensor(type, dims, before));
  const sum = build.node("Add", [affine.x, constant], { name });
  const rest = { axis, scale, shift: new Float64Array(shift.length) };
  const outputs = absorbDown(output, rest, sum, MOVERS_AND_POOLS, build, removed);
  return outputs instanceof Skip ? undefined : new Replacement(removed, outputs);
}

function soleUser(value: Value): Node | undefined {
  const [user] = value.users.keys();
  return value.users.size === 1 && value.users.get(user) === 1 && !value.isOutput && user.graph === value.graph
    ? user
    : undefined;
}
