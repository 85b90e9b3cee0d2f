import type { Choices } from "../choices.ts";
import { type Draft, sizeOf, type Wire } from "../draft.ts";

/** A step adds nodes after a value; undefined where the value does not fit. */
export type Step = (draft: Draft, x: Wire, choices: Choices) => Wire | undefined;

/** Weights that keep the spread of values about what it was: uniform with standard deviation 1/√fan-in. */
export function layerWeight(draft: Draft, choices: Choices, dims: number[], fanIn: number): string {
  const most = Math.sqrt(3 / fanIn);
  const data = draft.values(dims, 0.2 * most, 1.2 * most);
  return draft.weight(choices, data);
}

export function bias(draft: Draft, choices: Choices, channels: number): string {
  return draft.constant(choices, draft.values([channels], 0, 0.5));
}

function divisors(n: number): number[] {
  return [1, ...Array.from({ length: n - 1 }, (_, i) => i + 2).filter((d) => n % d === 0)];
}

export interface Geometry {
  kernel: number[];
  strides: number[];
  dilations: number[];
  pads: number[];
  autoPad: string;
}

/** Attributes of a window; those at their default are left out half of the time. */
export function geometryAttributes(
  choices: Choices,
  { kernel, strides, dilations, pads, autoPad }: Geometry,
  dilates = true,
) {
  const shown = choices.once(2);
  const unless = (values: number[], plain: number) =>
    shown || values.some((value) => value !== plain) ? values : undefined;
  return {
    kernel_shape: kernel,
    strides: unless(strides, 1),
    dilations: dilates ? unless(dilations, 1) : undefined,
    pads: autoPad === "NOTSET" ? unless(pads, 0) : undefined,
    auto_pad: autoPad === "NOTSET" ? undefined : autoPad,
  };
}

/** Output sizes of a sliding window over `spatial`, or undefined where a window does not fit. */
export function slide(spatial: readonly number[], g: Geometry, ceil = false): number[] | undefined {
  const n = spatial.length;
  const out = spatial.map((size, axis) => {
    const reach = g.dilations[axis] * (g.kernel[axis] - 1) + 1;
    if (g.autoPad.startsWith("SAME")) return Math.ceil(size / g.strides[axis]);
    const pad = g.autoPad === "VALID" ? 0 : g.pads[axis] + g.pads[axis + n];
    const steps = (size + pad - reach) / g.strides[axis];
    if (steps < 0) return 0;
    const count = ceil ? Math.ceil(steps) + 1 : Math.floor(steps) + 1;
    const begin = g.autoPad === "VALID" ? 0 : g.pads[axis];
    return ceil && (count - 1) * g.strides[axis] >= size + begin ? count - 1 : count;
  });
  return out.every((size) => size > 0) ? out : undefined;
}

export function anyGeometry(choices: Choices, rank: number, { maxPad = 2, dilates = true } = {}): Geometry {
  const autoPad = choices.pick(["NOTSET", "NOTSET", "NOTSET", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"]);
  const same = autoPad.startsWith("SAME");
  const kernel = choices.list(rank, 1, 3);
  const padded = choices.once(2);
  return {
    kernel,
    strides: choices.once(3) ? choices.list(rank, 1, 2) : new Array(rank).fill(1),
    dilations: dilates && !same && choices.once(4) ? choices.list(rank, 1, 2) : new Array(rank).fill(1),
    pads: padded ? choices.list(2 * rank, 0, maxPad) : new Array(2 * rank).fill(0),
    autoPad,
  };
}

/** A convolution with `channels` outputs and this geometry. */
export function convOf(
  draft: Draft,
  x: Wire,
  choices: Choices,
  g: Geometry,
  channels: number,
  group = 1,
): Wire | undefined {
  const spatial = slide(x.dims.slice(2), g);
  if (!spatial) return undefined;
  const perGroup = x.dims[1] / group, dims = [channels, perGroup, ...g.kernel];
  const inputs = [x.name, layerWeight(draft, choices, dims, perGroup * sizeOf(g.kernel))];
  if (choices.once(2)) inputs.push(bias(draft, choices, channels));
  const attributes = { ...geometryAttributes(choices, g), group: group === 1 ? undefined : group };
  return draft.node("Conv", inputs, [x.dims[0], channels, ...spatial], attributes, { named: !choices.once(6) });
}

export const conv: Step = (draft, x, choices) => {
  if (x.dims.length < 3 || x.dims.length > 5) return undefined;
  const group = choices.once(3) ? choices.pick(divisors(x.dims[1])) : 1;
  const channels = group * choices.pick(group === 1 ? [2, 3, 4, 6, 8] : [1, 2]);
  return convOf(draft, x, choices, anyGeometry(choices, x.dims.length - 2), channels, group);
};

export const pointwise: Step = (draft, x, choices) => {
  if (x.dims.length < 3 || x.dims.length > 5) return undefined;
  return convOf(draft, x, choices, square(x.dims.length - 2, 1), choices.pick([2, 4, 6, 8, 3]));
};

export const depthwise: Step = (draft, x, choices) => {
  if (x.dims.length < 3 || x.dims.length > 5) return undefined;
  const k = choices.pick([3, 1, 2]);
  return convOf(draft, x, choices, square(x.dims.length - 2, k), x.dims[1], x.dims[1]);
};

/** The same kernel along every axis, padded so that odd kernels keep the size, or not at all. */
export function square(rank: number, kernel: number, pad = Math.floor(kernel / 2), stride = 1): Geometry {
  const all = (value: number, length = rank) => new Array<number>(length).fill(value);
  return { kernel: all(kernel), strides: all(stride), dilations: all(1), pads: all(pad, 2 * rank), autoPad: "NOTSET" };
}

export const convTranspose: Step = (draft, x, choices) => {
  if (x.dims.length < 3 || x.dims.length > 5) return undefined;
  const rank = x.dims.length - 2, cin = x.dims[1];
  const group = choices.once(3) ? choices.pick(divisors(cin)) : 1;
  const perGroup = choices.pick([2, 1, 3]);
  const kernel = choices.list(rank, 1, 3),
    strides = choices.once(2) ? choices.list(rank, 1, 2) : new Array(rank).fill(1);
  const dilations = choices.once(4) ? choices.list(rank, 1, 2) : new Array(rank).fill(1);
  const pads = choices.once(3) ? choices.list(2 * rank, 0, 1) : new Array(2 * rank).fill(0);
  const extra = choices.once(3) ? strides.map((stride) => choices.below(stride)) : new Array(rank).fill(0);
  const spatial = x.dims.slice(2).map((size, axis) =>
    strides[axis] * (size - 1) + extra[axis] + dilations[axis] * (kernel[axis] - 1) + 1 - pads[axis] - pads[axis + rank]
  );
  const inputs = [x.name, layerWeight(draft, choices, [cin, perGroup, ...kernel], cin / group * 2)];
  if (choices.once(2)) inputs.push(bias(draft, choices, perGroup * group));
  return draft.node("ConvTranspose", inputs, [x.dims[0], perGroup * group, ...spatial], {
    ...geometryAttributes(choices, { kernel, strides, dilations, pads, autoPad: "NOTSET" }),
    group: group === 1 ? undefined : group,
    output_padding: extra.some((value) => value > 0) ? extra : undefined,
  });
};

export const gemm: Step = (draft, x, choices) => {
  if (x.dims.length !== 2) return undefined;
  const transA = choices.once(6), transB = choices.once(2);
  const [rows, inner] = transA ? [x.dims[1], x.dims[0]] : x.dims;
  const columns = choices.pick([4, 3, 6, 8, 1, rows]);
  const inputs = [x.name, layerWeight(draft, choices, transB ? [columns, inner] : [inner, columns], inner)];
  const shapes = [undefined, [columns], [1, columns], [], [1], [rows, 1], [rows, columns]];
  const c = choices.pick(shapes.slice(draft.opset < 11 ? 1 : 0));
  if (c) inputs.push(draft.constant(choices, draft.values(c, 0, 0.5)));
  return draft.node("Gemm", inputs, [rows, columns], {
    transA: transA ? 1 : undefined,
    transB: transB ? 1 : undefined,
    alpha: choices.once(3) ? { float: choices.pick([0.5, -1.25, 2]) } : undefined,
    beta: choices.once(3) ? { float: choices.pick([0.5, -1.5, 0]) } : undefined,
  });
};

export const matmul: Step = (draft, x, choices) => {
  const rank = x.dims.length;
  if (rank < 2) return undefined;
  const left = choices.once(4), stacked = rank > 2 && choices.once(8);
  const inner = x.dims[left ? rank - 2 : rank - 1], other = choices.pick([4, 3, 6, 8, inner]);
  const lead = stacked ? [x.dims[rank - 3]] : [];
  const w = layerWeight(draft, choices, [...lead, ...left ? [other, inner] : [inner, other]], inner);
  const dims = [...x.dims];
  dims[left ? rank - 2 : rank - 1] = other;
  return draft.node("MatMul", left ? [w, x.name] : [x.name, w], dims);
};
