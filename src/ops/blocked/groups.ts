import { summedKernels } from "../../tensor/kernels.ts";
import { Convolution } from "../linear/convolution.ts";
import { Skip } from "../skip.ts";
import { BLOCK, whyNotBlocked } from "./blocked.ts";

/** Most groups that become one: each makes the arithmetic as many times as much. */
const MOST_JOINED = 8;

/** A convolution in groups that fill no blocks, in larger ones with zeros that do; why there are none; undefined where it is none. */
export function inWholeBlocks(layer: Convolution): Convolution | Skip | undefined {
  const { weight, group } = layer.parts, [out, channels, ...kernel] = weight.dims;
  if (group === 1 || channels === 1 || kernel.length !== 2 || weight.type !== "float32" || !whyNotBlocked(layer)) {
    return undefined;
  }
  const fits = (joined: number) =>
    group % joined === 0 && channels * joined % BLOCK === 0 && out / group * joined % BLOCK === 0;
  const joined = Array.from({ length: MOST_JOINED - 1 }, (_, at) => at + 2).find(fits);
  if (joined === undefined) {
    return new Skip(
      "other-channels",
      `no ${MOST_JOINED} groups of ${channels} channels or fewer fill blocks in ${layer.label}`,
    );
  }
  if (layer.axes instanceof Skip) return layer.axes;
  const all = (value: number) => kernel.map(() => value), groups = group / joined;
  const placed = { weight, group, offset: all(0), step: all(1) };
  return new Convolution({
    ...layer.parts,
    weight: summedKernels([placed], [out, channels * joined, ...kernel], groups),
    stored: undefined,
    form: undefined,
    group: groups,
  });
}
