import type { Choices } from "../choices.ts";
import type { Draft, Wire } from "../draft.ts";
import { anyGeometry, type Geometry, geometryAttributes, slide, square, type Step } from "./layers.ts";

export const pool: Step = (draft, x, choices) => {
  const rank = x.dims.length - 2;
  if (rank < 1 || rank > 3) return undefined;
  const g = choices.once(2)
    ? square(rank, choices.pick([2, 3]), choices.pick([0, 1]), choices.pick([2, 1]))
    : anyGeometry(choices, rank, { maxPad: 1, dilates: false });
  const op = choices.pick(["AveragePool", "MaxPool"]);
  const ceil = draft.opset >= 10 && !g.autoPad.startsWith("SAME") && choices.once(5);
  // every pad must be smaller than the kernel, or a window would see nothing
  const fits = { ...g, pads: g.pads.map((pad, at) => Math.min(pad, g.kernel[at % rank] - 1)) };
  return poolOf(draft, x, choices, op, fits, ceil, op === "AveragePool" && choices.once(2));
};

export function poolOf(
  draft: Draft,
  x: Wire,
  choices: Choices,
  op: string,
  g: Geometry,
  ceil: boolean,
  counts: boolean,
): Wire | undefined {
  const spatial = slide(x.dims.slice(2), g, ceil);
  if (!spatial) return undefined;
  return draft.node(op, [x.name], [...x.dims.slice(0, 2), ...spatial], {
    ...geometryAttributes(choices, g, false),
    ceil_mode: ceil ? 1 : undefined,
    count_include_pad: counts ? 1 : undefined,
  });
}

export const averagePool: Step = (draft, x, choices) => {
  const rank = x.dims.length - 2;
  if (rank < 1 || rank > 3) return undefined;
  return poolOf(draft, x, choices, "AveragePool", square(rank, 2, 0, 2), false, false);
};

export const globalPool: Step = (draft, x, choices) => {
  if (x.dims.length < 3) return undefined;
  const spatial = x.dims.slice(2).map((_, at) => at + 2);
  const op = choices.pick(["GlobalAveragePool", "ReduceMean", "GlobalMaxPool"]);
  if (op !== "ReduceMean") return draft.node(op, [x.name], [...x.dims.slice(0, 2), ...spatial.map(() => 1)]);
  const keep = !choices.once(2);
  const axes = choices.once(3) ? spatial.map((axis) => axis - x.dims.length) : choices.once(6) ? [1] : spatial;
  const reduced = axes.map((axis) => axis < 0 ? axis + x.dims.length : axis);
  const dims = keep
    ? x.dims.map((dim, axis) => reduced.includes(axis) ? 1 : dim)
    : x.dims.filter((_, axis) => !reduced.includes(axis));
  const keepdims = keep ? undefined : 0;
  return draft.opset < 18
    ? draft.node("ReduceMean", [x.name], dims, { axes, keepdims })
    : draft.node("ReduceMean", [x.name, draft.integers(axes)], dims, { keepdims });
};

export const pad: Step = (draft, x, choices) => {
  const rank = x.dims.length;
  if (rank < 3) return undefined;
  const mode = choices.pick(["constant", "constant", "constant", "reflect", "edge"]);
  const pads = x.dims.map(() => [0, 0]);
  for (let axis = 2; axis < rank; axis++) {
    pads[axis] = choices.list(2, 0, mode === "reflect" ? Math.min(1, x.dims[axis] - 1) : 2);
  }
  if (mode === "constant" && choices.once(8)) pads[1] = [1, 0];
  if (mode === "constant" && choices.once(8)) pads[rank - 1] = [0, x.dims[rank - 1] > 3 ? -1 : 1];
  const dims = x.dims.map((dim, axis) => dim + pads[axis][0] + pads[axis][1]);
  const value = mode === "constant" && choices.once(4) ? 0.5 : undefined;
  const flat = [...pads.map(([begin]) => begin), ...pads.map(([, end]) => end)];
  if (draft.opset < 11) {
    return draft.node("Pad", [x.name], dims, {
      mode: choices.once(2) || mode !== "constant" ? mode : undefined,
      pads: flat,
      value: value === undefined ? undefined : { float: value },
    });
  }
  const spatialOnly = draft.opset >= 18 && pads[1][0] === 0 && choices.once(2);
  const inputs = [x.name, draft.integers(spatialOnly ? [...flat.slice(2, rank), ...flat.slice(rank + 2)] : flat)];
  if (value !== undefined || choices.once(2)) inputs.push(draft.constant(choices, { dims: [], values: [value ?? 0] }));
  if (spatialOnly) {
    if (inputs.length < 3) inputs.push("");
    inputs.push(draft.integers(x.dims.slice(2).map((_, at) => at + 2)));
  }
  return draft.node("Pad", inputs, dims, { mode: mode === "constant" && choices.once(2) ? undefined : mode });
};

export const resize: Step = (draft, x, choices) => {
  const rank = x.dims.length;
  if (rank !== 4) return undefined;
  const scales = [1, 1, ...choices.list(2, 1, 2)], dims = x.dims.map((dim, axis) => dim * scales[axis]);
  const mode = choices.pick(["nearest", "linear", "cubic"]);
  const data = { dims: [4], values: scales, type: 1 };
  if (draft.opset < 9) {
    if (mode === "cubic") return undefined;
    return draft.node("Upsample", [x.name], dims, { mode, scales: { floats: scales } });
  }
  if (draft.opset < 11) {
    if (mode === "cubic") return undefined;
    const op = draft.opset === 9 ? "Upsample" : "Resize";
    return draft.node(op, [x.name, draft.constant(choices, data)], dims, { mode });
  }
  const roi = draft.opset >= 13 ? "" : draft.constant(choices, { dims: [0], values: [], type: 1 });
  const sized = choices.once(3);
  const inputs = sized
    ? [
      x.name,
      roi,
      draft.opset >= 13 ? "" : draft.constant(choices, { dims: [0], values: [], type: 1 }),
      draft.integers(dims),
    ]
    : [x.name, roi, draft.constant(choices, data)];
  const transformation = choices.pick(["half_pixel", "asymmetric", "align_corners"]);
  return draft.node("Resize", inputs, dims, {
    mode,
    coordinate_transformation_mode: transformation === "half_pixel" ? undefined : transformation,
    nearest_mode: mode === "nearest" && choices.once(2) ? "floor" : undefined,
  });
};

export const depthToSpace: Step = (draft, x, choices) => {
  if (x.dims.length !== 4) return undefined;
  const [n, c, h, w] = x.dims;
  if (c % 4 === 0) {
    const mode = draft.opset >= 11 && choices.once(2) ? "CRD" : undefined;
    return draft.node("DepthToSpace", [x.name], [n, c / 4, 2 * h, 2 * w], { blocksize: 2, mode });
  }
  if (h % 2 || w % 2) return undefined;
  return draft.node("SpaceToDepth", [x.name], [n, 4 * c, h / 2, w / 2], { blocksize: 2 });
};
