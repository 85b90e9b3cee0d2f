import type { Node } from "../../graph/graph.ts";
import { Skip } from "../../ops/skip.ts";
import type { AffineMap } from "../../ops/affine_map.ts";
import { whyNotAverage, whyResized } from "../interpolation.ts";
import { type Junction, oneWay } from "./junction.ts";

/** Resize and Upsample: interpolation weights sum to 1, so a map along an axis that is not resized goes through. */
const resize: Junction = {
  up: (node, _output, affine) => whyNotThrough(node, affine) ?? oneWay({ value: node.inputs[0]!, affine }),
  down: (node, input, affine) =>
    node.inputs[0] === input
      ? whyNotThrough(node, affine) ?? oneWay({ value: node.output, affine })
      : new Skip("not-linear", `${node.label} takes it as its sizes`),
};

function whyNotThrough(node: Node, { axis }: AffineMap): Skip | undefined {
  const against = whyNotAverage(node), rank = (node.inputs[0]?.shape ?? node.output.shape)?.length;
  if (against || axis === null) return against;
  return rank === undefined
    ? new Skip("unknown-shape", `the rank of ${node.label} is not known`)
    : whyResized(node, axis, rank);
}

/** The channel of [N, C·b², h, w] that becomes channel c at place k of [N, C, h·b, w·b]. */
function blockChannel(node: Node, channels: number, blocks: number): (c: number, k: number) => number {
  const isInner = node.is("SpaceToDepth") || node.text("mode", "DCR") === "DCR";
  return isInner ? (c, k) => k * channels + c : (c, k) => c * blocks + k;
}

/** The map of the deep side from that of the wide one: every block gets its channel's. */
function deepened(node: Node, affine: AffineMap): AffineMap | Skip {
  if (affine.axis === null) return affine;
  if (affine.axis !== 1) {
    return new Skip("other-axis", `it goes along axis ${affine.axis}, which ${node.label} rearranges`);
  }
  const channels = affine.scale.length, blocks = node.number("blocksize", 1) ** 2;
  const place = blockChannel(node, channels, blocks);
  const of = (values: Float64Array) => {
    const out = new Float64Array(channels * blocks);
    for (let c = 0; c < channels; c++) for (let k = 0; k < blocks; k++) out[place(c, k)] = values[c];
    return out;
  };
  return { axis: 1, scale: of(affine.scale), shift: of(affine.shift) };
}

/** The map of the wide side from that of the deep one, where all blocks of a channel have the same. */
function widened(node: Node, affine: AffineMap): AffineMap | Skip {
  if (affine.axis === null) return affine;
  if (affine.axis !== 1) {
    return new Skip("other-axis", `it goes along axis ${affine.axis}, which ${node.label} rearranges`);
  }
  const blocks = node.number("blocksize", 1) ** 2, channels = affine.scale.length / blocks;
  const place = blockChannel(node, channels, blocks);
  const out = { axis: 1, scale: new Float64Array(channels), shift: new Float64Array(channels) };
  for (let c = 0; c < channels; c++) {
    for (let k = 0; k < blocks; k++) {
      const at = place(c, k), first = place(c, 0);
      if (affine.scale[at] !== affine.scale[first] || affine.shift[at] !== affine.shift[first]) {
        return new Skip(
          "unequal-channels",
          `it is another map for each of the channels that ${node.label} puts side by side`,
        );
      }
    }
    out.scale[c] = affine.scale[place(c, 0)];
    out.shift[c] = affine.shift[place(c, 0)];
  }
  return out;
}

/** DepthToSpace and SpaceToDepth: channels become places in blocks, and back. */
function blocks(up: typeof deepened, down: typeof deepened): Junction {
  return {
    up(node, _output, affine) {
      const before = up(node, affine);
      return before instanceof Skip ? before : oneWay({ value: node.inputs[0]!, affine: before });
    },
    down(node, _input, affine) {
      const after = down(node, affine);
      return after instanceof Skip ? after : oneWay({ value: node.output, affine: after });
    },
  };
}

/** Operators that rearrange or interpolate pixels. */
export const PIXEL_OPS: Readonly<Record<string, Junction>> = {
  Resize: resize,
  Upsample: resize,
  DepthToSpace: blocks(deepened, widened),
  SpaceToDepth: blocks(widened, deepened),
};
