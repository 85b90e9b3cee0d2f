import { changedAttributes } from "../graph/attribute.ts";
import type { Dim, Node, Shape, Value } from "../graph/graph.ts";
import type { Builder } from "./builder.ts";
import { axesOf, constantValues, notConstant, permOf } from "./constant.ts";
import { isPermutation } from "./dims.ts";
import { valueElements } from "./shape_elements.ts";
import { Skip } from "./skip.ts";
import { outputSize, type Window, windowOf } from "./window.ts";
import { unknownRank } from "./unknown_rank.ts";

/** Zeros before and after each axis. */
export interface ZeroPadding {
  /** The nodes that put them there, the last one last. */
  readonly nodes: readonly Node[];
  /** The value without them. */
  readonly x: Value;
  /** Before each axis. */
  readonly begin: readonly number[];
  /** After each axis. */
  readonly end: readonly number[];
}

/** How an operator takes over the zeros around its input: the node on the unpadded value, or why not. */
export type TakePadding = (user: Node, padding: ZeroPadding, build: Builder) => Value | Skip;

/** Elements a Pad adds at the begin and the end of each axis (negative ones are cut off); null where not known. */
interface Pads {
  /** At the begin. */
  readonly begin: readonly Dim[];
  /** At the end. */
  readonly end: readonly Dim[];
}

/** What a Pad adds, one entry per axis; undefined where not even the axes are known. */
export function padsOf(node: Node, rank: number): Pads | undefined {
  const given = node.opset >= 11 || node.has(1)
    ? valueElements(node.inputs[1])
    : node.numbers("pads") ?? node.numbers("paddings");
  const axes = node.has(3) ? axesOf(node, rank, 3) : [...Array(rank).keys()];
  if (!given || !axes || given.length !== 2 * axes.length) return undefined;
  const begin = new Array<Dim>(rank).fill(0), end = new Array<Dim>(rank).fill(0);
  if (!axes.every((axis) => axis in begin)) return undefined;
  axes.forEach((axis, at) => {
    begin[axis] = given[at];
    end[axis] = given[at + axes.length];
  });
  return { begin, end };
}

/** Why not all that a Pad adds is known. */
function whyUnknownPads(node: Node): Skip {
  if (node.opset >= 11 && !constantValues(node.inputs[1])) return notConstant("its pads are", node.inputs[1]);
  if (node.has(3) && !constantValues(node.inputs[3])) return notConstant("its axes are", node.inputs[3]);
  return new Skip("invalid-parameter", "its pads do not fit its axes");
}

/** Pad, where it puts zeros around its input and does nothing else. */
export function zeroPadding(node: Node): ZeroPadding | Skip {
  const x = node.inputs[0]!, rank = x.shape?.length;
  if (rank === undefined) return unknownRank(x);
  const known = padsOf(node, rank), pads = known && [...known.begin, ...known.end];
  if (!pads?.every((pad) => typeof pad === "number")) return whyUnknownPads(node);
  const mode = node.text("mode", "constant");
  if (mode !== "constant") {
    return new Skip("unsupported-form", `its mode is '${mode}': Conv and AveragePool pad with zeros`);
  }
  const value = node.opset < 11 ? [node.number("value", 0)] : node.has(2) ? constantValues(node.inputs[2]) : [0];
  if (!value) return notConstant("its value is", node.inputs[2]);
  if (value.some((entry) => entry !== 0)) {
    return new Skip("unsupported-form", `it pads with ${value}: Conv and AveragePool pad with zeros`);
  }
  if (pads.some((pad) => pad < 0)) {
    return new Skip("unsupported-form", `its pads [${pads}] are negative in part: it crops`);
  }
  return { nodes: [node], x, begin: pads.slice(0, rank), end: pads.slice(rank) };
}

/** Transpose of a Pad (of an image whose channels come last, say): the zeros around the axes where they end up. */
export function turnedPadding(node: Node, build: Builder): ZeroPadding | undefined {
  const pad = node.inputs[0]?.producer,
    padding = pad?.is("Pad") && pad.graph === node.graph ? zeroPadding(pad) : undefined;
  if (!padding || padding instanceof Skip) return undefined;
  const rank = padding.begin.length, perm = permOf(node, rank);
  if (!isPermutation(perm, rank)) return undefined;
  const moved = (side: readonly number[]) => perm.map((axis) => side[axis]);
  const x = build.like(node, [padding.x]);
  return { nodes: [pad!, node], x, begin: moved(padding.begin), end: moved(padding.end) };
}

/** Conv. */
export const padConv: TakePadding = (user, padding, build) => {
  const kernel = user.inputs[1]?.shape?.slice(2), pads = totalPads(user, kernel, padding);
  return pads instanceof Skip ? pads : withPads(user, padding, pads, build);
};

/** AveragePool: the zeros of a Pad count in the average, so all padded cells must. */
export const padAveragePool: TakePadding = (user, padding, build) => {
  const pads = totalPads(user, user.numbers("kernel_shape"), padding);
  if (pads instanceof Skip) return pads;
  return whyNotAveraged(user, pads) ?? withPads(user, padding, pads, build);
};

/** MaxPool never. */
export const padMaxPool: TakePadding = (user, { nodes: [pad] }) =>
  new Skip("unsupported-form", `${user.label} is a MaxPool: it would pad with −∞ where ${pad.label} pads with zeros`);

/** The pads a window has with those of a Pad. */
interface TotalPads {
  readonly own: Window;
  readonly begin: readonly number[];
  readonly end: readonly number[];
}

function totalPads(
  user: Node,
  kernel: readonly unknown[] | undefined,
  { begin, end }: ZeroPadding,
): TotalPads | Skip {
  if ([begin, end].some((side) => side.slice(0, 2).some((pad) => pad !== 0))) {
    return new Skip(
      "unsupported-form",
      `it pads the batch or the channels of ${user.label} (pads [${[...begin, ...end]}]), not only pixels`,
    );
  }
  if (!kernel?.every((size) => typeof size === "number") || kernel.length !== begin.length - 2) {
    return new Skip("unknown-shape", `the kernel of ${user.label} is not known`);
  }
  const own = windowOf(user, kernel as number[], user.inputs[0]?.shape?.slice(2));
  if ([...own.begin, ...own.end].includes(null)) {
    return new Skip(
      "unknown-shape",
      `${user.label} pads by auto_pad, how much is not known without the input's size`,
    );
  }
  return {
    own,
    begin: begin.slice(2).map((size, axis) => size + own.begin[axis]!),
    end: end.slice(2).map((size, axis) => size + own.end[axis]!),
  };
}

function withPads(user: Node, { x }: ZeroPadding, { begin, end }: TotalPads, build: Builder): Value {
  const counts = user.attributes.has("count_include_pad") || user.is("AveragePool");
  const attributes = changedAttributes(user, {
    auto_pad: undefined,
    pads: [...begin, ...end],
    count_include_pad: counts ? 1 : undefined,
  });
  return build.like(user, [x, ...user.inputs.slice(1)], attributes);
}

function whyNotAveraged(user: Node, { own, begin, end }: TotalPads): Skip | undefined {
  const isPadded = [...own.begin, ...own.end].some((size) => size !== 0);
  if (isPadded && user.number("count_include_pad", 0) === 0) {
    return new Skip(
      "unsupported-form",
      `${user.label} does not count the cells it pads itself (count_include_pad = 0), but those of the Pad`,
    );
  }
  if (user.opset < 7) {
    return new Skip("unsupported-form", `an AveragePool before opset 7 cannot count padded cells`);
  }
  if (own.ceil && !isExact(own, user.inputs[0]?.shape)) {
    return new Skip(
      "unknown-shape",
      `${user.label} has ceil_mode = 1: whether its last windows reach over the padding is not known, or they do`,
    );
  }
  if (own.kernel.some((size, axis) => begin[axis] >= size || end[axis] >= size)) {
    return new Skip(
      "other-geometry",
      `${user.label} would have pads as large as its kernel, which pools do not allow`,
    );
  }
}

/** Whether the windows fill the input to the last cell, so that rounding up and down is the same. */
function isExact(window: Window, padded: Shape | undefined): boolean {
  return window.kernel.every((_, axis) => {
    const length = padded?.[axis + 2] ?? null;
    const down = outputSize({ ...window, ceil: false, isSame: false }, axis, length);
    const reach = window.dilations[axis] * (window.kernel[axis] - 1) + 1;
    return typeof down === "number" && typeof length === "number" &&
      (down - 1) * window.strides[axis] + reach === length + window.begin[axis]! + window.end[axis]!;
  });
}
