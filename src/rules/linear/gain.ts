import { Skip } from "../../ops/skip.ts";
import type { LinearMap } from "./linear_map.ts";

/** Why one layer in place of several would be more work, in multiply-accumulates or in weights; undefined where it is not. */
export function whyDearer({ work, cost, nodes }: Pick<LinearMap, "work" | "cost" | "nodes">): Skip | undefined {
  const names = nodes.map((node) => node.label).join(", ");
  if (cost.macs > work.macs) {
    return new Skip(
      "not-cheaper",
      `one layer for ${names} would take ${number(cost.macs)} multiply-accumulates for each position of its result, ` +
        `apart they take ${number(work.macs)}`,
    );
  }
  if (cost.parameters > work.parameters) {
    return new Skip(
      "not-cheaper",
      `one layer for ${names} would have ${number(cost.parameters)} weights, apart they have ${
        number(work.parameters)
      }`,
    );
  }
}

function number(value: number): string {
  return Math.round(value).toLocaleString("en-US").replaceAll(",", " ");
}
