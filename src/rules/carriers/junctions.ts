import type { Node } from "../../graph/graph.ts";
import { Skip } from "../../ops/skip.ts";
import { type Carrier, carrierOf, MOVERS_AND_POOLS } from "../carrier.ts";
import { ACTIVATIONS } from "./activations.ts";
import { channelShuffle } from "./channel_shuffle.ts";
import { JOINS } from "./joins.ts";
import { type Junction, oneWay } from "./junction.ts";
import { PIXEL_OPS } from "./pixel_ops.ts";

const JUNCTIONS: Readonly<Record<string, Junction>> = { ...JOINS, ...ACTIVATIONS, ...PIXEL_OPS };

/** How a map gets past a node; undefined where it does not. */
export function junctionOf(node: Node): Junction | undefined {
  if (node.domain !== "" || node.hasReferences || node.subgraphs.length > 0) return undefined;
  if (Object.hasOwn(JUNCTIONS, node.opType)) return JUNCTIONS[node.opType];
  const carrier = carrierOf(node, MOVERS_AND_POOLS);
  return carrier && single(carrier, node.is("Reshape") ? channelShuffle : undefined);
}

/** An operator with one input and one output as a junction; `first` is tried before it. */
function single(carrier: Carrier, first: Junction | undefined): Junction {
  return {
    up(node, output, affine) {
      const other = first?.up(node, output, affine);
      if (other && !(other instanceof Skip)) return other;
      if (node.outputs[0] !== output || hasMore(node)) {
        return new Skip("unsupported-form", `${node.label} has a second output`);
      }
      const before = carrier.up(node, affine);
      return before instanceof Skip ? before : oneWay({ value: node.inputs[0]!, affine: before });
    },
    down(node, input, affine) {
      const other = first?.down(node, input, affine);
      if (other && !(other instanceof Skip)) return other;
      if (node.inputs[0] !== input || hasMore(node)) {
        return new Skip("not-linear", `${node.label} takes it as a parameter`);
      }
      const after = carrier.down(node, affine);
      return after instanceof Skip ? after : oneWay({ value: node.output, affine: after });
    },
  };
}

function hasMore(node: Node): boolean {
  return node.outputs.slice(1).some((value) => value && (value.users.size > 0 || value.isOutput));
}
