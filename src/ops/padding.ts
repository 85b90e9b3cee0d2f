import { newAttribute } from "../graph/attribute.ts";
import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "./builder.ts";
import { axesOf, constantValues, notConstant } from "./constant.ts";
import { Skip } from "./skip.ts";
import { slidOutput, type Window, windowOf } from "./window.ts";
import { unknownRank } from "./unknown_rank.ts";

/** Zeros before and after each spatial axis. */
export interface ZeroPadding {
  /** The node that puts them there. */
  readonly node: Node;
  /** Before each axis. */
  readonly begin: readonly number[];
  /** After each axis. */
  readonly end: readonly number[];
}

/** How an operator takes over the zeros around its input: the node on the unpadded value, or why not. */
export type TakePadding = (user: Node, padding: ZeroPadding, build: Builder) => Value | Skip;

/** Begin of every axis, then end of every axis. */
function padsOf(node: Node): number[] | Skip {
  const rank = node.inputs[0]?.shape?.length;
  if (rank === undefined) {
    return unknownRank(node.inputs[0]!);
  }
  const given = node.opset >= 11 ? constantValues(node.inputs[1]) : node.numbers("pads") ?? node.numbers("paddings");
  if (!given) return notConstant("its pads are", node.inputs[1]);
  const axes = node.has(3) ? axesOf(node, rank, 3) : [...Array(rank).keys()];
  if (!axes) return notConstant("its axes are", node.inputs[3]);
  if (given.length !== 2 * axes.length) {
    return new Skip("invalid-parameter", `its ${given.length} pads do not fit its ${axes.length} axes`);
  }
  const pads = new Array<number>(2 * rank).fill(0);
  axes.forEach((axis, at) => {
    pads[axis] = given[at];
    pads[axis + rank] = given[at + axes.length];
  });
  return pads;
}

/** Pad, where it puts zeros around the pixels and nothing else. */
export function zeroPadding(node: Node): ZeroPadding | Skip {
  const pads = padsOf(node);
  if (pads instanceof Skip) return pads;
  const mode = node.text("mode", "constant"), rank = pads.length / 2;
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
  const begin = pads.slice(0, rank), end = pads.slice(rank);
  if ([begin, end].some((side) => side.slice(0, 2).some((pad) => pad !== 0))) {
    return new Skip("unsupported-form", `it pads the batch or the channels (pads [${pads}]), not only pixels`);
  }
  return { node, begin: begin.slice(2), end: end.slice(2) };
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
  return whyNotAveraged(user, padding.node, pads) ?? withPads(user, padding, pads, build);
};

/** MaxPool never. */
export const padMaxPool: TakePadding = (user, { node }) =>
  new Skip("unsupported-form", `${user.label} is a MaxPool: it would pad with −∞ where ${node.label} pads with zeros`);

/** The pads a window has with those of a Pad. */
interface TotalPads {
  readonly own: Window;
  readonly begin: readonly number[];
  readonly end: readonly number[];
}

function totalPads(
  user: Node,
  kernel: readonly unknown[] | undefined,
  { node, begin, end }: ZeroPadding,
): TotalPads | Skip {
  if (!kernel?.every((size) => typeof size === "number") || kernel.length !== begin.length) {
    return new Skip("unknown-shape", `the kernel of ${user.label} is not known`);
  }
  const own = windowOf(user, kernel as number[], node.output.shape?.slice(2));
  if ([...own.begin, ...own.end].includes(null)) {
    return new Skip(
      "unknown-shape",
      `${user.label} pads by auto_pad, how much is not known without the input's size`,
    );
  }
  return {
    own,
    begin: begin.map((size, axis) => size + own.begin[axis]!),
    end: end.map((size, axis) => size + own.end[axis]!),
  };
}

function withPads(user: Node, { node }: ZeroPadding, { begin, end }: TotalPads, build: Builder): Value {
  const counts = user.attributes.has("count_include_pad") || user.is("AveragePool");
  const attributes = [...user.attributes.values()]
    .filter(({ name }) => !["pads", "auto_pad", "count_include_pad"].includes(name));
  attributes.push(newAttribute("pads", [...begin, ...end]));
  if (counts) attributes.push(newAttribute("count_include_pad", 1));
  return build.like(user, [node.inputs[0], ...user.inputs.slice(1)], attributes);
}

function whyNotAveraged(user: Node, pad: Node, { own, begin, end }: TotalPads): Skip | undefined {
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
  if (own.ceil && !isExact(own, pad)) {
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
function isExact(window: Window, pad: Node): boolean {
  return window.kernel.every((_, axis) => {
    const length = pad.output.shape?.[axis + 2] ?? null;
    const down = slidOutput({ ...window, ceil: false }, axis, length, false);
    const reach = window.dilations[axis] * (window.kernel[axis] - 1) + 1;
    return typeof down === "number" && typeof length === "number" &&
      (down - 1) * window.strides[axis] + reach === length + window.begin[axis]! + window.end[axis]!;
  });
}
