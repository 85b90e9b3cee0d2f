/**
 * Joins, cuts, products, normalizations and broadcasts against ONNX Runtime, without being named here: a node is what its entry
 * says, or a field of which no example is compared fails.
 */
import { changedAttributes } from "../../src/graph/attribute.ts";
import { emitTranspose } from "../../src/ops/emit_movement.ts";
import { Skip } from "../../src/ops/skip.ts";
import { concatenated, sliced } from "../../src/tensor/pick.ts";
import { type Tensor, valuesOf, valueTensor } from "../../src/tensor/tensor.ts";
import { modelBytes } from "../onnx_model.ts";
import { type Case, type Check, checkEach, isWritten, spread } from "./view_checks.ts";
import { assertClose, type Numbers, run } from "./view_conformance.ts";

const tensorOf = ({ dims, values }: Numbers): Tensor => valueTensor("float64", dims, Float64Array.from(values, Number));
const numbersOf = (tensor: Tensor): Numbers => ({ dims: tensor.dims, values: valuesOf(tensor) });
const asNumbers = ({ dims, values }: Numbers): Numbers => ({ dims, values: Float64Array.from(values, Number) });

/** What it puts side by side, put side by side. */
const isJoin: Check = (op, { node, feeds, own, what }) => {
  const axis = [...own.dims.keys()].find((at) => op.joined!(node, at)), parts = op.joined!(node, axis ?? 0);
  if (axis === undefined || !parts?.every(({ name }) => feeds[name])) return false;
  assertClose(numbersOf(concatenated(parts.map(({ name }) => tensorOf(feeds[name])), axis)), own, `${what}, joined`);
  return true;
};

/** The parts it cuts its first input into, cut out. */
const isCut: Check = async (op, { model, node, feeds, what }) => {
  const given = feeds[node.inputs[0]!.name], results = await run(modelBytes(model), feeds);
  let count = 0;
  for (const axis of given?.dims.keys() ?? []) {
    for (const { value, start, length, isDropped } of op.cut!(node, axis) ?? []) {
      const starts = given.dims.map((_, at) => at === axis ? start : 0), steps = given.dims.map(() => 1);
      const { dims, values } = numbersOf(sliced(tensorOf(given), starts, steps, given.dims.with(axis, length)));
      const wanted = { values, dims: isDropped ? dims.toSpliced(axis, 1) : dims };
      assertClose(results?.[value.name], wanted, `${what}, cut along axis ${axis}`);
      count++;
    }
  }
  return count > 0;
};

const isProduct: Check = (op, subject) =>
  isWritten(subject, (node, build) => {
    const product = op.asProduct!(node, build);
    return product instanceof Skip ? undefined : product;
  });

/** Along another axis, with both axes in each other's place before and after it. */
const normalizesOneAxis: Check = (op, subject) =>
  isWritten(subject, (node, build) => {
    const axis = op.normalizedAxis!(node), rank = node.output.shape!.length, other = axis === 0 ? rank - 1 : 0;
    if (axis === undefined || rank < 2) return undefined;
    const swapped = Array.from({ length: rank }, (_, at) => at === axis ? other : at === other ? axis : at);
    const turned = emitTranspose(node.inputs[0]!, swapped, {}, build);
    return emitTranspose(build.like(node, [turned], changedAttributes(node, { axis: other })), swapped, {}, build);
  });

/** Other values of the same shape give the same. */
const readsShapeOnly: Check = async (_op, { model, feeds, own, what }) => {
  const others = Object.entries(feeds).map(([name, { dims, values, type }]) => [name, {
    dims,
    type,
    values: Float32Array.from(values, (value) => 3 - 2 * value),
  }]);
  const result = (await run(modelBytes(model), Object.fromEntries(others)))?.o0;
  assertClose(result && asNumbers(result), asNumbers(own), `${what}, of other values`);
  return true;
};

/** The elements of the input, repeated. */
const isWidened: Check = (op, { node, feeds, own, what }) => {
  const given = feeds[op.widened!(node)?.name ?? ""];
  if (!given) return false;
  assertClose({ dims: own.dims, values: spread(given, own.dims) }, own, `${what}, widened`);
  return true;
};

/** Inputs that are repeated to the shape of the result beforehand give the same. */
const broadcastsAll: Check = async (_op, { model, node, feeds, own, what }: Case) => {
  const isEnlarged = Object.values(feeds).some(({ dims }) => dims.join() !== own.dims.join());
  if (!isEnlarged || node.opset < 7) return false;
  const inputs = Object.fromEntries(Object.keys(feeds).map((name) => [name, [...own.dims]]));
  const wide = Object.entries(feeds).map((
    [name, value],
  ) => [name, { dims: own.dims, values: spread(value, own.dims), type: value.type }]);
  const result = (await run(modelBytes({ ...model, inputs }), Object.fromEntries(wide)))?.o0;
  assertClose(result && asNumbers(result), asNumbers(own), `${what}, of repeated inputs`);
  return true;
};

checkEach({
  joined: isJoin,
  asProduct: isProduct,
  normalizedAxis: normalizesOneAxis,
  readsShapeOnly,
  widened: isWidened,
  broadcasts: broadcastsAll,
});
checkEach({ cut: isCut }, { severalOutputs: true });
