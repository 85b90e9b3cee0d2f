import type { Node, Shape, Value } from "../../graph/graph.ts";
import { Skip } from "../../ops/skip.ts";
import { type AffineMap, hasScale, hasShift } from "../../ops/affine_map.ts";
import { type Junction, oneWay, type Passage, type Side } from "./junction.ts";

/** Entries `start` to `start + length` of a map; one pair for all stays so. */
function part({ axis, scale, shift }: AffineMap, start: number, length: number): AffineMap {
  return { axis, scale: scale.slice(start, start + length), shift: shift.slice(start, start + length) };
}

/** A map of a part of an axis as one of the whole axis, nothing done elsewhere. */
function placed({ scale, shift }: AffineMap, axis: number, start: number, length: number, whole: number): AffineMap {
  const of = (values: Float64Array, otherwise: number) =>
    Float64Array.from({ length: whole }, (_, index) => {
      const at = index - start;
      return at < 0 || at >= length ? otherwise : values[values.length === 1 ? 0 : at];
    });
  return { axis, scale: of(scale, 1), shift: of(shift, 0) };
}

/** Where each part begins along an axis, and the length of the whole; undefined where sizes are not known. */
function offsets(parts: readonly (Value | undefined)[], axis: number): { starts: number[]; whole: number } | undefined {
  const starts: number[] = [];
  let whole = 0;
  for (const value of parts) {
    const length = value?.shape?.[axis];
    if (typeof length !== "number") return undefined;
    starts.push(whole);
    whole += length;
  }
  return { starts, whole };
}

function axisOf(node: Node, otherwise: number): number | undefined {
  const rank = (node.inputs[0] ?? node.outputs[0])?.shape?.length, axis = node.number("axis", otherwise);
  return axis >= 0 ? axis : rank === undefined ? undefined : axis + rank;
}

const unknown = (node: Node) => new Skip("unknown-shape", `the sizes of the parts of ${node.label} are not known`);

/** Concat: along its axis every input takes its own part of the map, along another one all take the same. */
const concat: Junction = {
  up(node, _output, affine) {
    const axis = axisOf(node, 1), inputs = node.inputs as readonly Value[];
    if (affine.axis === null || axis !== undefined && affine.axis !== axis) {
      return oneWay(...inputs.map((value) => ({ value, affine })));
    }
    const known = axis === undefined ? undefined : offsets(inputs, axis);
    if (!known || known.whole !== affine.scale.length) return unknown(node);
    return oneWay(...inputs.map((value, index) => ({
      value,
      affine: part(affine, known.starts[index], value.shape![axis!] as number),
    })));
  },
  down(node, input, affine) {
    const axis = axisOf(node, 1), index = node.inputs.indexOf(input);
    if (affine.axis !== null && affine.axis !== axis) {
      return new Skip(
        "other-axis",
        `it goes along axis ${affine.axis}, and ${node.label} joins others along axis ${axis ?? "unknown"}`,
      );
    }
    const known = axis === undefined ? undefined : offsets(node.inputs, axis);
    if (!known) return unknown(node);
    const length = input.shape![axis!] as number;
    return oneWay({ value: node.output, affine: placed(affine, axis!, known.starts[index], length, known.whole) });
  },
};

/** Split: the other way round. */
const split: Junction = {
  up(node, output, affine) {
    const axis = axisOf(node, 0), index = node.outputs.indexOf(output);
    if (affine.axis !== null && affine.axis !== axis) {
      return new Skip(
        "other-axis",
        `it goes along axis ${affine.axis}, and ${node.label} has other parts along axis ${axis ?? "unknown"}`,
      );
    }
    const known = axis === undefined ? undefined : offsets(node.outputs, axis);
    if (!known) return unknown(node);
    const length = output.shape![axis!] as number;
    return oneWay({ value: node.inputs[0]!, affine: placed(affine, axis!, known.starts[index], length, known.whole) });
  },
  down(node, _input, affine) {
    const axis = axisOf(node, 0), outputs = node.outputs.filter((value) => value !== undefined);
    if (affine.axis === null || axis !== undefined && affine.axis !== axis) {
      return oneWay(...outputs.map((value) => ({ value, affine })));
    }
    const known = axis === undefined || outputs.length < node.outputs.length ? undefined : offsets(outputs, axis);
    if (!known || known.whole !== affine.scale.length) return unknown(node);
    return oneWay(...outputs.map((value, index) => ({
      value,
      affine: part(affine, known.starts[index], value.shape![axis!] as number),
    })));
  },
};

/** The axis of an operand that is axis `axis` of the broadcast result, if the operand is as long there. */
function operandAxis(shape: Shape | undefined, result: Shape | undefined, { axis, scale }: AffineMap) {
  if (axis === null) return null;
  if (!shape || !result) return undefined;
  const own = axis - (result.length - shape.length);
  return own >= 0 && shape[own] === scale.length ? own : undefined;
}

/** Add and Sub of two computed values: s·(x ± y) + t = (s·x + t) ± s·y. Both must take the scale, either the shift. */
function sum(sign: 1 | -1): Junction {
  return {
    up(node, output, affine) {
      const sides = node.inputs.map((value): Side | undefined => {
        const axis = operandAxis(value?.shape, output.shape, affine);
        return value && axis !== undefined ? { value, affine: { ...affine, axis } } : undefined;
      });
      const [a, b] = sides;
      if (!a || !b || node.opset < 7) {
        return new Skip("not-per-channel", `an operand of ${node.label} may be enlarged along that axis`);
      }
      const only = (side: Side): Side => ({
        ...side,
        affine: { ...side.affine, shift: new Float64Array(side.affine.shift.length) },
      });
      if (!hasShift(affine)) return oneWay(a, b);
      const second = { ...b, affine: { ...b.affine, shift: b.affine.shift.map((value) => sign * value) } };
      return { ways: [[a, only(b)], [only(a), second]] };
    },
    down(node, input, affine): Passage | Skip {
      const result = node.output.shape, shape = input.shape;
      if (hasScale(affine)) {
        return new Skip("unequal-channels", `the other operand of ${node.label} would need the same scale`);
      }
      if (affine.axis !== null && (!result || !shape) || node.opset < 7) {
        return new Skip("unknown-shape", `the shapes of ${node.label} are not known`);
      }
      const axis = affine.axis === null ? null : affine.axis + result!.length - shape!.length;
      const factor = sign < 0 && node.inputs[1] === input ? -1 : 1;
      return oneWay({
        value: node.output,
        affine: { ...affine, axis, shift: affine.shift.map((value) => factor * value) },
      });
    },
  };
}

/** Operators with several inputs or outputs that a map gets past. */
export const JOINS: Readonly<Record<string, Junction>> = { Concat: concat, Split: split, Add: sum(1), Sub: sum(-1) };
