import type { Node } from "../graph/graph.ts";

/**
 * The operators that are known, by domain, under the least and the most inputs each has over all its versions; no limit where the most
 * is left out. An absent optional input has no facts; one that is missing altogether makes a node invalid.
 */
const INPUTS = {
  "": {
    "0–1": "Optional OptionalHasElement",
    "0": "Constant Loop RandomNormal RandomUniform Scan SequenceEmpty",
    "1": `
      Abs Acos Acosh ArgMax ArgMin Asin Asinh Atan Atanh AveragePool Bernoulli BitCast BitwiseNot BlackmanWindow Cast
      Ceil Celu ConcatFromSequence ConstantOfShape Cos Cosh DepthToSpace Det DynamicQuantizeLinear Elu Erf Exp EyeLike
      Flatten Floor Gelu GlobalAveragePool GlobalLpPool GlobalMaxPool HammingWindow HannWindow HardSigmoid HardSwish
      Hardmax Identity If ImageScaler IsInf IsNaN LRN LeakyRelu Log LogSoftmax LpNormalization LpPool MaxPool
      MeanVarianceNormalization Mish Multinomial Neg NonZero Not OptionalGetElement RandomNormalLike RandomUniformLike
      Reciprocal RegexFullMatch Relu Round Selu SequenceLength Shape Shrink Sigmoid Sign Sin Sinh Size Softmax
      Softplus Softsign SpaceToDepth Sqrt StringNormalizer StringSplit Swish Tan Tanh TfIdfVectorizer ThresholdedRelu
      Transpose Unique
    `,
    "1–2": `
      ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
      ReduceSumSquare Reshape SequenceErase Split SplitToSequence Squeeze TopK Trilu Unsqueeze Upsample
    `,
    "1–3": "Clip DFT Dropout",
    "1–4": "Pad Resize",
    "1–5": "Slice",
    "1–": "Concat Einsum Max Mean Min SequenceConstruct SequenceMap Sum",
    "2": `
      Add AffineGrid And BitShift BitwiseAnd BitwiseOr BitwiseXor CastLike CenterCropPad Compress CumProd CumSum Div
      Equal Expand Gather GatherElements GatherND Greater GreaterOrEqual GridSample Less LessOrEqual MatMul MaxRoiPool
      Mod Mul Or PRelu Pow RMSNormalization ReverseSequence SequenceAt SimplifiedLayerNormalization StringConcat Sub
      Xor
    `,
    "2–3": `
      Conv ConvTranspose DequantizeLinear Gemm LayerNormalization MaxUnpool NegativeLogLikelihoodLoss QuantizeLinear
      SequenceInsert SoftmaxCrossEntropyLoss TensorScatter Tile
    `,
    "2–4": "ConvInteger MatMulInteger STFT",
    "2–5": "NonMaxSuppression",
    "3": `
      Col2Im GroupNormalization InstanceNormalization OneHot Range RoiAlign Scatter ScatterElements ScatterND Where
    `,
    "3–4": "RotaryEmbedding",
    "3–5": "DeformConv",
    "3–6": "GRU RNN",
    "3–7": "Attention",
    "3–8": "LSTM",
    "5": "BatchNormalization MelWeightMatrix",
    "8": "QLinearMatMul",
    "8–9": "QLinearConv",
  },
  "ai.onnx.ml": {
    "1": `
      Binarizer CastMap CategoryMapper DictVectorizer Imputer LabelEncoder LinearClassifier LinearRegressor Normalizer
      OneHotEncoder SVMClassifier SVMRegressor Scaler TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor ZipMap
    `,
    "1–": "FeatureVectorizer",
    "2": "ArrayFeatureExtractor",
  },
  "com.microsoft": {
    "1": "Gelu Inverse MurmurHash3 NhwcMaxPool QuickGelu",
    "1–2": "FastGelu Trilu",
    "1–10": "MultiHeadAttention",
    "2": "BiasGelu CDist ExpandDims FusedMatMul GridSample TransposeMatMul",
    "2–3": "DequantizeLinear FusedGemm QuantizeLinear",
    "2–4": "FusedConv",
    "2–7": "Attention",
    "3–4": "SkipSimplifiedLayerNormalization",
    "3–5": "DynamicQuantizeMatMul SkipLayerNormalization",
    "3–6": "MatMulNBits",
    "3–": "QLinearConcat",
    "4": "RotaryEmbedding",
    "4–5": "QLinearAveragePool QLinearLeakyRelu QLinearSigmoid",
    "4–7": "MatMulIntegerToFloat",
    "5": "QLinearGlobalAveragePool QLinearSoftmax",
    "5–9": "QAttention",
    "6–9": "QGemm",
    "7–8": "QLinearAdd QLinearMul",
    "7–9": "EmbedLayerNormalization",
    "7–17": "GroupQueryAttention",
  },
} as const;

type Lines<Text extends string> = Text extends `${infer Line}\n${infer Rest}` ? Line | Lines<Rest> : Text;
type Words<Line extends string> = Line extends `${infer Word} ${infer Rest}` ? Word | Words<Rest> : Line;

/** The words of all texts of a domain. */
type NamesIn<Domain extends Record<string, string>> = Exclude<Words<Lines<Domain[keyof Domain]>>, "">;

/** Operators of the default domain, ai.onnx. */
export type OnnxOp = NamesIn<typeof INPUTS[""]>;

/** Operators of ai.onnx.ml. */
export type MlOp = NamesIn<typeof INPUTS["ai.onnx.ml"]>;

/** Operators of com.microsoft. */
export type ContribOp = NamesIn<typeof INPUTS["com.microsoft"]>;

/** Least and most inputs by domain and operator. */
const KNOWN: ReadonlyMap<string, ReadonlyMap<string, readonly [least: number, most: number]>> = new Map(
  Object.entries(INPUTS).map(([domain, groups]) => [
    domain,
    new Map(
      Object.entries(groups).flatMap(([counts, names]) => {
        const [least, most = least] = counts.split("–").map(Number);
        return names.trim().split(/\s+/).map((name) => [name, [least, most]] as const);
      }),
    ),
  ]),
);

/** Least and most inputs of a node's operator, 0 for the most where there is no limit; undefined for one without an entry. */
export function inputsOf({ domain, opType }: Pick<Node, "domain" | "opType">): readonly [number, number] | undefined {
  return KNOWN.get(domain)?.get(opType);
}
