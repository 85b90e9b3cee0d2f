import type { Architecture } from "../../src/models/mod.ts";

/**
 * What is published; of torchvision's, those whose operators are counted here, too. Parameters are the learned ones (weights, biases, scales and shifts of normalisations), as torchvision's
 * documentation and the papers count them; running means and variances are not among them. RepVGG-A0 and MobileOne-S0 are
 * 9.11 M and 5.29 M in training form; the U-Net and the LoRA transformer are ours, counted by hand. Those that
 * `tasks/check_networks.py` has an original of have the operators of its export at opset 17.
 */
export const COUNTS: Partial<Record<Architecture, { parameters: number; ops: Record<string, number> }>> = {
  resnet18: {
    parameters: 11_689_512,
    ops: { Conv: 20, BatchNormalization: 20, Relu: 17, Add: 8, MaxPool: 1, Gemm: 1 },
  },
  resnet34: {
    parameters: 21_797_672,
    ops: { Conv: 36, BatchNormalization: 36, Relu: 33, Add: 16, MaxPool: 1, Gemm: 1 },
  },
  resnet50: {
    parameters: 25_557_032,
    ops: { Conv: 53, BatchNormalization: 53, Relu: 49, Add: 16, MaxPool: 1, Gemm: 1 },
  },
  resnet101: {
    parameters: 44_549_160,
    ops: {
      Conv: 104,
      BatchNormalization: 104,
      Relu: 100,
      Add: 33,
      MaxPool: 1,
      GlobalAveragePool: 1,
      Flatten: 1,
      Gemm: 1,
    },
  },
  resnet152: { parameters: 60_192_808, ops: { Conv: 155, BatchNormalization: 155, Relu: 151, Add: 50, Gemm: 1 } },
  densenet121: {
    parameters: 7_978_856,
    ops: { Conv: 120, BatchNormalization: 121, Relu: 121, Concat: 62, Pad: 3, AveragePool: 3, MaxPool: 1, Gemm: 1 },
  },
  mobilenet_v2: {
    parameters: 3_504_872,
    ops: { Conv: 52, BatchNormalization: 52, Clip: 35, Add: 10, GlobalAveragePool: 1, Gemm: 1 },
  },
  efficientnet_b0: {
    parameters: 5_288_548,
    ops: { Conv: 81, BatchNormalization: 49, Sigmoid: 65, Mul: 65, Add: 9, GlobalAveragePool: 17, Gemm: 1 },
  },
  // 22 blocks of two convolutions, 17 of them with an identity
  repvgg_a0: { parameters: 9_108_968, ops: { Conv: 44, BatchNormalization: 61, Add: 39, Relu: 22, Gemm: 1 } },
  // the stem has 2 convolutions; 21 depthwise layers 5 each, 17 of them with a skip; 21 pointwise 4 each, 18 with a skip
  mobileone_s0: { parameters: 5_293_272, ops: { Conv: 191, BatchNormalization: 226, Add: 183, Relu: 43, Gemm: 1 } },
  unet: {
    parameters: 7_763_554,
    ops: { Conv: 19, ConvTranspose: 4, BatchNormalization: 22, Relu: 22, MaxPool: 4, Concat: 4 },
  },
  // a block has 6 projections of 3 MatMul each and 2 more in the attention; without LoRA it has 12·256² weights
  lora_transformer: { parameters: 3_450_368, ops: { MatMul: 80, LayerNormalization: 9, Softmax: 4, Erf: 4 } },
  bert_encoder: {
    parameters: 3_159_040,
    ops: {
      MatMul: 32,
      Add: 36,
      Reshape: 16,
      Transpose: 16,
      Mul: 12,
      Softmax: 4,
      LayerNormalization: 8,
      Div: 4,
      Erf: 4,
    },
  },
  gpt_blocks: {
    parameters: 3_159_552,
    ops: {
      LayerNormalization: 9,
      Reshape: 48,
      Gemm: 16,
      Split: 4,
      Transpose: 16,
      MatMul: 8,
      Softmax: 4,
      Pow: 4,
      Tanh: 4,
    },
  },
  llama_blocks: {
    parameters: 3_164_416,
    ops: { MatMul: 36, Cast: 28, Pow: 9, ReduceMean: 9, Sqrt: 9, Slice: 16, Neg: 8, Concat: 8, Softmax: 4, Sigmoid: 4 },
  },
  vit_tiny_patch16_224: {
    parameters: 5_717_416,
    ops: {
      Conv: 1,
      MatMul: 72,
      LayerNormalization: 25,
      Softmax: 12,
      Erf: 12,
      Split: 12,
      Shape: 13,
      Gather: 1,
      Gemm: 1,
    },
  },
  convnext_atto: {
    parameters: 3_695_520,
    ops: { Conv: 40, Transpose: 34, LayerNormalization: 17, Erf: 12, Add: 24, Mul: 36, GlobalAveragePool: 1, Gemm: 1 },
  },
  mixer_s16_224: {
    parameters: 18_528_264,
    ops: { Conv: 1, MatMul: 32, LayerNormalization: 17, Transpose: 17, Erf: 16, ReduceMean: 1, Gemm: 1 },
  },
  poolformer_s12: {
    parameters: 11_915_176,
    ops: {
      Conv: 28,
      InstanceNormalization: 24,
      Mul: 72,
      Add: 60,
      AveragePool: 12,
      Sub: 12,
      Erf: 12,
      Shape: 24,
      Gemm: 1,
    },
  },
  efficientformer_l1: {
    parameters: 12_289_928,
    ops: {
      Conv: 33,
      BatchNormalization: 33,
      AveragePool: 14,
      Mul: 61,
      Erf: 15,
      LayerNormalization: 3,
      MatMul: 6,
      Gemm: 2,
    },
  },
  // timm counts 5.49 M with both classifiers
  repvit_m0_9: {
    parameters: 5_489_328,
    ops: { Conv: 126, BatchNormalization: 108, Erf: 27, Add: 100, Mul: 64, ReduceMean: 11, Sigmoid: 10, Gemm: 2 },
  },
  fastvit_t8: {
    parameters: 4_026_232,
    ops: { Conv: 68, BatchNormalization: 70, Add: 74, Erf: 17, Mul: 55, Sub: 10, Sigmoid: 1, Gemm: 1 },
  },
};
