import type { Node } from "../../graph/graph.ts";
import type { AffineMap } from "../affine_map.ts";
import { Skip } from "../skip.ts";
import { type Carry, unary } from "./carry.ts";

/** The channel of [N, C·b², h, w] that becomes channel c at place k of [N, C, h·b, w·b]. */
function blockChannel(node: Node, channels: number, blocks: number): (c: number, k: number) => number {
  const isInner = node.opType === "SpaceToDepth" || node.text("mode", "DCR") === "DCR";
  return isInner ? (c, k) => k * channels + c : (c, k) => c * blocks + k;
}

/** More channels than this are a claim of the model's. */
const MOST_CHANNELS = 1 << 20;

function claimed(node: Node): Skip {
  return new Skip("other-geometry", `the blocks of ${node.label} do not fit its channels`);
}

/** A map along channels by `f`; one along no axis as it is. */
function alongChannels(f: (node: Node, affine: AffineMap) => AffineMap | Skip): typeof f {
  return (node, affine) =>
    affine.axis === null
      ? affine
      : affine.axis === 1
      ? f(node, affine)
      : new Skip("other-axis", `it goes along axis ${affine.axis}, which ${node.label} rearranges`);
}

/** The map of the deep side from that of the wide one: every block gets its channel's. */
function deepened(node: Node, affine: AffineMap): AffineMap | Skip {
  const channels = affine.scale.length, blocks = node.number("blocksize", 1) ** 2;
  if (!(channels * blocks <= MOST_CHANNELS)) return claimed(node);
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
  const blocks = node.number("blocksize", 1) ** 2, channels = affine.scale.length / blocks;
  if (!Number.isInteger(channels)) return claimed(node);
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

/** DepthToSpace: channels become places in blocks. */
export const depthToSpaceCarry: Carry = unary("movement", alongChannels(deepened), alongChannels(widened));

/** SpaceToDepth: places in blocks become channels. */
export const spaceToDepthCarry: Carry = unary("movement", alongChannels(widened), alongChannels(deepened));
