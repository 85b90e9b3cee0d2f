import { changedAttributes, floatAttribute, newAttribute } from "../../graph/attribute.ts";
import type { Node, Value } from "../../graph/graph.ts";
import { transposed } from "../../tensor/arrange.ts";
import { isFloat } from "../../tensor/element_type.ts";
import { diagonalMatrix, matrixProduct, summedMatrices } from "../../tensor/matrices.ts";
import { multiplied } from "../../tensor/multiply.ts";
import { forEachChunk, sizeOf, type Tensor, valuesOf } from "../../tensor/tensor.ts";
import { fitted } from "../affine_map.ts";
import type { Builder } from "../builder.ts";
import { constantOf, notConstant } from "../constant.ts";
import { Skip } from "../skip.ts";
import { isNumbers, scaledBias, summedBias } from "./bias.ts";
import { LinearMap, type WeightFactor } from "./linear_map.ts";
import { type Channels, type Diagonal, type LinearParts, parametersOf } from "./linear_parts.ts";

/** What a {@linkcode MatrixProduct} is made of. */
export interface MatrixParts extends LinearParts {
  /** Whether the weight stands on the right, x·W, or on the left, W·x. */
  readonly side: "right" | "left";
  /** Which input of `form` the weight is, where that is not by its side. */
  readonly weightIndex?: 0 | 1;
  /** Whether the weight is stored turned around, W[N, K] for x·W. */
  readonly isTransposed?: boolean;
  /** A number the product is multiplied by, where that is not 1. */
  readonly factor?: number;
  /** Rank of x. */
  readonly inputRank: number;
  /** Rank of the result. */
  readonly rank: number;
  /** Whether x itself is turned around first. */
  readonly isInputTransposed?: boolean;
}

/** x·W + b along the last axis of x, or W·x + b along the last but one, x and W of any rank. */
export class MatrixProduct extends LinearMap<MatrixParts> {
  readonly kind = "matrix product";

  get input(): Channels {
    const { side, isInputTransposed = false, inputRank } = this.parts, [rows, columns] = this.#matrixDims;
    const axis = (side === "right") !== isInputTransposed ? inputRank - 1 : inputRank - 2;
    return { axis, channels: side === "right" ? rows : columns };
  }

  get output(): Channels {
    const { side, rank } = this.parts, [rows, columns] = this.#matrixDims;
    return side === "right" ? { axis: rank - 1, channels: columns } : { axis: rank - 2, channels: rows };
  }

  override get isPointwise(): boolean {
    return this.parts.weight.dims.length === 2 && !this.parts.isInputTransposed;
  }

  override get rank(): number | undefined {
    return this.takesBias ? 2 : undefined;
  }

  override get takesBias(): boolean {
    return this.parts.form?.is("Gemm") === true;
  }

  /** Rows and columns of W as it multiplies. */
  get #matrixDims(): [number, number] {
    const [first, second] = this.parts.weight.dims.slice(-2);
    return this.parts.isTransposed ? [second, first] : [first, second];
  }

  /** W itself, factor and transposition worked in. */
  get matrix(): Tensor {
    const { weight, isTransposed, factor = 1 } = this.parts,
      straight = isTransposed ? transposed(weight, [1, 0]) : weight;
    return factor === 1 ? straight : multiplied(straight, { dims: [1, 1], values: Float64Array.of(factor) });
  }

  plus(other: LinearMap): MatrixProduct | Skip {
    const misfit = this.#misfit(other);
    if (misfit) return misfit;
    const right = other as MatrixProduct, [a, b] = [this.#matrixDims, right.#matrixDims];
    if (a.join() !== b.join()) return this.#otherShape(right);
    return this.#product(right, summedMatrices([this.matrix, right.matrix]), (own, others) => summedBias(own, others));
  }

  then(next: LinearMap): LinearMap | Skip {
    if (!(next instanceof MatrixProduct) && next.kind === this.kind) return next.precededBy!(this);
    const misfit = this.#misfit(next);
    if (misfit) return misfit;
    const after = next as MatrixProduct, isRight = this.parts.side === "right";
    if (this.output.channels !== after.input.channels) return this.#otherShape(after);
    const product = isRight ? matrixProduct(this.matrix, after.matrix) : matrixProduct(after.matrix, this.matrix);
    return this.#product(after, product, (own, others) => own ? summedBias(others, after.#through(own)) : others);
  }

  diagonal({ x, affine, nodes }: Diagonal): MatrixProduct | Skip {
    const { axis, channels } = this.input, { weight, origin, side, rank, inputRank } = this.parts;
    if (channels !== this.output.channels) {
      return new Skip(
        "other-channels",
        `${this.label} makes ${this.output.channels} columns of ${channels}, so '${x.name}' itself is no matrix product ` +
          `like it`,
      );
    }
    const fit = fitted(affine, { axis, channels });
    if (fit instanceof Skip) return fit;
    return new MatrixProduct({
      x,
      nodes,
      layers: 0,
      work: { macs: 0, parameters: parametersOf(nodes) },
      weight: diagonalMatrix(weight.type, fit.scale),
      bias: scaledBias(undefined, fit),
      origin: { ...origin, size: -1 },
      side,
      rank,
      inputRank,
    });
  }

  emit(build: Builder): Value | Skip {
    const { x, form, side, rank, bias, origin, isInputTransposed, isTransposed, factor = 1 } = this.parts;
    if (form?.is("Gemm")) return this.#emitGemm(build, form);
    const { node } = origin, isRight = side === "right", opset = build.graph.opset;
    if (isNumbers(bias) && !isRight && opset < 7) {
      return new Skip("unsupported-form", `an Add before opset 7 cannot add a bias to the rows of ${node.label}`);
    }
    const naming = { name: node.name, output: node.output.name, after: node };
    const { weightIndex = isRight ? 1 : 0 } = this.parts, matrix = this.weightInput(build);
    const inputs = weightIndex === 1 ? [x, matrix] : [matrix, x];
    const addend = this.biasInput(build, isRight || !isNumbers(bias) ? undefined : [bias.length, 1]);
    // before opset 7 a vector is only added where an attribute says so; before opset 11 a Gemm must have its C
    const attributes = opset < 7 ? [newAttribute("broadcast", 1)] : [];
    const isGemm = addend ? rank === 2 && isRight && (!form || opset >= 7) : node.is("Gemm") && opset >= 11;
    if (isGemm) {
      if (isInputTransposed) attributes.push(newAttribute("transA", 1));
      if (isTransposed) attributes.push(newAttribute("transB", 1));
      if (factor !== 1) attributes.push(floatAttribute("alpha", factor));
      return build.node("Gemm", [x, matrix, addend], { ...naming, attributes });
    }
    const product = form ? build.like(form, inputs) : build.node("MatMul", inputs, naming);
    if (!addend) return product;
    const last = this.nodes[this.nodes.length - 1];
    const name = last !== node && last.is("Add", "Sub") ? last.name : node.name && `${node.name}/bias`;
    return build.node("Add", [product, addend], { name, output: node.output.name, attributes });
  }

  /** A Gemm keeps its transposition and α; its C has β worked in once it was changed. */
  #emitGemm(build: Builder, form: Node): Value | Skip {
    const { x, bias } = this.parts, { channels } = this.output;
    if (!isNumbers(bias)) return build.like(form, [x, this.weightInput(build), bias]);
    const isWhole = isUnidirectional(form), stored = form.inputs[2] && form.number("beta", 1) !== 0;
    if (isWhole && !stored) {
      return new Skip(
        "unsupported-form",
        `${form.label} is a Gemm from before opset 7, whose C must keep its shape`,
      );
    }
    const rows = bias.length / channels,
      isMatrix = rows > 1 || isWhole && constantOf(form.inputs[2])?.dims.length === 2;
    const c = this.biasInput(build, isMatrix ? [rows, channels] : [channels]);
    return build.like(form, [x, this.weightInput(build), c], changedAttributes(form, { beta: undefined }));
  }

  shiftThrough(shift: Float64Array): Float64Array | Skip {
    if (sizeOf(this.parts.weight.dims.slice(0, -2)) === 1) return this.#through(shift);
    return new Skip("shift-blocked", `${this.label} multiplies by several matrices, each of which needs its own bias`);
  }

  override biasNumbers(): Float64Array | Skip | undefined {
    const { form, bias } = this.parts;
    return isNumbers(bias) || !form?.is("Gemm") ? super.biasNumbers() : gemmAddend(form, this.output.channels);
  }

  protected factorOf(of: "input" | "output", values: Float64Array): WeightFactor {
    const { weight, side, isTransposed = false } = this.parts, batch = weight.dims.slice(0, -2).map(() => 1);
    const isAlongColumns = (of === "output") === (side === "right");
    const dims = isAlongColumns !== isTransposed ? [1, values.length] : [values.length, 1];
    return { factor: { dims: [...batch, ...dims], values } };
  }

  /** t·W for x·W, W·t for W·x. */
  #through(shift: Float64Array): Float64Array {
    const { weight, side, isTransposed = false, factor = 1 } = this.parts;
    const sums = vectorTimes(shift, weight, { isTransposed: (side === "right") === isTransposed });
    return factor === 1 ? sums : sums.map((value) => factor * value);
  }

  /** This product and another one as one. */
  #product(
    other: MatrixProduct,
    weight: Tensor,
    biasOf: (own: Float64Array | undefined, other: Float64Array | undefined) => Float64Array | undefined,
  ): MatrixProduct | Skip {
    const [own, others] = [this.#vectorBias(), other.#vectorBias()];
    if (own instanceof Skip) return own;
    if (others instanceof Skip) return others;
    return this.joined(other, {
      weight,
      weightIndex: undefined,
      isTransposed: undefined,
      factor: undefined,
      bias: biasOf(own, others),
    });
  }

  /** The bias, where it is the same for every row. */
  #vectorBias(): Float64Array | Skip | undefined {
    const { form, bias } = this.parts, numbers = this.biasNumbers(), { label } = this;
    if (!isNumbers(bias) && form?.number("beta", 1) === 0) return undefined;
    if (form && bias && isUnidirectional(form)) {
      return new Skip(
        "unsupported-form",
        `${label} is a Gemm before opset 7 without broadcast: its C is a whole matrix`,
      );
    }
    if (numbers instanceof Skip || !numbers || numbers.length === this.output.channels) return numbers;
    const shape = [numbers.length / this.output.channels, this.output.channels];
    return new Skip("not-per-channel", `C of ${label} has the shape [${shape}]: it varies along the rows`);
  }

  /** Why another map cannot be put together with this one. */
  #misfit(other: LinearMap): Skip | undefined {
    if (!(other instanceof MatrixProduct)) return this.whyOtherKind(other);
    const [a, b] = [this.parts, other.parts], type = this.whyOtherType(other);
    if (type) return type;
    for (const { parts: { isInputTransposed, weight }, label } of [this, other]) {
      if (isInputTransposed) return new Skip("unsupported-form", `${label} transposes its input (transA)`);
      if (weight.dims.length !== 2) {
        return new Skip("unsupported-form", `${label} multiplies by a weight of shape [${weight.dims}], no matrix`);
      }
    }
    if (a.side === b.side && a.rank === b.rank) return undefined;
    return a.rank === b.rank
      ? new Skip(
        "other-geometry",
        `the weight of ${this.label} stands on the ${a.side}, of ${other.label} on the ${b.side}`,
      )
      : this.#otherShape(other);
  }

  #otherShape(other: MatrixProduct): Skip {
    const [a, b] = [this, other].map((map) => `${map.label} has a matrix [${map.#matrixDims}]`);
    return new Skip("other-channels", `${a}, ${b.replace("has a matrix ", "")}`);
  }
}

/** β·C of a Gemm, one number per column, for each row where it varies along those too; undefined where there is no C. */
function gemmAddend(node: Node, channels: number): Float64Array | Skip | undefined {
  const value = node.inputs[2], beta = node.number("beta", 1);
  if (!value) return undefined;
  const c = constantOf(value);
  if (!c) return notConstant(`the C of ${node.label} is`, value);
  if (!isFloat(c.type)) return new Skip("element-type", `the C of ${node.label} has the element type ${c.type}`);
  if (beta === 0) return new Float64Array(channels);
  const columns = c.dims[c.dims.length - 1] ?? 1, rows = c.dims.length === 2 ? c.dims[0] : 1;
  if (c.dims.length > 2 || columns !== 1 && columns !== channels) {
    return new Skip(
      "invalid-parameter",
      `C of ${node.label} has the shape [${c.dims}], which does not fit ${channels} columns`,
    );
  }
  const values = valuesOf(c);
  return Float64Array.from({ length: rows * channels }, (_, i) => {
    const row = Math.floor(i / channels), n = i % channels;
    return beta * values[row * columns + (columns === 1 ? 0 : n)];
  });
}

/** Whether a Gemm's C is broadcast only where an attribute says so, and none does. */
function isUnidirectional(node: Node): boolean {
  return node.is("Gemm") && node.opset < 7 && node.number("broadcast", 0) === 0;
}

/** Σ_k v[k]·W[k, n] for every n, of a matrix W[K, N], or of W[N, K] where it is transposed. */
export function vectorTimes(
  vector: Float64Array,
  matrix: Tensor,
  { isTransposed = false }: { isTransposed?: boolean } = {},
): Float64Array {
  const columns = matrix.dims[matrix.dims.length - 1];
  const out = new Float64Array(isTransposed ? matrix.size / columns : columns);
  forEachChunk(matrix, (values, start) => {
    let row = Math.floor(start / columns), column = start % columns;
    for (let at = 0; at < values.length; at++) {
      if (isTransposed) out[row] += vector[column] * values[at];
      else out[column] += vector[row] * values[at];
      if (++column === columns) row++, column = 0;
    }
  });
  return out;
}
