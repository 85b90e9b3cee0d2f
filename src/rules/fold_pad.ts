import { newAttribute } from "../graph/attribute.ts";
import { axesOf, constantValues, whyNotConstant } from "../ops/constant.ts";
import type { Node, Value } from "../graph/graph.ts";
import { slidOutput, type Window, windowOf } from "../ops/window.ts";
import type { Builder } from "../ops/builder.ts";
import { Skip } from "../ops/skip.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/**
 * Zeros around the pixels, then a Conv or an AveragePool that counts them: the same operator with larger pads. A Pad that
 * pads nothing goes.
 */
export const foldPad: Rule = {
  name: "fold-pad",
  summary: "Pad with zeros before Conv or AveragePool: into its pads",
  phase: "absorb",
  roots: ["Pad"],
  rewrite(root, build) {
    const pads = padsOf(root);
    if (pads instanceof Skip) return pads;
    if (pads.every((pad) => pad === 0)) return new Replacement([root], [[root.output, root.inputs[0]!]]);
    const spatial = spatialPads(root, pads);
    if (spatial instanceof Skip) return spatial;
    const { output } = root, removed = [root], outputs: [Value, Value][] = [];
    if (output.users.size === 0) return undefined;
    for (const [user, count] of output.users) {
      const padded = count === 1 && user.graph === root.graph && user.inputs[0] === output
        ? foldInto(user, root, spatial, build)
        : new Skip("no-layer", `${user.label}, in which '${output.name}' is used, has no pads for it`);
      if (padded instanceof Skip) return padded;
      removed.push(user);
      outputs.push([user.output, padded]);
    }
    return new Replacement(removed, outputs);
  },
};

/** Cells added before and after each spatial axis. */
interface Pads {
  readonly begin: readonly number[];
  readonly end: readonly number[];
}

/** Begin of every axis, then end of every axis. */
function padsOf(node: Node): number[] | Skip {
  const rank = node.inputs[0]?.shape?.length;
  if (rank === undefined) {
    return new Skip("unknown-shape", `the rank of its input '${node.inputs[0]?.name}' is not known`);
  }
  const given = node.opset >= 11 ? constantValues(node.inputs[1]) : node.numbers("pads") ?? node.numbers("paddings");
  if (!given) {
    return new Skip(
      "not-constant",
      `its pads are not constant: ${node.has(1) ? whyNotConstant(node.inputs[1]!) : "none"}`,
    );
  }
  const axes = node.has(3) ? axesOf(node, rank, 3) : [...Array(rank).keys()];
  if (!axes || given.length !== 2 * axes.length) {
    return new Skip(
      "not-constant",
      `its ${given.length} pads do not fit its ${axes ? `${axes.length} axes` : "axes, which are not constant"}`,
    );
  }
  const pads = new Array<number>(2 * rank).fill(0);
  axes.forEach((axis, at) => {
    pads[axis] = given[at];
    pads[axis + rank] = given[at + axes.length];
  });
  return pads;
}

function spatialPads(node: Node, pads: readonly number[]): Pads | Skip {
  const mode = node.text("mode", "constant"), rank = pads.length / 2;
  if (mode !== "constant") {
    return new Skip("unsupported-form", `its mode is '${mode}': Conv and AveragePool pad with zeros`);
  }
  const value = node.opset < 11 ? [node.number("value", 0)] : node.has(2) ? constantValues(node.inputs[2]) : [0];
  if (!value) return new Skip("not-constant", `its value is not constant: ${whyNotConstant(node.inputs[2]!)}`);
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
  return { begin: begin.slice(2), end: end.slice(2) };
}

function foldInto(user: Node, pad: Node, extra: Pads, build: Builder): Value | Skip {
  if (user.is("MaxPool")) {
    return new Skip(
      "unsupported-form",
      `${user.label} is a MaxPool: it would pad with −∞ where ${pad.label} pads with zeros`,
    );
  }
  if (!user.is("Conv", "AveragePool")) {
    return new Skip("no-layer", `its result goes into ${user.opType} (${user.label}), which has no pads for it`, {
      isRemote: true,
    });
  }
  const kernel = user.is("Conv") ? user.inputs[1]?.shape?.slice(2) : user.numbers("kernel_shape");
  if (!kernel?.every((size) => typeof size === "number") || kernel.length !== extra.begin.length) {
    return new Skip("unknown-shape", `the kernel of ${user.label} is not known`);
  }
  const own = windowOf(user, kernel as number[], pad.output.shape?.slice(2));
  if ([...own.begin, ...own.end].includes(null)) {
    return new Skip("unknown-shape", `${user.label} pads by auto_pad, how much is not known without the input's size`);
  }
  const begin = extra.begin.map((size, axis) => size + own.begin[axis]!);
  const end = extra.end.map((size, axis) => size + own.end[axis]!);
  const against = user.is("AveragePool") ? whyNotAveraged(user, pad, own, { begin, end }) : undefined;
  if (against) return against;
  const replaced = ["pads", "auto_pad", ...user.is("AveragePool") ? ["count_include_pad"] : []];
  const attributes = [...user.attributes.values()].filter(({ name }) => !replaced.includes(name));
  attributes.push(newAttribute("pads", [...begin, ...end]));
  if (user.is("AveragePool")) attributes.push(newAttribute("count_include_pad", 1));
  return build.like(user, [pad.inputs[0], ...user.inputs.slice(1)], attributes);
}

/** The zeros of a Pad count in the average, so all padded cells must. */
function whyNotAveraged(user: Node, pad: Node, own: Window, pads: Pads): Skip | undefined {
  const isPadded = [...own.begin, ...own.end].some((size) => size !== 0);
  if (isPadded && user.number("count_include_pad", 0) === 0) {
    return new Skip(
      "unsupported-form",
      `${user.label} does not count the cells it pads itself (count_include_pad = 0), but those of the Pad`,
    );
  }
  if (user.opset < 7) return new Skip("unsupported-form", `an AveragePool before opset 7 cannot count padded cells`);
  if (own.ceil && !isExact(own, pad)) {
    return new Skip(
      "unknown-shape",
      `${user.label} has ceil_mode = 1: whether its last windows reach over the padding is not known, or they do`,
    );
  }
  if (own.kernel.some((size, axis) => pads.begin[axis] >= size || pads.end[axis] >= size)) {
    return new Skip("other-geometry", `${user.label} would have pads as large as its kernel, which pools do not allow`);
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
