import type { Node, Value } from "../graph/graph.ts";
import { isFloat } from "../tensor/element_type.ts";
import { broadcasted } from "../tensor/elementwise.ts";
import { multiplied } from "../tensor/multiply.ts";
import { filledTensor, type Tensor, valueTensor } from "../tensor/tensor.ts";
import { type AffineMap, hasShift } from "./affine_map.ts";
import type { Builder } from "./builder.ts";
import { axisOf, constantOf, notConstant } from "./constant.ts";
import { Skip } from "./skip.ts";

/**
 * How a node that is no layer takes an affine map of its first output into parameters of its own: that output anew, why it cannot,
 * or undefined where it is something else.
 */
export type TakeAffine = (node: Node, affine: AffineMap, build: Builder) => Value | Skip | undefined;

/** Where the parameters of a normalization are among its inputs. */
interface Parameters {
  /** What it multiplies by. */
  readonly gamma: number;
  /** What it adds; absent where its operator adds nothing. */
  readonly beta?: number;
  /** Whether they go along axis 1; along the last axes otherwise. */
  readonly isPerChannel?: true;
}

/** s·(γ·n(x) + β) + t = (s·γ)·n(x) + (s·β + t): a normalization's own scale and shift. */
export function intoNormalization({ gamma: at, beta: shiftAt, isPerChannel }: Parameters): TakeAffine {
  return (node, affine, build) => {
    const [scale, shift] = [node.inputs[at], shiftAt === undefined ? undefined : node.inputs[shiftAt]];
    const gamma = constantOf(scale), beta = constantOf(shift), rank = node.output.shape?.length ?? NaN;
    if (!gamma || !isFloat(gamma.type)) return notConstant(`the scale of ${node.label} is`, scale);
    if (shift && !beta) return notConstant(`the shift of ${node.label} is`, shift);
    if (beta && beta.type !== gamma.type) return otherTypes(node, gamma, beta);
    const { dims, type } = gamma, isShifted = hasShift(affine);
    if (isShifted && shiftAt === undefined) {
      return new Skip("shift-blocked", `it has a shift, and ${node.label} (${node.opType}) has none of its own`);
    }
    const axis = affine.axis === null ? null : affine.axis - (isPerChannel ? 1 : rank - dims.length);
    if (axis !== null && dims[axis] !== affine.scale.length || beta && `${beta.dims}` !== `${dims}`) {
      return new Skip("other-axis", `${node.label} has no scale along axis ${affine.axis}`);
    }
    const inputs = [...node.inputs], s = along(affine.scale, axis, dims.length);
    inputs[at] = build.initializer(scale!.name, broadcasted([gamma, s], (k, s) => k * s, type)!);
    if (beta || isShifted) {
      const own = [beta ?? filledTensor(type, dims, 0), s, along(affine.shift, axis, dims.length)];
      const name = shift?.name ?? `${scale!.name}.shift`;
      inputs[shiftAt!] = build.initializer(name, broadcasted(own, (k, s, t) => k * s + t, type)!);
    }
    return build.again(node, inputs)[0];
  };
}

/** A table of more elements gets no shift. */
const MOST_SHIFTED = 1 << 22;

/** s·table[i] + t = (s·table + t)[i]: a constant of which a Gather looks entries up, such as an embedding. */
export const intoTable: TakeAffine = (node, affine, build) => {
  const [given, picks] = node.inputs, table = constantOf(given), count = picks?.shape?.length;
  if (!given || !table || !isFloat(table.type) || count === undefined) return undefined;
  const rank = table.dims.length, looked = axisOf(node, rank, 0), { axis } = affine;
  const own = axis === null || axis < looked ? axis : axis - count + 1;
  if (own !== null && (axis! >= looked && own <= looked || table.dims[own] !== affine.scale.length)) {
    return new Skip("other-axis", `it goes along axis ${axis}, along which ${node.label} looks entries up`);
  }
  if (hasShift(affine) && table.size > MOST_SHIFTED) {
    return new Skip("not-cheaper", `its shift would have to be added to the ${table.size} entries of '${given.name}'`);
  }
  const dims = table.dims.map((dim, at) => at === own ? dim : 1);
  const scaled = multiplied(table, { dims, values: affine.scale });
  return build.like(node, [build.initializer(given.name, shifted(scaled, affine, own)), picks]);
};

/** s·(W·x + b) + t for a matrix of packed whole numbers: its scales, of blocks of each row, take s, and the bias both. */
export const intoBlockScales: TakeAffine = (node, { axis, scale, shift }, build) => {
  const inputs = [...node.inputs], scales = constantOf(inputs[2]), bias = constantOf(inputs[5]);
  const rows = node.number("N", 0), last = (node.output.shape?.length ?? NaN) - 1;
  if (!scales || !isFloat(scales.type)) return notConstant(`the scales of ${node.label} are`, inputs[2]);
  if (inputs[5] && !bias) return notConstant(`the bias of ${node.label} is`, inputs[5]);
  if (bias && bias.type !== scales.type) return otherTypes(node, scales, bias);
  if (axis !== null && (axis !== last || scale.length !== rows)) {
    return new Skip(
      "other-axis",
      `it goes along axis ${axis}, and ${node.label} has a scale for each entry of its last`,
    );
  }
  const each = scales.size / rows, values = (of: Float64Array, row: number) => of[axis === null ? 0 : row];
  const factors = Float64Array.from({ length: scales.size }, (_, at) => values(scale, Math.floor(at / each)));
  inputs[2] = build.initializer(inputs[2]!.name, multiplied(scales, { dims: scales.dims, values: factors }));
  if (bias || shift.some((by) => by !== 0)) {
    const [s, t] = [scale, shift].map((of) =>
      valueTensor("float64", [rows], Float64Array.from({ length: rows }, (_, row) => values(of, row)))
    );
    const own = [bias ?? filledTensor(scales.type, [rows], 0), s, t];
    while (inputs.length < 5) inputs.push(undefined);
    inputs[5] = build.initializer(
      inputs[5]?.name ?? `${inputs[2].name}.bias`,
      broadcasted(own, (b, s, t) => s * b + t, scales.type)!,
    );
  }
  return build.like(node, inputs);
};

function otherTypes(node: Node, scale: Tensor, shift: Tensor): Skip {
  return new Skip("element-type", `${node.label} scales in ${scale.type} and shifts in ${shift.type}`);
}

function shifted(table: Tensor, affine: AffineMap, axis: number | null): Tensor {
  if (!hasShift(affine)) return table;
  return broadcasted([table, along(affine.shift, axis, table.dims.length)], (k, t) => k + t, table.type)!;
}

/** Numbers along an axis of a tensor of this rank, or one number. */
function along(values: Float64Array, axis: number | null, rank: number): Tensor {
  const dims = axis === null ? [] : [values.length, ...new Array<number>(rank - 1 - axis).fill(1)];
  return valueTensor("float64", dims, values);
}
