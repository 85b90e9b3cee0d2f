import { constantOf } from "../../ops/constant.ts";
import { newAttribute } from "../../graph/attribute.ts";
import type { Node, Value } from "../../graph/graph.ts";
import type { Builder } from "../../ops/builder.ts";
import { Skip } from "../../ops/skip.ts";
import { transposed } from "../../tensor/arrange.ts";
import { isFloat } from "../../tensor/element_type.ts";
import { diagonalMatrix, matrixProduct, summedMatrices } from "../../tensor/matrices.ts";
import { multiplied } from "../../tensor/multiply.ts";
import { forEachChunk, type Tensor, valuesOf, valueTensor } from "../../tensor/tensor.ts";
import type { AffineMap } from "../../ops/affine_map.ts";
import { fitted, nameAfter, weightOf } from "../weights.ts";
import { type Diagonal, type LinearMap, scaledBias, summedBias, sumOf, type Work } from "./linear_map.ts";

/** What a {@link Matrix} is made of. */
type MatrixInit = Pick<Matrix, "x" | "nodes" | "work" | "weight" | "bias" | "rank">;

/** MatMul by a constant matrix on the right and Gemm, alone or put together: x·W + b along the last axis of x. */
export class Matrix implements LinearMap {
  readonly kind = "matrix";
  readonly isSure = true;
  readonly x!: Value;
  readonly nodes!: readonly Node[];
  readonly work!: Work;
  /** The matrix, [K, N]. */
  readonly weight!: Tensor;
  /** One summand a column; undefined where there is none. */
  readonly bias!: Float64Array | undefined;
  /** Rank of x and of the result. */
  readonly rank!: number;

  /** A matrix of parts that fit. */
  constructor(init: MatrixInit) {
    Object.assign(this, init);
  }

  get cost(): Work {
    return { macs: this.weight.size, parameters: this.weight.size + (this.bias?.length ?? 0) };
  }

  get label(): string {
    return this.nodes[this.nodes.length - 1]?.label ?? `'${this.x.name}'`;
  }

  plus(other: LinearMap): Matrix | Skip {
    if (!(other instanceof Matrix)) return new Skip("other-channels", `${other.label} is a convolution`);
    const [[, columns], [, others]] = [this.weight.dims, other.weight.dims];
    if (columns !== others || this.weight.dims[0] !== other.weight.dims[0]) {
      return new Skip(
        "other-channels",
        `${this.label} has a matrix [${this.weight.dims}], ${other.label} [${other.weight.dims}]`,
      );
    }
    return this.#typed(other) ?? new Matrix({
      ...this,
      nodes: [...this.nodes, ...other.nodes],
      work: sumOf(this.work, other.work),
      weight: summedMatrices([this.weight, other.weight]),
      bias: summedBias(this.bias, other.bias),
    });
  }

  then(next: LinearMap): Matrix | Skip {
    if (!(next instanceof Matrix)) return new Skip("other-channels", `${next.label} is a convolution`);
    if (this.weight.dims[1] !== next.weight.dims[0] || this.rank !== next.rank) {
      return new Skip(
        "other-channels",
        `${this.label} has a matrix [${this.weight.dims}], ${next.label} [${next.weight.dims}]`,
      );
    }
    return this.#typed(next) ?? new Matrix({
      ...this,
      nodes: [...this.nodes, ...next.nodes],
      work: sumOf(this.work, next.work),
      weight: matrixProduct(this.weight, next.weight),
      bias: this.bias ? summedBias(next.bias, biasThrough(this.bias, next.weight)) : next.bias,
    });
  }

  scaled(affine: AffineMap, nodes: readonly Node[], parameters: number): Matrix | Skip {
    const channels = this.weight.dims[1], fit = fitted(affine, { axis: this.rank - 1, channels });
    if (fit instanceof Skip) return fit;
    return new Matrix({
      ...this,
      nodes: [...this.nodes, ...nodes],
      work: sumOf(this.work, { macs: 0, parameters }),
      weight: multiplied(this.weight, { dims: [1, channels], values: fit.scale }),
      bias: scaledBias(this.bias, fit.scale, fit.shift),
    });
  }

  diagonal({ x, affine, nodes, parameters }: Diagonal): Matrix | Skip {
    const [channels, columns] = this.weight.dims;
    if (channels !== columns) {
      return new Skip(
        "other-channels",
        `${this.label} makes ${columns} columns of ${channels}, so '${x.name}' itself is no matrix product like it`,
      );
    }
    const fit = fitted(affine, { axis: this.rank - 1, channels });
    if (fit instanceof Skip) return fit;
    return new Matrix({
      x,
      nodes,
      rank: this.rank,
      work: { macs: 0, parameters },
      weight: diagonalMatrix(this.weight.type, fit.scale),
      bias: scaledBias(undefined, fit.scale, fit.shift),
    });
  }

  emit(build: Builder): Value {
    const main = mainOf(this.nodes), { x, rank, weight, bias } = this;
    const weightName = nameAfter(main.inputs[1], `${main.label}.weight`),
      matrix = build.initializer(weightName, weight);
    const naming = { name: main.name, output: main.output.name, after: main };
    const addend = bias && build.initializer(
      main.is("Gemm") ? nameAfter(main.inputs[2], `${weightName}.bias`) : `${weightName}.bias`,
      valueTensor(weight.type, [bias.length], bias),
    );
    // before opset 7 a vector is only added where an attribute says so; before opset 11 a Gemm must have its C
    const attributes = main.opset < 7 ? [newAttribute("broadcast", 1)] : [];
    if (addend ? rank === 2 : main.is("Gemm") && main.opset >= 11) {
      return build.node("Gemm", [x, matrix, addend], { ...naming, attributes });
    }
    const product = build.node("MatMul", [x, matrix], naming);
    const name = main.name && `${main.name}/bias`;
    return addend ? build.node("Add", [product, addend], { name, output: main.output.name, attributes }) : product;
  }

  #typed(other: Matrix): Skip | undefined {
    return this.weight.type === other.weight.type
      ? undefined
      : new Skip("element-type", `${this.label} has ${this.weight.type} weights, ${other.label} ${other.weight.type}`);
  }
}

/** A MatMul by a constant on the right, or a Gemm with a bias along its columns; undefined for another operator. */
export function matrixAt(node: Node): Matrix | Skip | undefined {
  if (node.is("MatMul")) return product(node);
  if (node.is("Gemm")) return gemm(node);
}

function product(node: Node): Matrix | Skip {
  const weight = weightOf(node, 1, "weight");
  if (weight instanceof Skip) return weight;
  const x = node.inputs[0]!, rank = x.shape?.length;
  if (weight.dims.length !== 2 || rank === undefined || rank < 2) {
    return new Skip(
      "invalid-parameter",
      `${node.label} multiplies '${x.name}' of ${
        rank === undefined ? "unknown rank" : `rank ${rank}`
      } by a weight of ` +
        `shape [${weight.dims}], expected rank 2 or more and a matrix`,
    );
  }
  return new Matrix({ x, nodes: [node], work: workOf(weight), weight, bias: undefined, rank });
}

function gemm(node: Node): Matrix | Skip {
  const stored = weightOf(node, 1, "weight B");
  if (stored instanceof Skip) return stored;
  if (stored.dims.length !== 2) {
    return new Skip(
      "invalid-parameter",
      `the weight of ${node.label} has the shape [${stored.dims}], expected a matrix`,
    );
  }
  if (node.number("transA", 0) !== 0) {
    return new Skip("unsupported-form", `${node.label} transposes its input (transA)`);
  }
  if (node.opset < 7 && node.has(2) && node.number("broadcast", 0) === 0) {
    return new Skip(
      "unsupported-form",
      `${node.label} is a Gemm before opset 7 without broadcast: its C is a whole matrix`,
    );
  }
  const alpha = node.number("alpha", 1), beta = node.number("beta", 1);
  const straight = node.number("transB", 0) !== 0 ? transposed(stored, [1, 0]) : stored;
  const weight = alpha === 1 ? straight : multiplied(straight, { dims: [1, 1], values: Float64Array.of(alpha) });
  const columns = weight.dims[1];
  let bias: Float64Array | undefined;
  if (node.has(2) && beta !== 0) {
    const c = constantOf(node.inputs[2]);
    if (!c || !isFloat(c.type)) return weightOf(node, 2, "C") as Skip;
    const last = c.dims[c.dims.length - 1] ?? 1;
    if (c.size !== last || last !== 1 && last !== columns) {
      return new Skip("not-per-channel", `C of ${node.label} has the shape [${c.dims}]: it varies along the rows`);
    }
    const values = valuesOf(c);
    bias = Float64Array.from({ length: columns }, (_, n) => beta * values[last === 1 ? 0 : n]);
  }
  const work = workOf(weight, bias?.length);
  return new Matrix({ x: node.inputs[0]!, nodes: [node], work, weight, bias, rank: 2 });
}

function workOf(weight: Tensor, bias = 0): Work {
  return { macs: weight.size, parameters: weight.size + bias };
}

/** b·W: what a bias becomes behind another matrix. */
function biasThrough(bias: Float64Array, weight: Tensor): Float64Array {
  const columns = weight.dims[1], out = new Float64Array(columns);
  forEachChunk(weight, (values, start) => {
    for (let at = 0; at < values.length; at++) {
      const row = Math.floor((start + at) / columns);
      out[(start + at) % columns] += values[at] * bias[row];
    }
  });
  return out;
}

/** The node a new one is named after: the one with the largest matrix. */
function mainOf(nodes: readonly Node[]): Node {
  let main = nodes[0], most = -1;
  for (const node of nodes) {
    const size = node.is("MatMul", "Gemm") ? constantOf(node.inputs[1])?.size ?? 0 : -1;
    if (size > most) [main, most] = [node, size];
  }
  return main;
}
