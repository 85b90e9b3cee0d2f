import { floatAttribute } from "../../graph/attribute.ts";
import type { Node, Value } from "../../graph/graph.ts";
import { isFloat } from "../../tensor/element_type.ts";
import type { Builder } from "../builder.ts";
import { clipBounds } from "../clip_bounds.ts";
import { Skip } from "../skip.ts";
import { affineOf } from "../views.ts";

/** How far from 0 and 1 the range may be: the constants are float32. */
const TOLERANCE = 1e-6;

/** y = scale·x + shift with two numbers. */
interface Line {
  readonly scale: number;
  readonly shift: number;
}

/** A clip of an affine map, and an affine map of the clip, whose range is [0, 1]. */
export interface HardSigmoid {
  /** The nodes it is made of, the one that gives the result first. */
  readonly nodes: readonly Node[];
  /** The value whose place it takes. */
  readonly result: Value;
  /** What it is applied to. */
  readonly x: Value;
  /** The scale in max(0, min(1, alpha·x + beta)). */
  readonly alpha: number;
  /** The shift in max(0, min(1, alpha·x + beta)). */
  readonly beta: number;
  /** The other factor of a product whose scale was part of the range: the result is the product. */
  readonly factor?: Value;
}

/** Operators at which a HardSigmoid may be found. */
export const HARD_SIGMOID_ROOTS: readonly string[] = ["Clip", "HardSigmoid"];

/**
 * clip(a·x + b, l, h)·c + d with range [0, 1] is HardSigmoid(x; a·c, b·c + d). Where the scale stands behind a product,
 * y·clip(…)·c, it is taken before it. Undefined where a node is neither that, nor a HardSigmoid.
 */
export function hardSigmoidAt(root: Node): HardSigmoid | undefined {
  // ONNX Runtime has neither operator for float64
  if (root.hasReferences || !root.output.type || !isFloat(root.output.type) || root.output.type === "float64") {
    return undefined;
  }
  if (root.is("HardSigmoid")) {
    const own = { nodes: [root], result: root.output, line: { scale: 1, shift: 0 } };
    const alpha = root.number("alpha", Math.fround(0.2)), beta = root.number("beta", 0.5);
    return swishOf({ ...own, x: root.inputs[0]!, alpha, beta });
  }
  const bounds = root.is("Clip") ? clipBounds(root) : undefined;
  if (!bounds) return undefined;
  const before = linesBefore(root.inputs[0]!), [low, high] = bounds;
  for (const end of endsBehind(root.output)) {
    const { line: { scale, shift } } = end, range = [scale * low + shift, scale * high + shift];
    const isUnit = Math.abs(Math.min(...range)) <= TOLERANCE && Math.abs(Math.max(...range) - 1) <= TOLERANCE;
    if (!isUnit || before.nodes.length + end.nodes.length === 0) continue;
    const found = {
      nodes: [...end.nodes, root, ...before.nodes],
      result: end.result,
      x: before.x,
      alpha: before.line.scale * scale,
      beta: before.line.shift * scale + shift,
      factor: end.factor,
    };
    return end.factor ? found : swishOf(found) ?? found;
  }
}

/** A HardSigmoid with the product that makes it a HardSwish; undefined where it is none. */
function swishOf(gate: HardSigmoid): HardSigmoid | undefined {
  const user = gate.result.soleUser;
  const factor = user?.is("Mul") ? user.inputs.find((value) => value !== gate.result) : undefined;
  const swish = { ...gate, nodes: [user!, ...gate.nodes], result: user?.output ?? gate.result, factor };
  return factor === gate.x && isHardSwish(swish) ? swish : undefined;
}

/** x·HardSigmoid(x; 1/6, 1/2), at an opset that has HardSwish. */
function isHardSwish({ nodes: [{ opset }], x, alpha, beta, factor }: HardSigmoid): boolean {
  return opset >= 14 && factor === x && Math.abs(alpha - 1 / 6) <= TOLERANCE && Math.abs(beta - 0.5) <= TOLERANCE;
}

/** HardSwish where that is what was found and the opset has it, else HardSigmoid, with a Mul where it is a factor. */
export function writeHardSigmoid(found: HardSigmoid, build: Builder): Value {
  const { nodes: [{ name }], result, x, alpha, beta, factor } = found, names = { name, output: result.name };
  if (isHardSwish(found)) return build.node("HardSwish", [x], names);
  const gate = build.node("HardSigmoid", [x], {
    ...(factor ? { name: name && `${name}/HardSigmoid` } : names),
    attributes: [floatAttribute("alpha", alpha), floatAttribute("beta", beta)],
  });
  return factor ? build.node("Mul", [factor, gate], names) : gate;
}

interface End {
  readonly nodes: readonly Node[];
  readonly result: Value;
  readonly line: Line;
  readonly factor?: Value;
}

/** Everything that the affine maps behind a value may end with: each of them, and each scale of a product with another value. */
function* endsBehind(value: Value): Generator<End> {
  for (const end of linesBehind(value)) {
    yield end;
    const user = end.result.soleUser;
    if (!user?.is("Mul") || user.opset < 7 || user.inputs.length !== 2 || end.line.shift !== 0) continue;
    const factor = user.inputs.find((value) => value !== end.result);
    if (!factor || factor.type !== end.result.type || lineOf(user, end.result)) continue;
    for (const { nodes, result, line: { scale, shift } } of linesBehind(user.output)) {
      if (nodes.length === 0 || shift !== 0) continue;
      const line = { scale: end.line.scale * scale, shift: 0 };
      yield { nodes: [...nodes, user, ...end.nodes], result, line, factor };
    }
  }
}

function linesBefore(value: Value): { nodes: Node[]; x: Value; line: Line } {
  const nodes: Node[] = [];
  let x = value, line: Line = { scale: 1, shift: 0 };
  while (x.producer && x.soleUser) {
    const own = lineOf(x.producer, undefined);
    if (!own) break;
    nodes.push(x.producer);
    line = { scale: own.line.scale * line.scale, shift: own.line.shift * line.scale + line.shift };
    x = own.x;
  }
  return { nodes, x, line };
}

/** The value itself, and the result of every further affine map behind it. */
function* linesBehind(value: Value): Generator<End> {
  let end: End = { nodes: [], result: value, line: { scale: 1, shift: 0 } };
  yield end;
  for (let user = value.soleUser; user; user = end.result.soleUser) {
    const own = lineOf(user, end.result);
    if (!own) return;
    const { scale, shift } = own.line;
    const line = { scale: end.line.scale * scale, shift: end.line.shift * scale + shift };
    end = { nodes: [user, ...end.nodes], result: user.output, line };
    yield end;
  }
}

/** A node as an affine map with one scale and one shift. */
function lineOf(node: Node, x: Value | undefined): { x: Value; line: Line } | undefined {
  const affine = affineOf(node);
  if (!affine || affine instanceof Skip || x && affine.x !== x || affine.x.type !== node.output.type) return undefined;
  const [scale] = affine.scale, [shift] = affine.shift;
  return affine.axis === null ? { x: affine.x, line: { scale, shift } } : undefined;
}
