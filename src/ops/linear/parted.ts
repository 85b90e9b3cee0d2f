import { changedAttributes } from "../../graph/attribute.ts";
import type { Dim, Value } from "../../graph/graph.ts";
import { valueTensor } from "../../tensor/tensor.ts";
import { BLOCK, whyNotBlocked } from "../blocked/blocked.ts";
import type { Builder } from "../builder.ts";
import { type EntryRange, partOf } from "../cut.ts";
import { Skip } from "../skip.ts";
import { isNumbers } from "./bias.ts";
import { Convolution } from "./convolution.ts";
import type { LinearMap } from "./linear_map.ts";
import { MatrixProduct } from "./matrix_product.ts";

/** A layer that can be done for some of its output channels alone. */
export interface PartedLayer {
  /** Why it is as fast to do all of them and cut the result, for these parts. */
  whyNotFaster(parts: readonly EntryRange[]): Skip | undefined;
  /** The layer for some channels. */
  emit(part: EntryRange, build: Builder): Value;
}

/** Channels of a part from which a layer of its own is as good as one for all: it reads its input once more. */
const LEAST_POINTWISE = 32, LEAST = 64;
/** Input channels for each channel of a part, at most: it is mostly reading, else. */
const MOST_READ = 4;
/** Positions from which the copies of a cut take longer than the call of another layer, which reads more of a wider kernel. */
const LEAST_POSITIONS_POINTWISE = 196, LEAST_POSITIONS = 1024;

/** (W·x + b)ₚ = Wₚ·x + bₚ for the rows p of W. Undefined for a layer that is not one node, a reason where it has groups. */
export function partedLayer(layer: LinearMap): PartedLayer | Skip | undefined {
  if (layer instanceof MatrixProduct) return partedProduct(layer);
  if (!(layer instanceof Convolution) || !layer.parts.form || layer.rank !== 4) return undefined;
  const { weight, form, bias, group, origin } = layer.parts;
  if (isNumbers(bias)) return undefined;
  const addend = layer.biasNumbers();
  if (group !== 1) {
    return new Skip("other-channels", `${layer.label} has groups: a part of its result takes a part of its input`);
  }
  if (addend instanceof Skip) return addend;
  return {
    whyNotFaster(parts) {
      const blocked = whyNotBlocked(layer), { isPointwise } = layer, least = isPointwise ? LEAST_POINTWISE : LEAST;
      const small = Math.min(...parts.map(({ length }) => length)),
        odd = parts.find(({ length }) => length % BLOCK !== 0);
      const [, , height, width] = form.output.shape ?? [], positions = Number(height ?? NaN) * Number(width ?? NaN);
      if (blocked) return blocked;
      if (positions < (isPointwise ? LEAST_POSITIONS_POINTWISE : LEAST_POSITIONS)) {
        return new Skip("not-cheaper", `the result of ${layer.label} has ${positions} positions: to cut it is no work`);
      }
      if (small < least || layer.input.channels > MOST_READ * small) {
        return new Skip("not-cheaper", `a part of ${layer.label} has ${small} channels: alone, it would be no faster`);
      }
      if (odd) {
        return new Skip("not-cheaper", `a part of ${layer.label} has ${odd.length} channels, which fill no blocks`);
      }
    },
    emit(part, build) {
      const { start, length } = part, kernel = build.initializer(origin.weight, partOf(weight, 0, part));
      const own = addend && valueTensor(weight.type, [length], addend.slice(start, start + length));
      return build.like(form, [layer.x, kernel, own && build.initializer(origin.bias, own)]);
    },
  };
}

/** Rows and columns of a part from which a product of its own, shared out among threads by itself, is as good (`bench:calibrate`). */
const LEAST_ROWS = 160, LEAST_COLUMNS = 128;

/** (x·W + b)ₚ = x·Wₚ + bₚ for the columns p of W. Undefined for what is no product of one node with one matrix on the right. */
function partedProduct(layer: MatrixProduct): PartedLayer | Skip | undefined {
  const { weight, form, side, bias, isTransposed, origin, stored, compact } = layer.parts, { channels } = layer.output;
  if (!form || side !== "right" || weight.dims.length !== 2 || isNumbers(bias)) return undefined;
  if (stored?.producer || compact) {
    return new Skip("file-growth", `the weight of ${layer.label} is stored in a smaller form, which has no parts`);
  }
  const addend = layer.biasNumbers();
  if (addend instanceof Skip) return addend;
  if (addend && addend.length !== channels) {
    return new Skip("not-per-channel", `the C of ${layer.label} is another vector for every row`);
  }
  return {
    whyNotFaster(parts) {
      const rows = rowsOf(form.output.shape), small = Math.min(...parts.map(({ length }) => length));
      if (rows < LEAST_ROWS) {
        return new Skip(
          "not-cheaper",
          `the result of ${layer.label} is known to have ${rows} rows: to cut it is no work`,
        );
      }
      if (small < LEAST_COLUMNS) {
        return new Skip("not-cheaper", `a part of ${layer.label} has ${small} columns: alone, it would be no faster`);
      }
    },
    emit(part, build) {
      const { start, length } = part, own = addend?.slice(start, start + length);
      const matrix = build.initializer(origin.weight, partOf(weight, isTransposed ? 0 : 1, part));
      const added = own && build.initializer(origin.bias, valueTensor(weight.type, [length], own));
      return build.like(form, [layer.x, matrix, added], changedAttributes(form, { beta: undefined }));
    },
  };
}

/** Rows of a result that there surely are: what is not known counts once. */
function rowsOf(shape: readonly Dim[] | undefined): number {
  return (shape ?? []).slice(0, -1).reduce<number>((rows, dim) => typeof dim === "number" ? rows * dim : rows, 1);
}
