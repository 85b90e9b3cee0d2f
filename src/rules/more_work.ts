import type { LinearMap } from "../ops/linear/linear_map.ts";
import { Skip } from "../ops/skip.ts";

/** Why one layer in place of several would be more work, in multiply-accumulates or in weights; undefined where it is not. */
export function whyMoreWork({ parts: { work }, cost, nodes }: LinearMap): Skip | undefined {
  const named = () => nodes.map((node) => node.label).join(", ");
  if (cost.macs > work.macs) {
    return new Skip(
      "not-cheaper",
      `one layer for ${named()} would take ${
        grouped(cost.macs)
      } multiply-accumulates for each position of its result, ` +
        `apart they take ${grouped(work.macs)}`,
    );
  }
  if (cost.parameters > work.parameters) {
    return new Skip(
      "not-cheaper",
      `one layer for ${named()} would have ${grouped(cost.parameters)} weights, apart they have ${
        grouped(work.parameters)
      }`,
    );
  }
}

function grouped(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, " ");
}
