import { newAttribute } from "../../graph/attribute.ts";
import type { Node, Value } from "../../graph/graph.ts";
import { reshaped } from "../../tensor/tensor.ts";
import type { Builder } from "../builder.ts";
import { elementCount } from "../dims.ts";
import { emitTranspose } from "../emit_movement.ts";
import { Convolution } from "../linear/convolution.ts";
import { Skip } from "../skip.ts";
import { linearOf } from "../views.ts";
import { BLOCK, whyNotBlocked } from "./blocked.ts";

/** Layers that may be factored. */
export const FACTORED: readonly string[] = ["Conv"];
/** What the runtime does as it stores the result of a convolution. */
const STORED: readonly string[] = ["Relu", "LeakyRelu", "Clip", "HardSigmoid", "Sigmoid", "Tanh"];

/** Share of the channels that blocks may be larger, and elements from which a result is large. */
const FULL = 1.1, LARGE = 1.5e6;
/** Elements that no cache near a core holds, and multiply-accumulates for each from which copying them is little beside those. */
const BEYOND_CACHE = 1 << 18, LEAST_MACS = 64;

/** A convolution of clips [N, C, T, H, W] that looks along time alone, or at one image at a time. */
export interface Factored {
  /** The convolution and the activation behind it, the last first. */
  readonly nodes: readonly Node[];
  /** What it looks along. */
  readonly along: "time" | "image";
  /** What it does along these axes, as a convolution of two axes. */
  readonly layer: Convolution;
}

/**
 * A convolution of three axes as one of two, why it cannot be or, where that is asked, does not pay; undefined where it is no factor
 * of one.
 */
export function factoredOf(node: Node, { isGated }: { isGated: boolean }): Factored | Skip | undefined {
  const map = linearOf(node);
  if (!(map instanceof Convolution) || map.parts.weight.dims.length !== 5) return undefined;
  const { weight, window, group } = map.parts, [out, perGroup, ...kernel] = weight.dims;
  const isPlain = (axis: number) =>
    kernel[axis] === 1 && window.strides[axis] === 1 && window.begin[axis] === 0 && window.end[axis] === 0;
  const along = isPlain(1) && isPlain(2) ? "time" : isPlain(0) ? "image" : undefined;
  if (!along) return undefined;
  if (map.axes instanceof Skip) return map.axes;
  const pick = <T>(values: readonly T[], one: T): T[] => along === "time" ? [values[0], one] : values.slice(1);
  const flat = new Convolution({
    ...map.parts,
    weight: reshaped(weight, [out, perGroup, ...pick(kernel, 1)]),
    stored: undefined,
    form: undefined,
    group,
    window: {
      ...window,
      kernel: pick(kernel, 1),
      strides: pick(window.strides, 1),
      dilations: pick(window.dilations, 1),
      begin: pick(window.begin, 0),
      end: pick(window.end, 0),
    },
  });
  const against = whyNotBlocked(flat) ?? (isGated ? whyNotWorth(flat, kernel) : undefined);
  if (against) return against;
  const user = node.output.soleUser, isStored = user !== undefined && user.is(...STORED);
  const nodes = isStored && !user.hasReferences ? [user, node] : [node];
  const elements = elementCount(node.output.shape), isLarge = elements === null ? !isStored : elements > LARGE;
  if (isGated && out > flat.input.channels && isLarge) {
    return new Skip("not-cheaper", "its result is large, and it would take longer to copy than it gains");
  }
  if (isGated && (elements ?? 0) > BEYOND_CACHE && flat.cost.macs < LEAST_MACS * out) {
    return new Skip("not-cheaper", `${flat.label} does so little with each number that copying so many takes as long`);
  }
  return { nodes, along, layer: flat };
}

/** Why the blocked layout gains nothing: one tap, or channels that do not fill blocks, as measured. */
function whyNotWorth({ parts: { group, weight }, label }: Convolution, kernel: readonly number[]): Skip | undefined {
  const [out, channels] = weight.dims, filled = (count: number) => Math.ceil(count / BLOCK) * BLOCK <= FULL * count;
  if (kernel.every((size) => size === 1)) {
    return new Skip("not-cheaper", `${label} has one tap, and is no faster in 2-D`);
  }
  if (group === 1 && channels >= BLOCK && filled(out) && filled(channels)) return undefined;
  return new Skip(
    "not-cheaper",
    `${label} has ${channels} channels in ${group} groups and makes ${out}, which fill no blocks`,
  );
}

/** The convolution of two axes between what brings the others out of its way and back. */
export function emitFactored({ nodes, along, layer }: Factored, build: Builder): Value | Skip {
  const { output } = nodes[0], { x } = layer, channels = layer.output.channels;
  const turned = (value: Value, output: string) => emitTranspose(value, [0, 2, 1, 3, 4], { output }, build);
  const named = (part: string) => `${output.name}.${part}`;
  const images = along === "time"
    ? emitReshape(x, [0, 0, 0, -1], named("images"), build)
    : emitReshape(turned(x, named("frames")), [-1, layer.input.channels, dim(x, 3), dim(x, 4)], named("images"), build);
  let y = new Convolution({ ...layer.parts, x: images }).emit(build);
  if (nodes.length > 1) y = build.like(nodes[0], [y, ...nodes[0].inputs.slice(1)]);
  if (along === "time") return emitReshape(y, [0, 0, 0, dim(x, 3), dim(x, 4)], output.name, build);
  return turned(emitReshape(y, [-1, dim(x, 2), channels, dim(y, 2), dim(y, 3)], named("clip"), build), output.name);
}

/** A dimension of a value: its number, or where to ask for it. */
type Ask = number | { readonly of: Value; readonly axis: number };

function dim(of: Value, axis: number): Ask {
  const known = of.shape?.[axis];
  return typeof known === "number" ? known : { of, axis };
}

function emitReshape(x: Value, dims: readonly Ask[], output: string, build: Builder): Value {
  const asked = dims.filter((dim) => typeof dim !== "number").length, isOpen = dims.includes(-1);
  const rest = asked === 1 && !isOpen ? dims.map((dim) => typeof dim === "number" ? dim : -1) : dims;
  const integers = (values: readonly number[], of: string) => build.integers(`${output}.${of}`, values);
  if (rest.every((dim) => typeof dim === "number")) {
    return build.node("Reshape", [x, integers(rest, "shape")], { output });
  }
  const parts = rest.map((dim) => {
    if (typeof dim === "number") return integers([dim], "size");
    const shape = build.node("Shape", [dim.of], { output: `${dim.of.name}.shape` });
    const gathered = build.node("Gather", [shape, integers([dim.axis], "axis")], { output: `${output}.size` });
    return gathered;
  });
  const shape = build.node("Concat", parts, { output: `${output}.shape`, attributes: [newAttribute("axis", 0)] });
  return build.node("Reshape", [x, shape], { output });
}
