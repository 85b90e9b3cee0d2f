import { tensor } from "../../onnx_model.ts";
import { as, type Example, type Examples, floats, ints, positive, scalar, TYPE, wholes, withAxes } from "../example.ts";
import { genericExamples } from "./generic.ts";

/** One example in every operator set. */
const one = (example: Example): Examples => () => [example];

/** Those that suit many operators, and these. */
const also =
  (least: number, more: Examples): Examples => (init) => [...genericExamples(least, least, init), ...more(init)];

/** Attributes on a float tensor. */
const withAttributes = (...attributes: NonNullable<Example["attributes"]>[]): Examples => () =>
  [{}, ...attributes].map((attributes) => ({ inputs: [floats(3, 4)], attributes }));

/** A reduction whose axes are an input from operator set `since` on. */
const reduction = (since: number): Examples => ({ opset }) => {
  const x = positive(2, 3, 4), isInput = opset >= since;
  return [
    { inputs: [x] },
    { inputs: [x], attributes: { keepdims: 0 } },
    withAxes(x, [1], isInput),
    withAxes(x, opset >= 11 ? [-1, 0] : [0, 2], isInput, { keepdims: 0 }),
    ...isInput
      ? [
        { inputs: [x], attributes: { noop_with_empty_axes: 1 } },
        { inputs: [x, ints()], parameters: [1], attributes: { noop_with_empty_axes: 1 } },
      ]
      : [],
    { ...withAxes(wholes(-5, 5, [2, 3], TYPE.int32), [0], isInput) },
    { ...withAxes(as(TYPE.double, x), [2], isInput) },
    withAxes(floats(2, 1, 3), [1], isInput),
  ];
};

const place: Examples = ({ opset }) => [
  { inputs: [floats(2, 3, 4)] },
  { inputs: [floats(2, 3, 4)], attributes: { axis: 1, keepdims: 0 } },
  { inputs: [wholes(0, 3, [3, 5], TYPE.int32)], attributes: { axis: opset >= 11 ? -1 : 1 } },
  ...opset >= 12 ? [{ inputs: [wholes(0, 3, [3, 5], TYPE.int32)], attributes: { axis: 1, select_last_index: 1 } }] : [],
];

const softmax: Examples = ({ opset }) => [
  { inputs: [floats(2, 3, 4)] },
  { inputs: [floats(2, 3, 4)], attributes: { axis: 0 } },
  { inputs: [floats(2, 3, 4)], attributes: { axis: 2 } },
  ...opset >= 11 ? [{ inputs: [floats(2, 3, 4)], attributes: { axis: -2 } }] : [],
];

/** Gone from operator set 10 on. */
const imageScaler: Examples = ({ opset }) =>
  opset >= 10 ? [] : [0.5, 1].map((scale) => ({
    inputs: [floats(2, 3, 4, 5)],
    attributes: { scale: { float: scale }, bias: { floats: [1, -2, 0.5] } },
  }));

const clip: Examples = ({ opset }) =>
  opset < 11
    ? [
      { inputs: [floats(3, 4)] },
      { inputs: [floats(3, 4)], attributes: { min: { float: -0.5 }, max: { float: 0.25 } } },
      { inputs: [floats(3, 4)], attributes: { min: { float: 0 } } },
    ]
    : [
      { inputs: [floats(3, 4)] },
      { inputs: [floats(3, 4), scalar(-0.5), scalar(0.25)] },
      { inputs: [floats(3, 4), null, scalar(0.25)] },
      { inputs: [floats(3, 4), scalar(-Infinity), scalar(Infinity)], parameters: [1, 2] },
      { inputs: [wholes(-9, 9, [3, 4], TYPE.int32), scalar(-3, TYPE.int32)] },
    ];

const cumulative: Examples = () =>
  [{}, { exclusive: 1 }, { reverse: 1 }, { exclusive: 1, reverse: 1 }].flatMap((attributes) => [
    { inputs: [floats(2, 3, 4), scalar(1, TYPE.int64)], attributes },
    { inputs: [wholes(-3, 4, [3, 4], TYPE.int32), scalar(-1, TYPE.int32)], attributes },
  ]);

const halves = tensor([8], [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4999, -7]);

const casts: Examples = ({ opset }) => {
  const numbers = [
    floats(2, 3),
    wholes(-5, 5, [4], TYPE.int32),
    wholes(0, 5, [4], TYPE.int64),
    wholes(0, 1, [3], TYPE.bool),
  ];
  const more = [as(TYPE.float16, floats(2, 3)), as(TYPE.double, halves), wholes(0, 255, [5], TYPE.uint8)];
  return [...numbers, ...more].flatMap((x) =>
    [1, 2, 3, 6, 7, 9, 10, 11].filter((to) => to !== 2 && to !== 3 || x.type !== 1).map((to) => ({
      inputs: [x],
      attributes: { to },
    }))
  ).concat(opset >= 9 ? [{ inputs: [wholes(-300, 300, [9], TYPE.int32)], attributes: { to: 3 } }] : []);
};

const like: Examples = () => [
  { inputs: [floats(2, 3), wholes(0, 5, [1], TYPE.int64)] },
  { inputs: [wholes(-5, 5, [4], TYPE.int32), floats(1)] },
  { inputs: [floats(2, 3), floats(1)] },
];

const pow: Examples = ({ opset }) => [
  { inputs: [positive(2, 3), scalar(2.5)] },
  { inputs: [positive(2, 3), positive(1, 3)] },
  { inputs: [floats(2, 3), scalar(1)], parameters: [1] },
  ...opset >= 12 ? [{ inputs: [wholes(0, 5, [2, 3], TYPE.int64), scalar(2, TYPE.int64)] }] : [],
  ...opset >= 12 ? [{ inputs: [positive(2, 3), scalar(2, TYPE.int64)] }] : [],
];

const mod: Examples = () => [
  { inputs: [wholes(-9, 9, [2, 5], TYPE.int64), wholes(1, 4, [5], TYPE.int64)] },
  { inputs: [wholes(-9, 9, [2, 5], TYPE.int32), wholes(-4, -1, [5], TYPE.int32)] },
  { inputs: [wholes(-9, 9, [2, 5], TYPE.int32), wholes(-4, -1, [5], TYPE.int32)], attributes: { fmod: 1 } },
  { inputs: [floats(2, 5), positive(5)], attributes: { fmod: 1 } },
];

const division: Examples = also(2, () => [
  { inputs: [wholes(-9, 9, [2, 5], TYPE.int64), wholes(1, 4, [5], TYPE.int64)] },
  { inputs: [wholes(-9, 9, [2, 5], TYPE.int32), wholes(-4, -1, [5], TYPE.int32)] },
]);

/** One input does nothing. */
const variadic: Examples = (init) => [
  { inputs: [floats(2, 3)] },
  ...genericExamples(2, 2, init),
  ...init.opset >= 8 ? [{ inputs: [floats(2, 3), floats(3), floats(2, 1)] }] : [],
];

const alphaBeta: Examples = () => [
  { inputs: [floats(2, 3)], attributes: { alpha: { float: 0.5 }, beta: { float: 1.5 } } },
];

/** Operators on numbers, element by element or along axes. */
export const NUMBERS: Record<string, Examples> = {
  Div: division,
  Affine: (init) => [...alphaBeta(init), { inputs: [floats(2, 3, 4, 5)] }],
  ImageScaler: imageScaler,
  ParametricSoftplus: alphaBeta,
  Scale: () => [{ inputs: [floats(2, 3)], attributes: { scale: { float: 0.5 } } }],
  ScaledTanh: alphaBeta,
  Pow: pow,
  Mod: mod,
  Sum: variadic,
  Mean: variadic,
  Max: variadic,
  Min: variadic,
  Log: one({ inputs: [positive(2, 3)] }),
  Sqrt: one({ inputs: [positive(2, 3)] }),
  Acosh: one({ inputs: [tensor([3], [1.5, 2, 7])] }),
  Round: one({ inputs: [halves] }),
  Floor: one({ inputs: [halves] }),
  Ceil: one({ inputs: [halves] }),
  IsInf: () =>
    [{}, { detect_positive: 0 }, { detect_negative: 0 }].map((attributes) => ({
      inputs: [tensor([4], [Infinity, -Infinity, NaN, 1])],
      attributes,
    })),
  IsNaN: one({ inputs: [tensor([4], [Infinity, -Infinity, NaN, 1])] }),
  LeakyRelu: withAttributes({ alpha: { float: 0.3 } }, { alpha: { float: 1 } }),
  Elu: withAttributes({ alpha: { float: 0.3 } }),
  Celu: withAttributes({ alpha: { float: 0.3 } }),
  Selu: withAttributes({ alpha: { float: 2 }, gamma: { float: 3 } }),
  HardSigmoid: withAttributes({ alpha: { float: 0.5 }, beta: { float: 0.6 } }),
  ThresholdedRelu: withAttributes({ alpha: { float: 0.25 } }),
  Shrink: withAttributes({ lambd: { float: 0.25 }, bias: { float: 0.125 } }),
  Gelu: withAttributes({ approximate: "tanh" }),
  Swish: withAttributes({ alpha: { float: 1.5 } }),
  PRelu: also(2, () => [{ inputs: [floats(2, 3, 4), floats(3, 1)] }]),
  Clip: clip,
  BitShift: () =>
    ["LEFT", "RIGHT"].map((direction) => ({
      inputs: [wholes(0, 255, [5], TYPE.uint8), wholes(0, 7, [5], TYPE.uint8)],
      attributes: { direction },
    })),
  BitwiseNot: () => [TYPE.uint8, TYPE.int32, TYPE.int64].map((type) => ({ inputs: [wholes(0, 100, [5], type)] })),
  Where: ({ opset }) => [
    { inputs: [wholes(0, 1, [2, 3], TYPE.bool), floats(2, 3), floats(3)] },
    { inputs: [{ dims: [2], values: [1, 0], type: TYPE.bool }, floats(2), positive(2)] },
    ...[1, 0].map((bit) => ({
      inputs: [{ dims: [1, 2], values: [bit, bit], type: TYPE.bool }, floats(3, 2), floats(2)],
      parameters: [0],
    })),
    {
      inputs: [wholes(0, 1, [3, 1], TYPE.bool), wholes(0, 9, [4], TYPE.int64), wholes(0, 9, [3, 4], TYPE.int64, opset)],
    },
  ],
  ReduceSum: reduction(13),
  ReduceMean: reduction(18),
  ReduceMax: reduction(18),
  ReduceMin: reduction(18),
  ReduceProd: reduction(18),
  ReduceL1: reduction(18),
  ReduceL2: reduction(18),
  ReduceSumSquare: reduction(18),
  ReduceLogSum: reduction(18),
  ReduceLogSumExp: reduction(18),
  ArgMax: place,
  ArgMin: place,
  CumSum: cumulative,
  CumProd: cumulative,
  Softmax: softmax,
  LogSoftmax: softmax,
  Hardmax: softmax,
  Cast: casts,
  CastLike: like,
  BitCast: one({ inputs: [floats(2, 3)], attributes: { to: TYPE.int32 } }),
  Einsum: () => [
    { inputs: [floats(2, 3), floats(3, 4)], attributes: { equation: "ij,jk->ik" } },
    { inputs: [floats(2, 3), floats(3, 4)], attributes: { equation: "ij,jk" } },
    { inputs: [floats(5, 2, 3), floats(5, 3, 4)], attributes: { equation: "...ij,...jk->...ik" } },
    { inputs: [floats(3, 3)], attributes: { equation: "ii->i" } },
    { inputs: [floats(2, 3, 4)], attributes: { equation: "abc->cb" } },
    { inputs: [floats(2, 3), floats(2, 3)], attributes: { equation: "ij, ij -> " } },
    { inputs: [floats(2, 5, 4), floats(4, 2, 3)], attributes: { equation: "abc,cde->abde" } },
    { inputs: [floats(2, 5, 3, 4), floats(3, 4, 6)], attributes: { equation: "abcd,cde->abe" } },
    { inputs: [floats(2, 5, 4), floats(5, 3)], attributes: { equation: "abc,bd->dac" } },
    { inputs: [floats(4, 3), floats(2, 5, 4)], attributes: { equation: "ck,...c->...k" } },
    { inputs: [floats(2, 3, 4, 4), floats(4, 4)], attributes: { equation: "...ij,jk->...ki" } },
    { inputs: [floats(3, 4, 5, 4), floats(4, 4, 4)], attributes: { equation: "ahqk,hkd->ahqd" } },
    { inputs: [floats(4, 4), floats(4, 4)], attributes: { equation: "ab,cb" } },
  ],
  MatMul: () => [
    { inputs: [floats(2, 3), floats(3, 4)] },
    { inputs: [floats(5, 1, 2, 3), floats(6, 3, 4)] },
    { inputs: [floats(3), floats(3)] },
    { inputs: [floats(3), floats(2, 3, 4)] },
    { inputs: [floats(5, 2, 3), floats(3)] },
    { inputs: [wholes(-3, 3, [2, 3], TYPE.int32), wholes(-3, 3, [3, 2], TYPE.int32)] },
  ],
  Gemm: () => [
    { inputs: [floats(2, 3), floats(3, 4), floats(4)] },
    { inputs: [floats(3, 2), floats(4, 3), floats(2, 1)], attributes: { transA: 1, transB: 1 } },
    { inputs: [floats(2, 3), floats(3, 4), floats(2, 4)], attributes: { alpha: { float: 0.5 }, beta: { float: 2 } } },
  ],
  MatMulInteger: one({ inputs: [wholes(0, 9, [2, 3], TYPE.uint8), wholes(0, 9, [3, 4], TYPE.uint8)] }),
  QLinearMatMul: one({
    inputs: [
      wholes(0, 9, [2, 3], TYPE.uint8),
      scalar(0.1),
      scalar(3, TYPE.uint8),
      wholes(0, 9, [3, 4], TYPE.uint8),
      scalar(0.2),
      scalar(4, TYPE.uint8),
      scalar(0.3),
      scalar(5, TYPE.uint8),
    ],
  }),
  Det: one({ inputs: [floats(2, 3, 3)] }),
};
