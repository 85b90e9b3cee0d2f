import type { Dim, Node } from "../graph/graph.ts";
import { scaler } from "./affine/scaler.ts";
import { extractorCarry } from "./carry/extract.ts";
import { product } from "./dims.ts";
import { inferSame } from "./elementwise.ts";
import { classifierLinear } from "./linear/classifier.ts";
import { regressorLinear } from "./linear/regressor.ts";
import type { Facts, Op, Ops } from "./op.ts";

/** Most results of classical models are float32, whatever the numbers they are computed from. */
const sameShape: Op = { inputs: [1], infer: (_node, [{ shape }]) => [{ type: "float32", shape }] };

/** One row of scores an item. */
function scores(columns: (node: Node) => Dim): Op {
  return { inputs: [1], infer: (node, [{ shape }]) => [{ type: "float32", shape: [rows(shape), columns(node)] }] };
}

function rows(shape: Facts["shape"]): Dim {
  return shape?.length === 1 ? 1 : shape?.[0] ?? null;
}

/** A label an item, and its scores. */
const classifier: Op = {
  inputs: [1],
  infer(node, [{ shape }]) {
    const names = labels(node, "classlabels_strings", "classlabels_strings"),
      numbers = node.numbers("classlabels_ints") ??
        node.numbers("classlabels_int64s");
    const isText = names !== undefined && names > 0;
    return [
      { type: isText ? "string" : "int64", shape: [rows(shape)] },
      { type: "float32", shape: [rows(shape), isText ? names : numbers?.length || null] },
    ];
  },
};

function labels(node: Node, ...attributes: string[]): number | undefined {
  for (const name of attributes) {
    const value = node.attribute(name);
    if (Array.isArray(value)) return value.length;
  }
}

/** What a table of labels gives: text, whole numbers or fractions, as its values are. */
function labelType(node: Node): Facts["type"] {
  const tensor = node.attributes.get("values_tensor")?.tensor;
  if (tensor) return tensor.type;
  if (labels(node, "values_strings")) return "string";
  if (labels(node, "values_floats")) return "float32";
  if (labels(node, "values_int64s")) return "int64";
}

const labelEncoder: Op = {
  inputs: [1],
  infer: (node, [{ type, shape }]) => [{
    type: labels(node, "classes_strings") ? type === "string" ? "int64" : "string" : labelType(node),
    shape,
  }],
};

const featureVectorizer: Op = {
  inputs: [1, Infinity],
  infer(node, [{ shape }]) {
    const sizes = node.numbers("inputdimensions");
    return [{ type: "float32", shape: [rows(shape), sizes ? sizes.reduce((a, b) => a + b, 0) : null] }];
  },
};

const oneHotEncoder: Op = {
  inputs: [1],
  infer: (node, [{ shape }]) => [{
    type: "float32",
    shape: shape && [...shape, labels(node, "cats_int64s", "cats_strings") ?? null],
  }],
};

const arrayFeatureExtractor: Op = {
  inputs: [2],
  infer(_node, [{ type, shape }, indices]) {
    const count = indices.shape ? product(indices.shape) : null;
    return [{ type, shape: shape && [...shape.length > 1 ? shape.slice(0, -1) : [1], count] }];
  },
};

/** A tensor of one row made of a map; how many columns a dense one has is in what the map holds. */
const castMap: Op = {
  inputs: [1],
  infer(node) {
    const to: Facts["type"] = { TO_FLOAT: "float32", TO_INT64: "int64", TO_STRING: "string" }[
      node.text("cast_to", "TO_FLOAT")
    ] as Facts["type"];
    const isSparse = node.text("map_form", "DENSE") === "SPARSE", columns = node.number("max_map", 1);
    return [{ type: to, shape: [1, isSparse && columns > 0 ? columns : null] }];
  },
};

/** A row with a column for each word or number of a vocabulary; its type is that of the map's values. */
const dictVectorizer: Op = {
  inputs: [1],
  infer: (node) => [{ shape: [1, labels(node, "string_vocabulary", "int64_vocabulary") ?? null] }],
};

/** ai.onnx.ml: classical models and what prepares their inputs. */
export const ML_OPS = {
  ArrayFeatureExtractor: { ...arrayFeatureExtractor, carry: extractorCarry },
  Binarizer: { inputs: [1], infer: inferSame },
  CastMap: castMap,
  CategoryMapper: {
    inputs: [1],
    infer: (_node, [{ type, shape }]) => [{ type: type === "string" ? "int64" : "string", shape }],
  },
  DictVectorizer: dictVectorizer,
  FeatureVectorizer: featureVectorizer,
  Imputer: { inputs: [1], infer: inferSame },
  LabelEncoder: labelEncoder,
  LinearClassifier: { ...classifier, linear: classifierLinear },
  LinearRegressor: { ...scores((node) => node.number("targets", 1)), linear: regressorLinear },
  Normalizer: sameShape,
  OneHotEncoder: oneHotEncoder,
  SVMClassifier: classifier,
  SVMRegressor: scores(() => 1),
  Scaler: { ...sameShape, affine: scaler },
  TreeEnsemble: {
    inputs: [1],
    infer: (node, [{ type, shape }]) => [{ type, shape: [rows(shape), node.number("n_targets", 1)] }],
  },
  TreeEnsembleClassifier: classifier,
  TreeEnsembleRegressor: scores((node) => node.number("n_targets", 1)),
  ZipMap: { inputs: [1], infer: () => [] }, // a sequence of maps is no tensor
} satisfies Ops;
