import { newAttribute } from "../../graph/attribute.ts";
import type { Value } from "../../graph/graph.ts";
import { foldedKernel } from "../../tensor/kernels.ts";
import { sizeOf } from "../../tensor/tensor.ts";
import type { Builder } from "../builder.ts";
import { Skip } from "../skip.ts";
import { extent } from "./axis_window.ts";
import { Convolution } from "./convolution.ts";
import type { LinearMap } from "./linear_map.ts";

/** A layer on repeated cells as several layers on the cells themselves. */
export interface Phases {
  /** Multiply-accumulates that it saves for one element of the result, on the average. */
  readonly saved: number;
  /** The result of the layer, from the cells before they were repeated. */
  emit(x: Value, build: Builder): Value;
}

/** One phase along one axis: where its kernel begins, how long it is, where each tap of the whole comes to, and its pads. */
interface AxisPhase {
  readonly size: number;
  readonly places: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Cell s·i + p of a convolution at stride 1 of what was repeated s times is a convolution of the cells themselves: tap t sees
 * cell i + ⌊(p − begin + dilation·t) / s⌋, so taps that see the same cell are one. Outside is outside for both, so padded zeros
 * stay where they were. For each phase p a convolution with pads of its own; their results side by side, put into blocks.
 *
 * @returns Why not, or undefined where it is no such layer.
 */
export function phasesOf(layer: LinearMap, repeat: number): Phases | Skip | undefined {
  if (!(layer instanceof Convolution) || layer.rank !== 4) return undefined;
  const { axes } = layer;
  if (axes instanceof Skip) return axes;
  if (axes.some(({ stride }) => stride !== 1)) return new Skip("other-geometry", `${layer.label} has a stride`);
  const phases = axes.map((axis) => {
    const change = axis.begin + axis.end - extent(axis);
    if (change % repeat !== 0) return undefined;
    return Array.from({ length: repeat }, (_, phase): AxisPhase => {
      const cells = Array.from(
        { length: axis.size },
        (_, tap) => Math.floor((phase - axis.begin + axis.dilation * tap) / repeat),
      );
      const first = cells[0], last = cells[cells.length - 1];
      return {
        size: last - first + 1,
        places: cells.map((cell) => cell - first),
        begin: -first,
        end: last + change / repeat,
      };
    });
  });
  const [rows, columns] = phases;
  if (!rows || !columns || [...rows, ...columns].some(({ begin, end }) => begin < 0 || end < 0)) {
    return new Skip(
      "other-geometry",
      `the result of ${layer.label} is no whole number of blocks of ${repeat}×${repeat}`,
    );
  }
  const { weight, group, origin: { node, weight: name } } = layer.parts, perGroup = weight.dims[1];
  const mean = (axis: readonly AxisPhase[]) => axis.reduce((sum, { size }) => sum + size, 0) / repeat;
  return {
    saved: perGroup * (sizeOf(weight.dims.slice(2)) - mean(rows) * mean(columns)),
    emit(x, build) {
      const added = layer.parts.bias ? node.inputs[2] : undefined;
      const parts = rows.flatMap((row) =>
        columns.map((column) => {
          const kernel = [row.size, column.size];
          const folded = build.initializer(name, foldedKernel(weight, kernel, [row.places, column.places]));
          return build.node("Conv", [x, folded, added], {
            name: node.name,
            attributes: [
              newAttribute("group", group),
              newAttribute("kernel_shape", kernel),
              newAttribute("pads", [row.begin, column.begin, row.end, column.end]),
            ],
          });
        })
      );
      const joined = build.node("Concat", parts, { name: node.name, attributes: [newAttribute("axis", 1)] });
      return build.node("DepthToSpace", [joined], {
        name: node.name,
        output: node.output.name,
        attributes: [newAttribute("blocksize", repeat)],
      });
    },
  };
}
