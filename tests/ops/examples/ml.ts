import { type Examples, floats, ints, text, TYPE, wholes } from "../example.ts";

const x = floats(3, 2);

/** One split of a tree: left is leaf 1, right is leaf 2. */
const tree = {
  nodes_treeids: [0, 0, 0],
  nodes_nodeids: [0, 1, 2],
  nodes_featureids: [0, 0, 0],
  nodes_values: { floats: [0.1, 0, 0] },
  nodes_modes: { strings: ["BRANCH_LEQ", "LEAF", "LEAF"] },
  nodes_truenodeids: [1, 0, 0],
  nodes_falsenodeids: [2, 0, 0],
};

/** Operators of ai.onnx.ml. */
export const ML: Record<string, Examples> = {
  ArrayFeatureExtractor: () => [
    { inputs: [floats(3, 4), ints(0, 2)] },
    { inputs: [floats(4), ints(1)] },
    { inputs: [floats(2, 3, 4), ints(3, 0, 3)] },
  ],
  Binarizer: () => [{ inputs: [x], attributes: { threshold: { float: 0.2 } } }],
  CategoryMapper: () => [{
    inputs: [text([2], "a", "b")],
    attributes: { cats_int64s: [1, 2], cats_strings: { strings: ["a", "b"] } },
  }],
  FeatureVectorizer: () => [{ inputs: [x, floats(3, 4)], attributes: { inputdimensions: [2, 4] } }],
  Imputer: () => [{
    inputs: [x],
    attributes: { imputed_value_floats: { floats: [1, 2] }, replaced_value_float: { float: 0 } },
  }],
  LabelEncoder: ({ opset }) => [
    {
      inputs: [text([2], "a", "b")],
      attributes: opset < 2
        ? { classes_strings: { strings: ["a", "b"] } }
        : { keys_strings: { strings: ["a", "b"] }, values_int64s: [3, 4] },
    },
    ...opset >= 2
      ? [{ inputs: [wholes(0, 1, [2, 3])], attributes: { keys_int64s: [0, 1], values_floats: { floats: [0.5, 1] } } }]
      : [],
  ],
  LinearClassifier: () => [
    {
      inputs: [x],
      outputs: 2,
      attributes: {
        coefficients: { floats: [1, 2, 3, 4, 5, 6] },
        intercepts: { floats: [0, 1, 0] },
        classlabels_ints: [0, 1, 2],
      },
    },
    {
      inputs: [x],
      outputs: 2,
      attributes: {
        coefficients: { floats: [1, 2, 3, 4] },
        intercepts: { floats: [0, 1] },
        classlabels_strings: { strings: ["a", "b"] },
      },
    },
  ],
  LinearRegressor: () => [{
    inputs: [x],
    attributes: { coefficients: { floats: [1, 2, 3, 4] }, intercepts: { floats: [0, 1] }, targets: 2 },
  }],
  Normalizer: () => [{ inputs: [x], attributes: { norm: "L2" } }],
  OneHotEncoder: () => [{ inputs: [wholes(0, 2, [3])], attributes: { cats_int64s: [0, 1, 2], zeros: 1 } }],
  SVMClassifier: () => [{
    inputs: [x],
    outputs: 2,
    attributes: {
      classlabels_ints: [0, 1],
      coefficients: { floats: [1, -1] },
      kernel_type: "LINEAR",
      kernel_params: { floats: [1, 0, 3] },
      rho: { floats: [0.1] },
      support_vectors: { floats: [1, 2, 3, 4] },
      vectors_per_class: [1, 1],
    },
  }],
  SVMRegressor: () => [{
    inputs: [x],
    attributes: {
      coefficients: { floats: [1, -1] },
      kernel_type: "LINEAR",
      kernel_params: { floats: [1, 0, 3] },
      n_supports: 2,
      rho: { floats: [0.1] },
      support_vectors: { floats: [1, 2, 3, 4] },
    },
  }],
  Scaler: () => [{ inputs: [x], attributes: { offset: { floats: [1, 2] }, scale: { floats: [0.5, 3] } } }],
  TreeEnsemble: () => [{
    inputs: [x],
    attributes: {
      n_targets: 1,
      aggregate_function: 1,
      tree_roots: [0],
      nodes_featureids: [0],
      nodes_splits: { tensor: { dims: [1], values: [0.1] } },
      nodes_modes: { tensor: { dims: [1], values: [0], type: TYPE.uint8 } },
      nodes_truenodeids: [0],
      nodes_trueleafs: [1],
      nodes_falsenodeids: [1],
      nodes_falseleafs: [1],
      leaf_targetids: [0, 0],
      leaf_weights: { tensor: { dims: [2], values: [1, 2] } },
    },
  }],
  TreeEnsembleClassifier: () => [{
    inputs: [x],
    outputs: 2,
    attributes: {
      ...tree,
      class_treeids: [0, 0],
      class_nodeids: [1, 2],
      class_ids: [0, 1],
      class_weights: { floats: [1, 1] },
      classlabels_int64s: [0, 1],
    },
  }],
  TreeEnsembleRegressor: () => [{
    inputs: [x],
    attributes: {
      ...tree,
      n_targets: 1,
      target_treeids: [0, 0],
      target_nodeids: [1, 2],
      target_ids: [0, 0],
      target_weights: { floats: [1, 2] },
    },
  }],
};
