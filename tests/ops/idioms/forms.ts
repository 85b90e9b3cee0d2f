/**
 * Written-out forms of operators as exporters leave them, each between two matrix products (or convolutions), and the operator
 * that ONNX Runtime is expected to run for it.
 */
import {
  random,
  randomIn,
  tensor,
  type TestAttribute,
  type TestModel,
  type TestNode,
  type TestTensor,
} from "../../onnx_model.ts";

/** Makes nodes one after the other; a value is its name. */
export class Draft {
  readonly nodes: TestNode[] = [];
  readonly initializers: Record<string, TestTensor> = {};
  #next = 0;

  /** A node with one output. */
  op(op: string, inputs: string[], attributes?: Record<string, TestAttribute>): string {
    const output = `${op.toLowerCase()}_${this.#next++}`;
    this.nodes.push({ op, inputs, outputs: [output], attributes });
    return output;
  }

  /** A number. */
  number(value: number, type = 1): string {
    return this.constant(tensor([], [value], type));
  }

  /** A constant. */
  constant(value: TestTensor): string {
    const name = `constant_${this.#next++}`;
    this.initializers[name] = value;
    return name;
  }

  /** A mean over the last axis, or others, as the opset writes it. */
  mean(x: string, opset: number, axes = [-1]): string {
    return opset < 18
      ? this.op("ReduceMean", [x], { axes })
      : this.op("ReduceMean", [x, this.constant({ dims: [axes.length], values: axes, type: 7 })]);
  }
}

/** One form. */
export interface Form {
  /** What it is. */
  readonly name: string;
  /** The operator that ONNX Runtime runs for all of it at level `all`, without its domain; undefined where it runs the parts. */
  readonly runtime?: string;
  /** Opsets it is tried at, 13 alone where absent. */
  readonly opsets?: readonly number[];
  /** Its nodes on x (and on y, of the same shape); the result. */
  readonly write: (d: Draft, x: string, opset: number, y: string) => string;
  /** Whether x is an image [1, 8, 6, 6] between convolutions, not [2, 4, 8] between matrix products. */
  readonly isImage?: boolean;
}

const C = 8, EPSILON = 1e-5;
const gamma = (d: Draft) => d.constant(randomIn(0.5, 1.5, [C], 3)), beta = (d: Draft) => d.constant(random([C], 4));

function erf(d: Draft, x: string, isProduct = false): string {
  const scaled = isProduct ? d.op("Mul", [x, d.number(Math.SQRT1_2)]) : d.op("Div", [x, d.number(Math.SQRT2)]);
  return d.op("Add", [d.op("Erf", [scaled]), d.number(1)]);
}

function tanh(d: Draft, x: string, cube: (x: string) => string): string {
  const inner = d.op("Add", [x, d.op("Mul", [d.number(0.044715), cube(x)])]);
  return d.op("Add", [d.op("Tanh", [d.op("Mul", [inner, d.number(Math.sqrt(2 / Math.PI))])]), d.number(1)]);
}

interface NormOptions {
  square?: "Pow" | "Mul";
  scale?: boolean;
  shift?: boolean;
  cast?: boolean;
  twice?: boolean;
  reciprocal?: boolean | "Div";
}

function layerNorm(d: Draft, x: string, opset: number, options: NormOptions = {}): string {
  const { square = "Pow", scale = true, shift = true, cast, twice, reciprocal } = options;
  const mean = d.mean(x, opset), centred = d.op("Sub", [x, mean]);
  const again = twice ? d.op("Sub", [x, mean]) : centred;
  const from = cast ? d.op("Cast", [again], { to: 1 }) : again;
  const squared = square === "Pow" ? d.op("Pow", [from, d.number(2)]) : d.op("Mul", [from, from]);
  const deviation = d.op("Sqrt", [d.op("Add", [d.mean(squared, opset), d.number(EPSILON)])]);
  const normalised = reciprocal
    ? d.op("Mul", [centred, d.op("Reciprocal", [deviation])])
    : d.op("Div", [centred, deviation]);
  const scaled = scale ? d.op("Mul", [normalised, gamma(d)]) : normalised;
  return shift ? d.op("Add", [scaled, beta(d)]) : scaled;
}

/** How TensorFlow's layer norm is written. */
interface ExpandedOptions {
  /** x·r + (−μ·r + β), or without β, as Keras writes it, in place of x·r + (β − μ·r). */
  negative?: "shift" | "no shift";
  /** Means as pools. */
  pool?: boolean;
}

/** x·r + (β − μ·r) with r = γ/√(σ² + ε). */
function expandedLayerNorm(d: Draft, x: string, opset: number, { negative, pool }: ExpandedOptions = {}): string {
  const meanOf = (of: string) => pool ? d.op("GlobalAveragePool", [of]) : d.mean(of, opset);
  const mean = meanOf(x), centred = d.op("Sub", [x, mean]);
  const variance = meanOf(d.op("Mul", [centred, centred]));
  const deviation = d.op("Sqrt", [d.op("Add", [variance, d.number(EPSILON)])]);
  const factor = d.op("Mul", [d.op("Reciprocal", [deviation]), gamma(d)]);
  const scaled = d.op("Mul", [x, factor]);
  if (!negative) return d.op("Add", [scaled, d.op("Sub", [beta(d), d.op("Mul", [mean, factor])])]);
  const moved = d.op("Mul", [d.op("Neg", [mean]), factor]);
  return d.op("Add", [scaled, negative === "shift" ? d.op("Add", [moved, beta(d)]) : moved]);
}

function rmsNorm(d: Draft, x: string, opset: number, options: NormOptions = {}): string {
  const { square = "Pow", scale = true, reciprocal } = options;
  const squared = square === "Pow" ? d.op("Pow", [x, d.number(2)]) : d.op("Mul", [x, x]);
  const deviation = d.op("Sqrt", [d.op("Add", [d.mean(squared, opset), d.number(EPSILON)])]);
  const inverse = (of: string) => reciprocal === "Div" ? d.op("Div", [d.number(1), of]) : d.op("Reciprocal", [of]);
  const normalised = reciprocal ? d.op("Mul", [x, inverse(deviation)]) : d.op("Div", [x, deviation]);
  return scale ? d.op("Mul", [gamma(d), normalised]) : normalised;
}

function clipped(d: Draft, x: string): string {
  return d.op("Clip", [d.op("Add", [x, d.number(3)]), d.number(0), d.number(6)]);
}

/** Every form. */
export const FORMS: readonly Form[] = [
  {
    name: "GELU by Erf, x·(1 + erf(x/√2))·½",
    runtime: "Gelu",
    opsets: [13, 20],
    write: (d, x) => d.op("Mul", [d.op("Mul", [x, erf(d, x)]), d.number(0.5)]),
  },
  {
    name: "GELU by Erf, ½·(x·(1 + erf))",
    runtime: "Gelu",
    opsets: [13, 20],
    write: (d, x) => d.op("Mul", [d.number(0.5), d.op("Mul", [erf(d, x), x])]),
  },
  {
    name: "GELU by Erf, x·½·(1 + erf(x/√2))",
    runtime: "Gelu",
    opsets: [13, 20],
    write: (d, x) => d.op("Mul", [d.op("Mul", [x, d.number(0.5)]), erf(d, x)]),
  },
  {
    name: "GELU by Erf, x·(½·(1 + erf(x/√2)))",
    runtime: "Gelu",
    opsets: [13, 20],
    write: (d, x) => d.op("Mul", [x, d.op("Mul", [d.number(0.5), erf(d, x)])]),
  },
  {
    name: "GELU by Erf, erf(x·√½), x·(1 + erf)·½",
    runtime: "Gelu",
    opsets: [13, 20],
    write: (d, x) => d.op("Mul", [d.op("Mul", [x, erf(d, x, true)]), d.number(0.5)]),
  },
  {
    name: "GELU by Erf, erf(x·√½), x·½·(1 + erf)",
    runtime: "Gelu",
    opsets: [13, 20],
    write: (d, x) => d.op("Mul", [d.op("Mul", [x, d.number(0.5)]), erf(d, x, true)]),
  },
  {
    name: "GELU by Erf, x·(1 + erf)/2",
    runtime: "Gelu",
    opsets: [13, 20],
    write: (d, x) => d.op("Div", [d.op("Mul", [x, erf(d, x)]), d.number(2)]),
  },
  {
    name: "GELU by Tanh, Pow",
    runtime: "Gelu",
    opsets: [13, 20],
    write: (d, x) => d.op("Mul", [d.op("Mul", [x, d.number(0.5)]), tanh(d, x, (x) => d.op("Pow", [x, d.number(3)]))]),
  },
  {
    name: "GELU by Tanh, Pow, ½ last",
    runtime: "Gelu",
    opsets: [13, 20],
    write: (d, x) => d.op("Mul", [d.op("Mul", [x, tanh(d, x, (x) => d.op("Pow", [x, d.number(3)]))]), d.number(0.5)]),
  },
  {
    name: "GELU by Tanh, x·x·x",
    runtime: "Gelu",
    opsets: [13, 20],
    write: (d, x) =>
      d.op("Mul", [d.op("Mul", [d.number(0.5), x]), tanh(d, x, (x) => d.op("Mul", [x, d.op("Mul", [x, x])]))]),
  },
  {
    name: "GELU by Sigmoid",
    runtime: "QuickGelu",
    write: (d, x) => d.op("Mul", [x, d.op("Sigmoid", [d.op("Mul", [x, d.number(1.702)])])]),
  },
  { name: "SiLU", runtime: "QuickGelu", write: (d, x) => d.op("Mul", [x, d.op("Sigmoid", [x])]) },
  { name: "SiLU, Sigmoid first", runtime: "QuickGelu", write: (d, x) => d.op("Mul", [d.op("Sigmoid", [x]), x]) },
  { name: "SiLU, image", runtime: "QuickGelu", isImage: true, write: (d, x) => d.op("Mul", [x, d.op("Sigmoid", [x])]) },
  {
    name: "bias and GELU by Erf",
    runtime: "Gelu",
    opsets: [13, 20],
    write: (d, x) => {
      const b = d.op("Add", [x, beta(d)]);
      return d.op("Mul", [d.op("Mul", [b, erf(d, b)]), d.number(0.5)]);
    },
  },
  {
    name: "layer norm",
    runtime: "LayerNormalization",
    opsets: [13, 16, 17, 18],
    write: (d, x, o) => layerNorm(d, x, o),
  },
  {
    name: "layer norm, Mul as square",
    runtime: "LayerNormalization",
    write: (d, x, o) => layerNorm(d, x, o, { square: "Mul" }),
  },
  {
    name: "layer norm, Sub twice",
    runtime: "LayerNormalization",
    write: (d, x, o) => layerNorm(d, x, o, { twice: true }),
  },
  { name: "layer norm, Cast", runtime: "LayerNormalization", write: (d, x, o) => layerNorm(d, x, o, { cast: true }) },
  {
    name: "layer norm, Reciprocal",
    runtime: "LayerNormalization",
    write: (d, x, o) => layerNorm(d, x, o, { reciprocal: true }),
  },
  {
    name: "layer norm as TensorFlow's",
    runtime: "LayerNormalization",
    opsets: [13, 17],
    write: (d, x, o) => expandedLayerNorm(d, x, o),
  },
  ...(["shift", "no shift"] as const).flatMap((negative) =>
    [false, true].map((pool): Form => ({
      name: `layer norm as Keras', ${negative}${pool ? ", pools" : ""}`,
      runtime: "LayerNormalization",
      opsets: [13, 17, 18],
      write: (d, x, o) => expandedLayerNorm(d, x, o, { negative, pool }),
    }))
  ),
  {
    name: "layer norm without shift",
    runtime: "LayerNormalization",
    write: (d, x, o) => layerNorm(d, x, o, { shift: false }),
  },
  {
    name: "layer norm without scale",
    runtime: "LayerNormalization",
    write: (d, x, o) => layerNorm(d, x, o, { scale: false }),
  },
  {
    name: "layer norm without scale and shift",
    runtime: "LayerNormalization",
    write: (d, x, o) => layerNorm(d, x, o, { scale: false, shift: false }),
  },
  { name: "RMS norm", runtime: "Normalization", opsets: [13, 17, 18], write: (d, x, o) => rmsNorm(d, x, o) },
  {
    name: "RMS norm, Mul as square",
    runtime: "Normalization",
    write: (d, x, o) => rmsNorm(d, x, o, { square: "Mul" }),
  },
  {
    name: "RMS norm, Reciprocal",
    runtime: "Normalization",
    write: (d, x, o) => rmsNorm(d, x, o, { reciprocal: true }),
  },
  { name: "RMS norm, 1/", runtime: "Normalization", write: (d, x, o) => rmsNorm(d, x, o, { reciprocal: "Div" }) },
  { name: "RMS norm without scale", runtime: "Normalization", write: (d, x, o) => rmsNorm(d, x, o, { scale: false }) },
  {
    name: "sum and layer norm",
    runtime: "SkipLayerNormalization",
    write: (d, x, o, y) => layerNorm(d, d.op("Add", [x, y]), o),
  },
  {
    name: "sum and LayerNormalization",
    runtime: "SkipLayerNormalization",
    opsets: [17],
    write: (d, x, _o, y) => d.op("LayerNormalization", [d.op("Add", [x, y]), gamma(d), beta(d)], { axis: -1 }),
  },
  { name: "sum and RMS norm", runtime: "Normalization", write: (d, x, o, y) => rmsNorm(d, d.op("Add", [x, y]), o) },
  {
    name: "matrix product with a scale",
    runtime: "FusedMatMul",
    write: (d, x, _o, y) =>
      d.op("Mul", [d.op("MatMul", [x, d.op("Transpose", [y], { perm: [0, 2, 1] })]), d.number(0.35)]),
  },
  {
    name: "matrix product divided",
    runtime: "FusedMatMul",
    write: (d, x, _o, y) =>
      d.op("Div", [d.op("MatMul", [x, d.op("Transpose", [y], { perm: [0, 2, 1] })]), d.number(3)]),
  },
  {
    name: "matrix product of a scaled value",
    runtime: "FusedMatMul",
    write: (d, x, _o, y) =>
      d.op("MatMul", [d.op("Mul", [x, d.number(0.35)]), d.op("Transpose", [y], { perm: [0, 2, 1] })]),
  },
  { name: "softmax with a scale", write: (d, x) => d.op("Softmax", [d.op("Mul", [x, d.number(0.5)])], { axis: -1 }) },
  {
    name: "hard swish, ·/6",
    isImage: true,
    write: (d, x) => d.op("Div", [d.op("Mul", [x, clipped(d, x)]), d.number(6)]),
  },
  {
    name: "hard swish, ·(/6)",
    isImage: true,
    write: (d, x) => d.op("Mul", [x, d.op("Div", [clipped(d, x), d.number(6)])]),
  },
  { name: "hard sigmoid by Clip", isImage: true, write: (d, x) => d.op("Div", [clipped(d, x), d.number(6)]) },
  { name: "HardSwish", opsets: [14], isImage: true, write: (d, x) => d.op("HardSwish", [x]) },
  {
    name: "x·HardSigmoid",
    isImage: true,
    write: (d, x) => d.op("Mul", [x, d.op("HardSigmoid", [x], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } })]),
  },
  {
    name: "HardSigmoid",
    isImage: true,
    write: (d, x) => d.op("HardSigmoid", [x], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } }),
  },
  { name: "Relu", isImage: true, write: (d, x) => d.op("Relu", [x]) },
  { name: "Clip", isImage: true, write: (d, x) => d.op("Clip", [x, d.number(0), d.number(6)]) },
  { name: "sum and Relu", isImage: true, write: (d, x, _o, y) => d.op("Relu", [d.op("Add", [x, y])]) },
  {
    name: "group norm",
    runtime: "InstanceNormalization",
    opsets: [21, 23],
    isImage: true,
    write: (d, x) => d.op("GroupNormalization", [x, gamma(d), beta(d)], { num_groups: 4, epsilon: { float: EPSILON } }),
  },
  {
    name: "group norm by InstanceNormalization",
    isImage: true,
    write: (d, x) => {
      const grouped = d.op("Reshape", [x, d.constant({ dims: [3], values: [0, 4, -1], type: 7 })]);
      const n = d.op("InstanceNormalization", [
        grouped,
        d.constant(tensor([4], [1, 1, 1, 1])),
        d.constant(tensor([4], [0, 0, 0, 0])),
      ], { epsilon: { float: EPSILON } });
      const back = d.op("Reshape", [n, d.op("Shape", [x])]);
      return d.op("Add", [
        d.op("Mul", [back, d.constant(randomIn(0.5, 1.5, [8, 1, 1], 3))]),
        d.constant(random([8, 1, 1], 4)),
      ]);
    },
  },
];

/** The model of a form: a layer, the form, a layer. */
export function modelOf(form: Form, opset: number): TestModel {
  const d = new Draft();
  const shape = form.isImage ? [1, 8, 6, 6] : [2, 4, 8];
  const weight = (seed: number, columns = 8) => d.constant(random(form.isImage ? [8, 8, 1, 1] : [8, columns], seed));
  const layer = (x: string, w: string) => d.op(form.isImage ? "Conv" : "MatMul", [x, w]);
  const x = layer("x", weight(1));
  const y = form.write.length > 3 ? d.op("Relu", [layer("x", weight(2))]) : "";
  const result = form.write(d, x, opset, y);
  const isSquare = form.name.startsWith("matrix product");
  const out = isSquare ? d.op("MatMul", [result, d.constant(random([4, 8], 5))]) : layer(result, weight(5));
  return { opset, nodes: d.nodes, initializers: d.initializers, inputs: { x: shape }, outputs: { [out]: null } };
}
