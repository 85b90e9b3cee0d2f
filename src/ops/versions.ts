/** Operators of ai.onnx that each operator set since {@linkcode FIRST} brought or changed, be it by element types alone. */
const CHANGED: Readonly<Record<number, string>> = {
  14: "Add BatchNormalization CumSum Div GRU HardSwish Identity LSTM Mul RNN Relu Reshape Sub Trilu",
  15: "BatchNormalization Bernoulli CastLike Optional OptionalGetElement OptionalHasElement Pow Shape",
  16: "GreaterOrEqual GridSample Identity If LeakyRelu LessOrEqual Loop PRelu RoiAlign Scan ScatterElements " +
    "ScatterND Where",
  17: "BlackmanWindow DFT HammingWindow HannWindow LayerNormalization MelWeightMatrix STFT SequenceMap",
  18: "BitwiseAnd BitwiseNot BitwiseOr BitwiseXor CenterCropPad Col2Im GroupNormalization LpPool Mish " +
    "OptionalGetElement OptionalHasElement Pad ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax " +
    "ReduceMean ReduceMin ReduceProd ReduceSumSquare Resize ScatterElements ScatterND Split",
  19: "AveragePool Cast CastLike Constant DeformConv DequantizeLinear Equal Identity If Loop Pad QuantizeLinear " +
    "Reshape Resize Scan Shape Size",
  20: "AffineGrid ConstantOfShape DFT Gelu GridSample IsInf IsNaN ReduceMax ReduceMin RegexFullMatch " +
    "StringConcat StringSplit",
  21: "Cast CastLike Constant ConstantOfShape DequantizeLinear Flatten GroupNormalization Identity If Loop Pad " +
    "QLinearMatMul QuantizeLinear Reshape Scan Shape Size Squeeze Transpose Unsqueeze",
  22: "Acos Acosh Asin Asinh Atan Atanh AveragePool Bernoulli Conv ConvTranspose Cos Cosh DeformConv Det Dropout " +
    "Elu EyeLike GRU GlobalAveragePool GlobalLpPool GlobalMaxPool GridSample HardSigmoid HardSwish " +
    "InstanceNormalization LSTM LpNormalization LpPool MaxPool MaxRoiPool MaxUnpool Mish Multinomial " +
    "NegativeLogLikelihoodLoss RNN RandomNormal RandomNormalLike RandomUniform RandomUniformLike RoiAlign Round " +
    "Selu Sin Sinh Softplus Softsign Tan ThresholdedRelu",
  23: "Attention Cast CastLike Constant ConstantOfShape DequantizeLinear Flatten Identity If Loop Pad " +
    "QuantizeLinear RMSNormalization Reshape RotaryEmbedding Scan Shape Size Squeeze Transpose Unsqueeze",
  24: "Attention Cast CastLike Constant ConstantOfShape DequantizeLinear Flatten Identity If Loop Pad " +
    "QuantizeLinear Reshape Scan Shape Size SplitToSequence Squeeze Swish TensorScatter TopK Transpose Unsqueeze",
  25: "Attention Cast CastLike Constant ConstantOfShape DequantizeLinear Flatten Identity If Loop Pad " +
    "QuantizeLinear Reshape Scan Shape Size Squeeze Transpose Unsqueeze",
  26: "BitCast CumProd",
};

/** The operator set from which on changes are known here. */
const FIRST = 13;

/** Where a node with the same inputs and attributes came to mean something else, or to be none, by operator. */
const BREAKS: Readonly<Record<string, readonly number[]>> = {
  Attention: [24],
  AveragePool: [19], // which cells of a last window count
  BatchNormalization: [14], // how many outputs there are
  DFT: [20],
  GridSample: [20],
  GroupNormalization: [21],
  LpPool: [18],
  ReduceL1: [18],
  ReduceL2: [18],
  ReduceLogSum: [18],
  ReduceLogSumExp: [18],
  ReduceMax: [18],
  ReduceMean: [18],
  ReduceMin: [18],
  ReduceProd: [18],
  ReduceSumSquare: [18],
  Resize: [18],
  RoiAlign: [16],
  Split: [18],
};

const changed = new Map(
  Object.entries(CHANGED).map(([version, names]) => [Number(version), new Set(names.split(" "))]),
);

/**
 * Whether a node of an operator of ai.onnx that was written for one operator set means the same in another: a newer one may have
 * widened it, an older one must have it as it is.
 */
export function meansSame(opType: string, written: number, other: number): boolean {
  const [low, high] = [Math.min(written, other), Math.max(written, other)];
  if (low < FIRST || high > Math.max(...changed.keys())) return false;
  if (written < other) return !(BREAKS[opType] ?? []).some((version) => version > low && version <= high);
  return [...changed].every(([version, names]) => version <= low || version > high || !names.has(opType));
}
