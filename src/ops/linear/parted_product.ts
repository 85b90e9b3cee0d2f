import type { Dim } from "../../graph/graph.ts";
import { valueTensor } from "../../tensor/tensor.ts";
import { partOf } from "../cut.ts";
import { Skip } from "../skip.ts";
import { isNumbers } from "./bias.ts";
import type { MatrixProduct } from "./matrix_product.ts";
import type { PartedLayer } from "./parted.ts";

/** Rows and columns of a part from which a product of its own, shared out among threads by itself, is as good (`bench:calibrate`). */
const LEAST_ROWS = 160, LEAST_COLUMNS = 128;

/** (x·W + b)ₚ = x·Wₚ + bₚ for the columns p of W. Undefined for what is no product of one node with one matrix on the right. */
export function partedProduct(layer: MatrixProduct): PartedLayer | Skip | undefined {
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
      const attributes = [...form.attributes.values()].filter(({ name }) => name !== "beta");
      return build.like(form, [layer.x, matrix, ...added ? [added] : []], attributes);
    },
  };
}

/** Rows of a result that there surely are: what is not known counts once. */
function rowsOf(shape: readonly Dim[] | undefined): number {
  return (shape ?? []).slice(0, -1).reduce<number>((rows, dim) => typeof dim === "number" ? rows * dim : rows, 1);
}
