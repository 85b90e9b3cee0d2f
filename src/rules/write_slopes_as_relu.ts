import { UNBLOCKED, whyNotBlocked } from "../ops/blocked/blocked.ts";
import { emitOneSlope, emitSlopes, SLOPED, slopesOf } from "../ops/blocked/slope.ts";
import { Convolution } from "../ops/linear/convolution.ts";
import { Skip } from "../ops/skip.ts";
import { linearOf } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { sizeOf } from "../tensor/tensor.ts";

/** Elements from which two operators more take less than what is gained (`deno task bench:calibrate`). */
const LEAST_ELEMENTS = 256;
/** Elements from which they do where the next convolution has so few channels that it reads the plain layout: there is less to gain. */
const LEAST_UNBLOCKED = 4096;
/** Slopes beyond this make the sum a difference of much larger terms, whose rounding would show. */
const LARGEST_SLOPE = 8;

/**
 * max(0, x) + s·min(0, x) = max(0, x′) + s/(1 − s)·x′ with x′ = (1 − s)·x, which the convolution before it makes by a scaled weight,
 * for s < 1 in every channel; else s·x + (1 − s)·max(0, x). One slope for all channels goes into the convolution's kernel. ONNX
 * Runtime runs each of these, but no PRelu, in the blocked layout of its convolutions. x must be finite.
 */
export const writeSlopesAsRelu: Rule = {
  name: "write-slopes-as-relu",
  summary: "Conv → PRelu: a scaled Conv, Relu and a scaled copy, which stay in the blocked layout",
  phase: "lower",
  runtimes: ["onnxruntime-cpu"],
  roots: SLOPED,
  rewrite(root, build, { isGated }) {
    const layer = root.inputs[0]?.producer && linearOf(root.inputs[0].producer);
    if (!(layer instanceof Convolution) || !layer.isLayer) return undefined;
    const against = whyNotBlocked(layer), found = against ?? slopesOf(root);
    if (found instanceof Skip) return found;
    const { x, slopes } = found;
    if (slopes.length === 1) {
      return new Replacement([root], [[root.output, emitOneSlope(root, x, slopes[0], build)]]);
    }
    const least = layer.output.channels < UNBLOCKED ? LEAST_UNBLOCKED : LEAST_ELEMENTS;
    const elements = sizeOf((x.shape ?? []).map((dim) => typeof dim === "number" ? dim : least));
    if (isGated && elements < least) {
      return new Skip("not-cheaper", `it is applied to ${elements} numbers, too few for two operators more to pay`);
    }
    const steep = slopes.find((slope) => !(Math.abs(slope) <= LARGEST_SLOPE));
    if (steep !== undefined) {
      return new Skip("invalid-parameter", `its slope ${steep} in one channel would cost the others' digits`);
    }
    const rest = slopes.map((slope) => 1 - slope);
    if (slopes.some((slope) => slope >= 1)) {
      return new Replacement([root], [[root.output, emitSlopes(root, x, { a: rest, b: slopes }, build)]]);
    }
    const scaled = layer.after({ axis: 1, scale: rest, shift: new Float64Array(rest.length) });
    const made = scaled instanceof Skip ? scaled : scaled.emit(build);
    if (made instanceof Skip) return made;
    const ratio = slopes.map((slope, channel) => slope / rest[channel]);
    return new Replacement([root, ...layer.nodes], [[root.output, emitSlopes(root, made, { b: ratio }, build)]]);
  },
};
